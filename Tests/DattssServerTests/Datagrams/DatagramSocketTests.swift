import LibC
import NIOCore
import Testing

@testable import DattssServer

@Suite struct DatagramSocketTests {
    @Test("a thousand datagrams that wait are read in sixteen calls, in their order")
    func batches() throws {
        // Goal: what a datagram costs is a share of a system call.
        let socket = try DatagramSocket(
            bindingTo: try SocketAddress(ipAddress: "127.0.0.1", port: 0), receiveBufferBytes: 8 << 20)
        try send((0..<1000).map { "hits.\($0):1|c" }, to: socket.localAddress)
        var (received, calls): ([String], Int) = ([], 0)
        while case .datagrams = socket.receive(waiting: false, { received.append(String(decoding: $0, as: UTF8.self)) }) {
            calls += 1
        }
        #expect(received == (0..<1000).map { "hits.\($0):1|c" })
        #expect(calls == (1000 + DatagramSocket.batchCapacity - 1) / DatagramSocket.batchCapacity)
    }

    private func send(_ datagrams: [String], to address: SocketAddress) throws {
        let sender = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        try #require(sender >= 0)
        defer { close(sender) }
        for datagram in datagrams {
            let bytes = Array(datagram.utf8)
            let sent = address.withSockAddr { pointer, length in
                sendto(sender, bytes, bytes.count, 0, pointer, socklen_t(length))
            }
            try #require(sent == bytes.count)
        }
    }
}
