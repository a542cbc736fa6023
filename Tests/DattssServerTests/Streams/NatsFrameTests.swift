import NIOCore
import NIOEmbedded
import Testing

@testable import DattssServer

/// Goal: what a server of NATS sends is read however it is cut, and what is not of the protocol ends the connection before it takes memory.
@Suite("Frames of NATS")
struct NatsFrameTests {
    private static let text =
        "INFO {\"version\":\"2.15.1\"}\r\nPING\r\nMSG a.b 1 5\r\nhello\r\nMSG a.b 7 re.ply 0\r\n\r\n+OK\r\n"
        + "HMSG in.1 1 28 28\r\nNATS/1.0 404 No Message\r\n\r\n \r\n"
        + "HMSG in.2 1 re 41 44\r\nNATS/1.0\r\nNats-Sequence: 7\r\nX:y\r\n\r\n  \r\n\r\nabc\r\nPONG\r\n-ERR 'Slow Consumer'\r\n"

    private func frames(of bytes: [UInt8], pieces: Int) throws -> [NatsFrame] {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(NatsFrameDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + pieces, bytes.count)]))
        }
        var frames: [NatsFrame] = []
        while let frame = try channel.readInbound(as: NatsFrame.self) { frames.append(frame) }
        return frames
    }

    @Test("are the same whether they come at once or byte by byte", arguments: [1, 2, 3, 7, 10_000])
    func drip(pieces: Int) throws {
        let frames = try frames(of: Array(Self.text.utf8), pieces: pieces)
        #expect(frames.count == 9)
        #expect(frames.first == .info(Array(" {\"version\":\"2.15.1\"}".utf8)))
        #expect(frames[1] == .ping && frames[4] == .ok && frames[7] == .pong && frames[8] == .error(" 'Slow Consumer'"))
        #expect(frames[2] == .message(NatsMessage(subject: "a.b", subscription: 1, body: Array("hello".utf8))))
        #expect(frames[3] == .message(NatsMessage(subject: "a.b", subscription: 7, reply: "re.ply")))
        #expect(frames[5] == .message(NatsMessage(subject: "in.1", subscription: 1, status: 404)))
        #expect(
            frames[6]
                == .message(
                    NatsMessage(
                        subject: "in.2", subscription: 1, reply: "re", headers: ["nats-sequence": "7", "x": "y"],
                        body: Array("abc".utf8))))
    }

    @Test(
        "that are none end the connection",
        arguments: [
            "HELLO\r\n", "MSG a 1\r\n", "MSG a b 3\r\nabc\r\n", "MSG a 1 -1\r\n", "MSG a 1 99999999999\r\n",
            "MSG a 1 3\r\nabcd\r\n",
            "HMSG a 1 5 3\r\nabc\r\n", "PING\n", "MSG a 1 b c 3\r\n", String(repeating: "x", count: 70_000),
        ])
    func wrong(text: String) {
        #expect(throws: (any Error).self) { try frames(of: Array(text.utf8), pieces: 10_000) }
        #expect(throws: (any Error).self) { try frames(of: Array(text.utf8), pieces: 1000) }
    }

    @Test("are written with the lengths that they have")
    func written() {
        var buffer = ByteBuffer()
        NatsText.publish("a", reply: nil, headers: [], [1], into: &buffer)
        #expect(String(buffer: buffer) == "PUB a 1\r\n\u{1}\r\n")
        buffer.clear()
        NatsText.publish("a", reply: "b", headers: [("K", "v")], Array("xyz".utf8), into: &buffer)
        #expect(String(buffer: buffer) == "HPUB a b 18 21\r\nNATS/1.0\r\nK: v\r\n\r\nxyz\r\n")
    }
}
