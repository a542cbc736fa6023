import DattssTestSupport
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
        while case .datagrams = socket.receive(
            waiting: false,
            { bytes, isCut in
                received.append(String(decoding: bytes, as: UTF8.self))
                #expect(!isCut)
            })
        {
            calls += 1
        }
        #expect(received == (0..<1000).map { "hits.\($0):1|c" })
        #expect(calls == (1000 + DatagramSocket.batchCapacity - 1) / DatagramSocket.batchCapacity)
    }

    /// Goal: a Unix socket takes datagrams for which there is no room; it is known that their end is lost, and that of no other.
    @Test("says which datagram was cut off")
    func cut() throws {
        let folder = try TestFolder()
        let address = try SocketAddress(unixDomainSocketPath: folder.path + "/s")
        let socket = try DatagramSocket(bindingTo: address, receiveBufferBytes: 1 << 20)
        let line = "hits:1|c|@0.1\n"
        let long = String(repeating: line, count: 70_000 / line.utf8.count)
        try send([line, long, String(long.prefix(65_536))], to: address, AF_UNIX)
        var received: [(count: Int, isCut: Bool)] = []
        while case .datagrams = socket.receive(waiting: false, { received.append(($0.count, $1)) }) {}
        #expect(received.map(\.count) == [line.utf8.count, 65_536, 65_536])
        #expect(received.map(\.isCut) == [false, true, false])
    }

    private func send(_ datagrams: [String], to address: SocketAddress, _ family: Int32 = AF_INET) throws {
        let sender = socket(family, Int32(SOCK_DGRAM.rawValue), 0)
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
