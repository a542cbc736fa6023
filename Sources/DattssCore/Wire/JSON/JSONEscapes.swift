/// The content of a JSON string (RFC 8259, section 7) with its escapes resolved.
enum JSONEscapes {
    /// - Returns: nil for a bad escape, a lone surrogate, or bytes that are not UTF-8.
    static func resolve(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        var resolved: [UInt8] = []
        resolved.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "\\") else {
                resolved.append(bytes[position])
                position += 1
                continue
            }
            guard position + 1 < bytes.count else { return nil }
            let escape = bytes[position + 1]
            position += 2
            if escape == UInt8(ascii: "u") {
                guard let scalar = scalar(bytes, &position) else { return nil }
                resolved.append(contentsOf: String(Character(scalar)).utf8)
            } else if let byte = simple[escape] {
                resolved.append(byte)
            } else {
                return nil
            }
        }
        return String(validating: resolved, as: UTF8.self)
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "\\"): UInt8(ascii: "\\"),
        UInt8(ascii: "/"): UInt8(ascii: "/"), UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C,
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]

    /// The scalar of `\uXXXX`, or of a surrogate pair of them; `position` stands behind the first `\u`.
    private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> Unicode.Scalar? {
        guard let high = hex(bytes, &position) else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let low = hex(bytes, &position), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private static func hex(_ bytes: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position + offset])).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        position += 4
        return value
    }
}
