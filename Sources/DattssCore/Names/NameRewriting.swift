extension Name {
    /// The path that statsd would make of a name: a run of white space becomes `_`, `/` becomes `-`, and every other character
    /// that no path has is dropped.
    ///
    ///     Name.rewritten("GET /café".utf8)  // "GET_-caf"
    ///
    /// (https://github.com/statsd/statsd/blob/master/stats.js, `sanitizeKeyName`.) White space is what `\s` is in JavaScript,
    /// so also a no-break space. Colons and exclamation marks stay, which statsd drops, because paths have them here. What is a
    /// path already stays as it is. Two names of which one path is made are one statistic.
    /// - Parameter bytes: UTF-8; bytes that are not are dropped.
    /// - Returns: a valid path, or nil when nothing is left, or more than ``pathBytesMax`` bytes.
    public static func rewritten(_ bytes: some Collection<UInt8>) -> String? {
        let found = bytes.withContiguousStorageIfAvailable { rewritten($0) }
        return found ?? Array(bytes).withUnsafeBufferPointer { rewritten($0) }
    }

    private static func rewritten(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pathBytesMax) { buffer in
            guard let length = rewrite(bytes, into: buffer), length > 0 else { return nil }
            return String(decoding: buffer[..<length], as: UTF8.self)
        }
    }

    /// Writes the path that a name becomes to the beginning of `buffer`, in one pass.
    /// - Returns: how many bytes it has, which may be none; nil when they do not fit.
    static func rewrite(_ bytes: UnsafeBufferPointer<UInt8>, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int? {
        var (position, length) = (0, 0)
        while position < bytes.count {
            var byte = bytes[position]
            if isNameByte(byte) {
                position += 1
            } else if byte == UInt8(ascii: "/") {
                byte = UInt8(ascii: "-")
                position += 1
            } else {
                let start = position
                position = endOfWhiteSpace(in: bytes, from: start)
                guard position > start else {
                    position += 1
                    continue
                }
                byte = UInt8(ascii: "_")
            }
            guard length < buffer.count else { return nil }
            buffer.initializeElement(at: length, to: byte)
            length += 1
        }
        return length
    }

    private static func endOfWhiteSpace(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let length = whiteSpaceLength(in: bytes, at: end)
            if length == 0 { break }
            end += length
        }
        return end
    }

    /// How many bytes the white space takes that is at `position` (ECMA-262, `WhiteSpace` and `LineTerminator`); 0 for none.
    private static func whiteSpaceLength(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
        func byte(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }
        return switch (byte(0), byte(1), byte(2)) {
        case (0x09...0x0D, _, _), (0x20, _, _): 1
        case (0xC2, 0xA0, _): 2
        case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F),
            (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF):
            3
        default: 0
        }
    }
}
