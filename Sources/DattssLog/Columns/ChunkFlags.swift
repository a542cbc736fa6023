internal import DattssCore

/// What is said of each row of a chunk, besides its numbers.
///
/// - equal: `min max first bottom top` are `last`; product: and `sum` is `max · count`. "Equal" always means bit by bit.
/// - fraction: it is not the default, and stored.
struct ChunkFlags {
    static let emphasised: Int64 = 1 << 0
    static let approximate: Int64 = 1 << 1
    static let sketch: Int64 = 1 << 2
    static let fraction: Int64 = 1 << 3
    static let equal: Int64 = 1 << 4
    static let product: Int64 = 1 << 5

    static let besidesNumbers = emphasised | approximate | sketch | fraction

    static func of(_ aggregate: Aggregate) -> Int64 {
        var flags: Int64 = 0
        if aggregate.isEmphasised { flags |= emphasised }
        if aggregate.isApproximate { flags |= approximate }
        if aggregate.packedSketch != nil { flags |= sketch }
        if !aggregate.hasDefaultFraction { flags |= fraction }
        if EqualSamples.hold(for: aggregate) {
            flags |= equal
            if EqualSamples.giveSum(of: aggregate) { flags |= product }
        }
        return flags
    }
}
