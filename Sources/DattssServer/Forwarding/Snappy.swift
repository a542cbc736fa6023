import DattssLog

/// Snappy's block format (https://github.com/google/snappy/blob/main/format_description.txt), as remote write asks for it:
///
///     ┌──────────────────┬─────────────────────────────┬───────────────────────────────┬───┐
///     │ length, a varint │ literal: (n − 1) << 2, …    │ copy: (n − 1) << 2 | 2        │ … │
///     │                  │ n bytes                     │ offset, two bytes             │   │
///     └──────────────────┴─────────────────────────────┴───────────────────────────────┴───┘
///
/// Names repeat, so the first place that the same four bytes were met at is nearly as good as the best one.
enum Snappy {
    /// Copies reach back by two bytes, so no further than this.
    private static let window = 1 << 16
    private static let tableBits = 14
    private static let copyBytesMax = 64

    static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var head = ByteWriter(capacity: bytes.count / 3 + 16)
        head.appendVarint(bytes.count)
        var output = head.bytes
        // Positions after the one that a hash was met at last; 0 is none.
        var table = [Int32](repeating: 0, count: 1 << tableBits)
        var (position, literal) = (0, 0)
        while position + 4 <= bytes.count {
            let slot = hash(bytes, position)
            let candidate = Int(table[slot]) - 1
            table[slot] = Int32(truncatingIfNeeded: position + 1)
            let isNear = candidate >= 0 && position - candidate < window
            guard isNear, bytes[candidate..<candidate + 4] == bytes[position..<position + 4] else {
                position += 1
                continue
            }
            var length = 4
            while position + length < bytes.count, bytes[candidate + length] == bytes[position + length] { length += 1 }
            append(literal: bytes[literal..<position], to: &output)
            append(copyOf: length, offset: position - candidate, to: &output)
            position += length
            literal = position
        }
        append(literal: bytes[literal...], to: &output)
        return output
    }

    private static func hash(_ bytes: [UInt8], _ position: Int) -> Int {
        let word =
            UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
            | UInt32(bytes[position + 3]) << 24
        return Int((word &* 0x1E35_A7BD) >> UInt32(32 - tableBits))
    }

    private static func append(literal bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if bytes.isEmpty { return }
        let last = bytes.count - 1
        if last < 60 {
            output.append(UInt8(last) << 2)
        } else {
            let width = last < 1 << 8 ? 1 : last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4
            output.append(UInt8(59 + width) << 2)
            for byte in 0..<width { output.append(UInt8(truncatingIfNeeded: last >> (8 * byte))) }
        }
        output += bytes
    }

    private static func append(copyOf length: Int, offset: Int, to output: inout [UInt8]) {
        var rest = length
        while rest > 0 {
            let part = min(rest, copyBytesMax)
            output.append(UInt8(part - 1) << 2 | 2)
            output.append(UInt8(truncatingIfNeeded: offset))
            output.append(UInt8(truncatingIfNeeded: offset >> 8))
            rest -= part
        }
    }
}
