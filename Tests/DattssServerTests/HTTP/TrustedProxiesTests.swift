import DattssCore
import HTTPTypes
import NIOCore
import Testing

@testable import DattssServer

@Suite("TrustedProxies")
struct TrustedProxiesTests {
    private func origin(_ proxies: String, peer: String, _ fields: HTTPFields) throws -> RequestOrigin {
        try #require(TrustedProxies(proxies)).origin(
            of: fields, peer: try SocketAddress(ipAddress: peer, port: 1), isSecure: false, host: "own:3002")
    }

    private func fields(_ forwardedFor: String) -> HTTPFields {
        [.forwardedFor: forwardedFor, .forwardedProto: "https", .forwardedHost: "stats.example.com"]
    }

    /// Goal: whoever is not a proxy of ours is not believed.
    @Test("are believed, and nobody else is")
    func trust() throws {
        let told = RequestOrigin(address: "192.0.2.7", isSecure: true, host: "stats.example.com")
        #expect(try origin("10.0.0.0/8", peer: "10.1.2.3", fields("192.0.2.7")) == told)
        #expect(try origin("::1", peer: "::1", fields("192.0.2.7")) == told)
        #expect(try origin("127.0.0.1", peer: "::ffff:127.0.0.1", fields("192.0.2.7")) == told)
        let own = RequestOrigin(address: "11.1.2.3", isSecure: false, host: "own:3002")
        #expect(try origin("10.0.0.0/8", peer: "11.1.2.3", fields("192.0.2.7")) == own)
        let none = TrustedProxies().origin(
            of: fields("192.0.2.7"), peer: try SocketAddress(ipAddress: "127.0.0.1", port: 1), isSecure: true, host: nil)
        #expect(none == RequestOrigin(address: "127.0.0.1", isSecure: true, host: nil))
    }

    /// Goal: what a client puts in front of the list itself does not count.
    @Test("say the last address that is not theirs")
    func chain() throws {
        #expect(try origin("10.0.0.0/8", peer: "10.0.0.1", fields("1.1.1.1, 192.0.2.7, 10.0.0.2")).address == "192.0.2.7")
        #expect(try origin("10.0.0.0/8", peer: "10.0.0.1", fields("10.0.0.3, 10.0.0.2")).address == "10.0.0.3")
        #expect(try origin("10.0.0.0/8", peer: "10.0.0.1", fields("192.0.2.7, <script>")).address == "10.0.0.1")
    }

    /// Goal: behind a proxy that tells ports, too, not all people are one, who together try too many passwords.
    @Test(
        "may say a port behind an address",
        arguments: [
            ("192.0.2.7:443", "192.0.2.7"), ("[2001:db8::1]:443", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"), ("1.1.1.1, 192.0.2.7:50000, 10.0.0.2:80", "192.0.2.7"), ("192.0.2.7:", "192.0.2.7"),
            ("192.0.2.7:1:2", "10.0.0.1"), (":443", "10.0.0.1"), ("[]:443", "10.0.0.1"), ("[", "10.0.0.1"),
            ("unknown:1", "10.0.0.1"),
        ])
    func ports(forwardedFor: String, address: String) throws {
        #expect(try origin("10.0.0.0/8", peer: "10.0.0.1", fields(forwardedFor)).address == address)
    }

    /// Goal: what is neither an address nor a range is an error, not a range of nothing.
    @Test(
        "are addresses and ranges", arguments: ["", "10.0.0.0/33", "10.0.0/8", "localhost", "::1/129", "10.0.0.1,", "1.2.3.4/-1"])
    func malformed(_ text: String) { #expect(TrustedProxies(text) == nil) }

    /// Goal: an address of IPv6 is counted by its network, because the owner of one has 2^64.
    @Test("attempts are counted by network")
    func limitName() {
        let names = ["2001:db8::1", "2001:db8::ffff", "2001:db8:1::1", "192.0.2.1", "192.0.2.2"].map {
            RequestOrigin(address: $0, isSecure: false, host: nil).limitName
        }
        #expect(names[0] == names[1] && Set(names).count == 4)
    }
}
