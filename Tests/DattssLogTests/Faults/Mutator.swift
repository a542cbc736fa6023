import DattssTestSupport

/// Changes bytes in ways that reach deep into decoders: lengths that lie, ends that are missing, parts of other inputs.
struct Mutator {
    var random: SeededGenerator
    private static let bytes: [UInt8] = [0, 1, 2, 0x7F, 0x80, 0x81, 0xFE, 0xFF]
    /// 2^63, 2^64 − 1, one bit too many, and 2^32, as varints.
    private static let varints: [[UInt8]] = [
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [0x80, 0x80, 0x80, 0x80, 0x10], [0xFF, 0xFF, 0x03],
    ]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// - Parameter other: another input of the same kind.
    mutating func mutate(_ input: [UInt8], splicing other: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0...below(3) where !bytes.isEmpty {
            let position = below(bytes.count)
            switch below(10) {
            case 0, 1, 2: bytes[position] ^= 1 << UInt8(below(8))
            case 3: bytes[position] = Self.bytes[below(Self.bytes.count)]
            case 4: bytes[position] = bytes[position] &+ (below(2) == 0 ? 1 : 255)
            case 5: bytes.insert(UInt8(below(256)), at: position)
            case 6: bytes.removeSubrange(position..<min(bytes.count, position + 1 + below(4)))
            case 7: bytes.replaceSubrange(position..<position + 1, with: Self.varints[below(Self.varints.count)])
            case 8:
                guard !other.isEmpty else { continue }
                let start = below(other.count)
                let piece = other[start..<min(other.count, start + 1 + below(16))]
                bytes.replaceSubrange(position..<min(bytes.count, position + below(2) * piece.count), with: piece)
            default: bytes.removeSubrange(position...)
            }
        }
        return bytes
    }

    mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
}
