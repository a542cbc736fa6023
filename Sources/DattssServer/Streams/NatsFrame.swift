import NIOCore

/// A message of NATS as it is received.
struct NatsMessage: Sendable, Hashable {
    var subject: String
    /// The subscription for which it comes.
    var subscription: Int
    var reply: String?
    /// What the engine says in place of a message: 404 not found, 503 nobody is there to answer.
    var status: Int?
    /// By their names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
}

/// What a server of NATS sends (https://docs.nats.io/reference/reference-protocols/nats-protocol).
enum NatsFrame: Sendable, Hashable {
    /// JSON.
    case info([UInt8])
    case message(NatsMessage)
    case ping
    case pong
    case ok
    case error(String)
}

/// Takes the bytes of a connection apart. What is longer than the limits, or is not of the protocol, ends the connection.
///
///     INFO {…} ⏎                                        HMSG subject sid [reply] headers total ⏎ headers payload ⏎
///     MSG subject sid [reply] total ⏎ payload ⏎          PING ⏎   PONG ⏎   +OK ⏎   -ERR 'text' ⏎
struct NatsFrameDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = NatsFrame

    static let lineBytesMax = 64 << 10
    static let messageBytesMax = 64 << 20

    private var begun: (message: NatsMessage, headerBytes: Int, totalBytes: Int)?
    /// How much of an unfinished line was looked through.
    private var searched = 0

    mutating func decode(buffer: inout ByteBuffer) throws -> NatsFrame? {
        if begun == nil {
            guard let line = try line(&buffer) else { return nil }
            if let frame = try take(line) { return frame }
        }
        return try message(&buffer)
    }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> NatsFrame? { try decode(buffer: &buffer) }

    private mutating func line(_ buffer: inout ByteBuffer) throws -> Substring? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(searched).firstIndex(of: UInt8(ascii: "\n")) else {
            searched = view.count
            guard view.count <= Self.lineBytesMax else {
                throw StreamProblem("expected a line of NATS, found \(view.count) bytes without an end")
            }
            return nil
        }
        let count = end - view.startIndex
        guard count <= Self.lineBytesMax, count >= 1, view[end - 1] == UInt8(ascii: "\r") else {
            throw StreamProblem("expected a line of NATS of at most \(Self.lineBytesMax) bytes, found \(count)")
        }
        searched = 0
        let line = buffer.readString(length: count - 1) ?? ""
        buffer.moveReaderIndex(forwardBy: 2)
        return line[...]
    }

    /// - Returns: nil when a message begins.
    private mutating func take(_ line: Substring) throws -> NatsFrame? {
        let parts = line.split(separator: " ", omittingEmptySubsequences: true)
        switch parts.first?.uppercased() {
        case "MSG": begun = try begin(parts, sizes: 1)
        case "HMSG": begun = try begin(parts, sizes: 2)
        case "PING": return .ping
        case "PONG": return .pong
        case "+OK": return .ok
        case "INFO": return .info(Array(line.dropFirst(4).utf8))
        case "-ERR": return .error(String(line.dropFirst(4)))
        default: throw StreamProblem("expected a line of NATS, found '\(line.prefix(40))'")
        }
        return nil
    }

    private func begin(_ parts: [Substring], sizes: Int) throws -> (NatsMessage, Int, Int) {
        let numbers = parts.suffix(sizes).compactMap { Int($0) }
        guard [3 + sizes, 4 + sizes].contains(parts.count), numbers.count == sizes, let subscription = Int(parts[2]),
            let total = numbers.last, 0...Self.messageBytesMax ~= total, let header = sizes == 2 ? numbers.first : 0,
            0...total ~= header
        else {
            throw StreamProblem(
                "expected a message of at most \(Self.messageBytesMax) bytes, found '\(parts.joined(separator: " ").prefix(80))'")
        }
        let reply = parts.count == 4 + sizes ? String(parts[3]) : nil
        return (NatsMessage(subject: String(parts[1]), subscription: subscription, reply: reply), header, total)
    }

    private mutating func message(_ buffer: inout ByteBuffer) throws -> NatsFrame? {
        guard let (begun, headerBytes, totalBytes) = self.begun, buffer.readableBytes >= totalBytes + 2 else { return nil }
        var message = begun
        self.begun = nil
        if headerBytes > 0 { Self.read(headers: buffer.readString(length: headerBytes) ?? "", into: &message) }
        message.body = buffer.readBytes(length: totalBytes - headerBytes) ?? []
        guard buffer.readBytes(length: 2) == [13, 10] else {
            throw StreamProblem("expected the end of a message, found other bytes")
        }
        return .message(message)
    }

    /// `NATS/1.0 404 Message Not Found`, then `Name: value`.
    private static func read(headers text: String, into message: inout NatsMessage) {
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        let words = (lines.first ?? "").split(separator: " ")
        if words.count > 1 { message.status = Int(words[1]) }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            message.headers[line[..<colon].lowercased()] = String(value)
        }
    }
}

/// What is sent to a server of NATS.
enum NatsText {
    static func publish(
        _ subject: String, reply: String?, headers: [(name: String, value: String)], _ body: [UInt8], into buffer: inout ByteBuffer
    ) {
        let target = reply.map { "\(subject) \($0)" } ?? subject
        if headers.isEmpty {
            buffer.writeString("PUB \(target) \(body.count)\r\n")
        } else {
            let text = "NATS/1.0\r\n" + headers.map { "\($0.name): \($0.value)\r\n" }.joined() + "\r\n"
            buffer.writeString("HPUB \(target) \(text.utf8.count) \(text.utf8.count + body.count)\r\n\(text)")
        }
        buffer.writeBytes(body)
        buffer.writeString("\r\n")
    }
}
