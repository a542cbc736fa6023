import LibC

/// One line of a datagram, taken apart where it lies but not yet looked up: its names are bytes of the datagram, so that a
/// line costs no memory. It is only good as long as these bytes are.
///
///     api.hits:2|c|@0.1|#env:prod            statsd and DogStatsD: it contains a '|'
///     api.wait:12:15:9|ms                    several values of one name, as DogStatsD packs them
///     _e{5,4}:title|text                     DogStatsD's events and service checks
///     KEY:api:query.time:153ms!              DaTtSs: auth key, process, path, value
public enum DatagramLine {
    case statsd(StatsdLine)
    case message(DogStatsDMessage)
    case dattss(DattssLine)

    /// Bytes of a datagram, good as long as the datagram is.
    public typealias Bytes = UnsafeBufferPointer<UInt8>

    /// Takes one line apart. `bytes` has no line end.
    public static func parse(_ bytes: Bytes) throws(DatagramError) -> DatagramLine {
        if let line = StatsdLine(usual: bytes) { return .statsd(line) }
        if let message = try DogStatsDMessage(bytes) { return .message(message) }
        if bytes.position(of: UInt8(ascii: "|")) != nil { return .statsd(try StatsdLine(bytes)) }
        return .dattss(try DattssLine(bytes))
    }

    /// Whether a line says nothing: it is empty, or a sender's last line feed is followed by the zero that ends a string in C.
    public static func isBlank(_ line: Bytes) -> Bool { line.allSatisfy { $0.isBlank || $0 == 0 } }

    /// Calls `body` with each line of a datagram that is not empty.
    @inlinable
    public static func forEachLine(of datagram: UnsafeRawBufferPointer, _ body: (Bytes) -> Void) {
        datagram.withMemoryRebound(to: UInt8.self) { bytes in
            var start = 0
            while start < bytes.count {
                let (line, next) = line(of: bytes, at: start)
                if !line.isEmpty { body(line) }
                start = next
            }
        }
    }

    /// The line that begins at `start`, without its end, and where the next one begins.
    @inlinable
    public static func line(of bytes: Bytes, at start: Int) -> (line: Bytes, next: Int) {
        let end = bytes.position(of: UInt8(ascii: "\n"), from: start) ?? bytes.count
        let hasReturn = end > start && bytes[end - 1] == UInt8(ascii: "\r")
        return (bytes.part(start, hasReturn ? end - 1 : end), end + 1)
    }
}

/// `KEY:process:path:value`. The process and the path are valid names.
///
/// The key ends at the first colon, the process at the second, the value begins after the last: a path may contain colons.
public struct DattssLine {
    /// The auth key, not checked.
    public let key: DatagramLine.Bytes
    /// The name of the sending process.
    public let process: DatagramLine.Bytes
    /// The path of the statistic.
    public let path: DatagramLine.Bytes
    /// The value, its kind, and whether it is emphasised.
    public let sample: SampleValue

    init(_ bytes: DatagramLine.Bytes) throws(DatagramError) {
        let colon = UInt8(ascii: ":")
        guard let first = bytes.position(of: colon),
            let second = bytes.position(of: colon, from: first + 1),
            let last = bytes.lastIndex(of: colon), last > second
        else { throw .badFormat }
        key = bytes.part(0, first)
        process = bytes.part(first + 1, second)
        path = bytes.part(second + 1, last)
        guard Name.isValidProcess(process) else { throw .badProcess }
        guard Name.isValidPath(path) else { throw .badPath }
        sample = try SampleValue(bytes: bytes.part(last + 1, bytes.count))
    }
}

extension UInt8 {
    /// Whether it is white space of ASCII.
    var isBlank: Bool { self == UInt8(ascii: " ") || 0x09...0x0D ~= self }
}

extension UnsafeBufferPointer<UInt8> {
    /// Without blanks around.
    var trimmed: UnsafeBufferPointer<UInt8> {
        var (start, end) = (0, count)
        while start < end, self[start].isBlank { start += 1 }
        while end > start, self[end - 1].isBlank { end -= 1 }
        return part(start, end)
    }

    /// Calls `body` with each part between separators, trimmed, but not with those that are empty then.
    func forEachPart(separatedBy separator: UInt8, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var start = 0
        while start < count {
            let end = position(of: separator, from: start) ?? count
            let part = part(start, end).trimmed
            if !part.isEmpty { body(part) }
            start = end + 1
        }
    }

    /// Without the blanks at the end of a line, and the zeros with which programs in C send their strings.
    var trimmedLineEnd: UnsafeBufferPointer<UInt8> {
        var end = count
        while end > 0, self[end - 1].isBlank || self[end - 1] == 0 { end -= 1 }
        return part(0, end)
    }

    /// Where the first such byte is. The C library looks at many bytes at once.
    @usableFromInline
    func position(of byte: UInt8, from start: Int = 0) -> Int? {
        guard let base = baseAddress, start < count,
            let found = memchr(base + start, Int32(byte), count - start)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    /// Where the first colon or bar is: eight bytes at a time, because the names in front of one are too short for a call to
    /// pay.
    @inline(__always)
    var positionOfColonOrBar: Int? {
        let raw = UnsafeRawBufferPointer(self)
        var offset = 0
        while offset + 8 <= raw.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let found = Self.zeroBytes(word ^ Self.colons) | Self.zeroBytes(word ^ Self.bars)
            if found != 0 { return offset + found.trailingZeroBitCount / 8 }
            offset += 8
        }
        while offset < raw.count {
            if raw[offset] == UInt8(ascii: ":") || raw[offset] == UInt8(ascii: "|") { return offset }
            offset += 1
        }
        return nil
    }

    private static var colons: UInt64 { 0x3A3A_3A3A_3A3A_3A3A }
    private static var bars: UInt64 { 0x7C7C_7C7C_7C7C_7C7C }

    /// The high bit of each byte that is 0, at least of the lowest one (Warren, Hacker's Delight, 6-1).
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    /// The bytes from `start` up to `end`, which lie in this buffer.
    @inlinable
    func part(_ start: Int, _ end: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: self[start..<end])
    }
}
