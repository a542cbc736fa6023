import DattssTestSupport
import Testing

@testable import DattssServer

/// Goal: a reader of the format gets back what was compressed, and names that repeat get short.
@Suite struct SnappyTests {
    /// Written from the description of the format, and not from our writer: it knows all elements.
    static func decompressed(_ bytes: [UInt8]) -> [UInt8]? {
        var (position, length, shift) = (0, 0, 0)
        while position < bytes.count {
            length |= Int(bytes[position] & 0x7F) << shift
            shift += 7
            position += 1
            if bytes[position - 1] < 0x80 { break }
        }
        var output: [UInt8] = []
        func number(_ width: Int) -> Int {
            defer { position += width }
            return (0..<width).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
        }
        while position < bytes.count {
            let tag = bytes[position]
            position += 1
            var (count, offset) = (Int(tag >> 2) + 1, 0)
            switch tag & 3 {
            case 0:
                if count > 60 { count = number(count - 60) + 1 }
                guard position + count <= bytes.count else { return nil }
                output += bytes[position..<position + count]
                position += count
                continue
            case 1: (count, offset) = (Int(tag >> 2 & 7) + 4, Int(tag >> 5) << 8 | number(1))
            case 2: offset = number(2)
            default: offset = number(4)
            }
            guard offset > 0, offset <= output.count else { return nil }
            for _ in 0..<count { output.append(output[output.count - offset]) }
        }
        return output.count == length ? output : nil
    }

    @Test("what is compressed comes back, whatever it is", arguments: [0, 1, 3, 4, 59, 60, 61, 256, 257, 65_536, 70_000, 300_000])
    func roundTrips(_ count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let letters = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        let names = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 61 == 0 ? $0 / 61 : $0 % 61) }
        let same = [UInt8](repeating: 7, count: count)
        for bytes in [letters, names, same] { #expect(Self.decompressed(Snappy.compressed(bytes)) == bytes) }
        if count > 1000 { #expect(Snappy.compressed(names).count * 4 < count) }
    }
}
