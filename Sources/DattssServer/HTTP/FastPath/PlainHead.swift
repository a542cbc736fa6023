/// The head of a request as senders of batches write it:
///
///     PUT /agg?auth=KEY HTTP/1.1
///     Host: …
///     Content-Length: 1234
///
/// or of an export of OpenTelemetry's, `POST /v1/metrics`, as protobuf that is soon read and not compressed.
///
/// Only what can be read in one way is read here (RFC 9112): one `Content-Length`, one `Host`, no `Transfer-Encoding`, every line ended
/// by CR LF, nothing but printable ASCII. All else, also what is merely unusual, is ``Outcome/foreign``: a complete parser
/// looks at it, from its first byte. So nothing is taken in here that the parser behind would read in another way.
struct PlainHead: Equatable {
    private(set) var route = Route.batches
    /// From the method to the empty line.
    private(set) var byteCount = 0
    private(set) var contentLength = 0
    /// Where the digits of the length are.
    private(set) var lengthDigits = 0..<0
    /// The auth key, from `Authorization: Bearer` or else from `?auth=`.
    private(set) var key: String?
    private(set) var contentEncoding: String?
    private var isProtobuf = false
    /// The sender wants to be told before it sends the body.
    private(set) var expectsContinue = false
    /// The sender wants nothing more of this connection.
    private(set) var closes = false

    /// What the body is.
    enum Route: Sendable {
        case batches
        case exports

        /// Whether a body of so many bytes is for the fast path.
        func takes(bodyBytes count: Int) -> Bool { self == .batches || count < DecodingPool.exportBytesMin }
    }

    enum Outcome: Equatable {
        case head(PlainHead)
        /// So far it looks like one.
        case incomplete
        case foreign
    }

    /// A longer one is foreign.
    static let bytesMax = 8192
    /// Nobody sends more, and these cannot overflow.
    static let lengthDigitsMax = 15

    static func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard starts.contains(where: { $0.agrees(with: bytes) }) else { return .foreign }
        var lines = HeadLines(bytes.prefix(bytesMax))
        var head = PlainHead()
        var seen: Set<Field> = []
        switch lines.next() {
        case .end: return bytes.count < bytesMax ? .incomplete : .foreign
        case .unusual: return .foreign
        case .line(let line): guard head.readRequestLine(line) else { return .foreign }
        }
        while true {
            switch lines.next() {
            case .end: return bytes.count < bytesMax ? .incomplete : .foreign
            case .unusual: return .foreign
            case .line(let line) where line.isEmpty:
                head.byteCount = lines.position
                return seen.contains(.contentLength) && seen.contains(.host) && head.isUsual ? .head(head) : .foreign
            case .line(let line):
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line.isToken(to: colon) else { return .foreign }
                guard let field = Field(line[..<colon], head.route) else { continue }
                guard seen.insert(field).inserted, head.read(field, line.value(from: colon + 1)) else { return .foreign }
            }
        }
    }

    private static let starts: [StaticString] = ["PUT /agg", "POST /agg", "POST /v1/metrics"]

    /// Bodies of whatever size and encoding are batches; of exports the fast path takes in what is read at once.
    private var isUsual: Bool {
        route == .batches
            || (isProtobuf && contentEncoding == nil && !expectsContinue && route.takes(bodyBytes: contentLength))
    }

    private mutating func readRequestLine(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let place = Self.starts.firstIndex(where: { line.starts(with: $0.bytes) }) else { return false }
        let start = Self.starts[place]
        route = place == 2 ? .exports : .batches
        var rest = line.dropFirst(start.utf8CodeUnitCount)
        let version: StaticString = " HTTP/1.1"
        guard rest.count >= version.utf8CodeUnitCount, rest.suffix(version.utf8CodeUnitCount).elementsEqual(version.bytes)
        else { return false }
        rest = rest.dropLast(version.utf8CodeUnitCount)
        if rest.isEmpty { return true }
        let query: StaticString = "?auth="
        guard rest.starts(with: query.bytes) else { return false }
        let key = rest.dropFirst(query.utf8CodeUnitCount)
        guard key.allSatisfy(\.isUnreserved) else { return false }
        self.key = String(decoding: key, as: UTF8.self)
        return true
    }

    // MARK: Fields

    /// The fields that matter; those that could change how the message is read are foreign whatever their value.
    private enum Field {
        case contentLength, authorization, contentEncoding, connection, expect, host
        /// Nobody asks for the type of a batch.
        case contentType
        case other

        init?(_ name: Slice<UnsafeRawBufferPointer>, _ route: Route) {
            switch name.count {
            case 14 where name.isCaseless("content-length"): self = .contentLength
            case 13 where name.isCaseless("authorization"): self = .authorization
            case 16 where name.isCaseless("content-encoding"): self = .contentEncoding
            case 10 where name.isCaseless("connection"): self = .connection
            case 6 where name.isCaseless("expect"): self = .expect
            case 4 where name.isCaseless("host"): self = .host
            case 12 where route == .exports && name.isCaseless("content-type"): self = .contentType
            case 17 where name.isCaseless("transfer-encoding"), 7 where name.isCaseless("upgrade"),
                7 where name.isCaseless("trailer"):
                self = .other
            default: return nil
            }
        }
    }

    private mutating func read(_ field: Field, _ value: Slice<UnsafeRawBufferPointer>) -> Bool {
        switch field {
        case .contentLength:
            guard !value.isEmpty, value.count <= Self.lengthDigitsMax, value.allSatisfy(\.isDigit) else { return false }
            contentLength = value.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
            lengthDigits = value.startIndex..<value.endIndex
        case .authorization:
            let bearer: StaticString = "bearer "
            guard value.prefix(bearer.utf8CodeUnitCount).isCaseless(bearer) else { return true }
            key = String(decoding: value.dropFirst(bearer.utf8CodeUnitCount), as: UTF8.self)
        case .contentEncoding:
            contentEncoding = String(decoding: value, as: UTF8.self)
        case .connection:
            closes = value.isCaseless("close")
            return closes || value.isCaseless("keep-alive")
        case .expect:
            expectsContinue = true
            return value.isCaseless("100-continue")
        case .host: break
        case .contentType: isProtobuf = value.isCaseless("application/x-protobuf")
        case .other: return false
        }
        return true
    }
}

