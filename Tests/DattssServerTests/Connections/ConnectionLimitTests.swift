import DattssCore
import Foundation
import Testing

@testable import DattssServer

@Suite struct ConnectionLimitTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test("connections are limited in all and by address, and room comes back with those that end")
    func limits() throws {
        // Goal: one address cannot take what is there for all, and nothing is counted twice or for ever.
        let limit = ConnectionLimit(connectionsMax: 4, connectionsPerAddressMax: 2)
        let (one, other) = (try address("192.0.2.1"), try address("192.0.2.2"))
        for _ in 1...100 {
            #expect(limit.admit(one) && limit.admit(one) && !limit.admit(one))
            #expect(limit.admit(other) && limit.admit(nil) && !limit.admit(nil))
            #expect(limit.counts.open == 4)
            for peer in [one, one, other, nil] { limit.release(peer) }
            #expect(limit.counts.open == 0)
        }
        #expect(limit.counts.refused == 100)
        #expect(limit.counts.refusedOfAddress == 100)
    }

    @Test("an IPv4 address written as one of IPv6, and all addresses of one IPv6 network, are one sender")
    func oneSender() throws {
        // Goal: nobody gets another share by writing an address in another way.
        let limit = ConnectionLimit(connectionsMax: 10, connectionsPerAddressMax: 1)
        #expect(limit.admit(try address("192.0.2.1")))
        #expect(!limit.admit(try address("::ffff:192.0.2.1")))
        #expect(limit.admit(try address("2001:db8:0:1::1")))
        #expect(!limit.admit(try address("2001:db8:0:1::2")))
        #expect(limit.admit(try address("2001:db8:0:2::1")))
        let names = ["192.0.2.1", "::ffff:192.0.2.1"].map {
            RequestOrigin(address: $0, isSecure: false, host: nil).limitName
        }
        #expect(names[0] == names[1])
    }

    @Test("a proxy that is trusted brings as many connections as there may be in all")
    func proxies() throws {
        // Goal: the senders behind a proxy do not share one sender's part.
        let proxies = try #require(TrustedProxies("10.0.0.0/8"))
        let limit = ConnectionLimit(connectionsMax: 3, connectionsPerAddressMax: 1, proxies: proxies)
        let proxy = try address("10.1.2.3")
        #expect(limit.admit(proxy) && limit.admit(proxy) && limit.admit(proxy) && !limit.admit(proxy))
    }

    @Test(
        "connections never take the descriptors of the log",
        arguments: [
            (64, 10_000, 32), (256, 10_000, 128), (1024, 10_000, 800), (8192, 10_000, 7656), (1 << 20, 10_000, 10_000),
            (1024, 10, 10), (1, 10, 1),
        ])
    func reserve(descriptors: Int, wanted: Int, expected: Int) {
        // Goal: with few descriptors half of them are kept back, otherwise 96 and as many as the log keeps files open.
        #expect(DescriptorLimit.connections(of: descriptors, wanted: wanted) == expected)
    }

    #if os(Linux)
        @Test("the table of descriptors has room for all connections from the start, and no descriptor is kept for that")
        func room() throws {
            // Goal: no event loop waits for the kernel to make it larger.
            let descriptors = min(DescriptorLimit.raise(), 5000)
            let openBefore = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            DescriptorLimit.makeRoom(for: descriptors)
            let openAfter = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("FDSize:") }
            let size = try #require(line?.split(separator: "\t").last.flatMap { Int($0) })
            #expect(size >= descriptors)
            #expect(!openAfter.contains(String(descriptors - 1)) || openBefore.contains(String(descriptors - 1)))
        }
    #endif
}