/// Steps through the lines of a head.
private struct HeadLines {
    private let bytes: Slice<UnsafeRawBufferPointer>
    /// Behind the line that was given last.
    private(set) var position = 0

    enum Next {
        /// Without its CR LF.
        case line(Slice<UnsafeRawBufferPointer>)
        case end
        case unusual
    }

    init(_ bytes: Slice<UnsafeRawBufferPointer>) { self.bytes = bytes }

    mutating func next() -> Next {
        var end = position
        while end < bytes.endIndex, (bytes[end] >= 0x20 && bytes[end] < 0x7F) || bytes[end] == UInt8(ascii: "\t") { end += 1 }
        guard end < bytes.endIndex else { return .end }
        guard bytes[end] == UInt8(ascii: "\r") else { return .unusual }
        guard end + 1 < bytes.endIndex else { return .end }
        guard bytes[end + 1] == UInt8(ascii: "\n") else { return .unusual }
        defer { position = end + 2 }
        return .line(bytes[position..<end])
    }
}

extension StaticString {
    fileprivate var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }

    /// Whether one is the beginning of the other.
    fileprivate func agrees(with other: UnsafeRawBufferPointer) -> Bool {
        zip(bytes, other).allSatisfy { $0 == $1 }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Whether these are the letters of `lowercase`, in whatever case.
    fileprivate func isCaseless(_ lowercase: StaticString) -> Bool {
        count == lowercase.utf8CodeUnitCount
            && zip(self, lowercase.bytes).allSatisfy { byte, letter in
                byte == letter || (byte | 0x20 == letter && byte.isLetter)
            }
    }

    /// Whether what comes before `end` is the name of a field.
    fileprivate func isToken(to end: Int) -> Bool {
        startIndex < end
            && self[..<end].allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    /// A field's value, without the space around it.
    fileprivate func value(from start: Int) -> Slice<UnsafeRawBufferPointer> {
        var value = self[start...]
        while let first = value.first, first.isSpace { value = value.dropFirst() }
        while let last = value.last, last.isSpace { value = value.dropLast() }
        return value
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    fileprivate var isDigit: Bool { self &- UInt8(ascii: "0") <= 9 }
    fileprivate var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") <= 25 }

    /// What stands for itself in a query (RFC 3986, section 2.3).
    fileprivate var isUnreserved: Bool {
        isLetter || isDigit || self == UInt8(ascii: "-") || self == UInt8(ascii: ".") || self == UInt8(ascii: "_")
            || self == UInt8(ascii: "~")
    }
}
