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
        if aggregate.sketch != nil { flags |= sketch }
        if aggregate.fraction.bitPattern != Aggregate.defaultFraction.bitPattern { flags |= fraction }
        let last = aggregate.last.bitPattern
        if aggregate.max.bitPattern == last, aggregate.min.bitPattern == last, aggregate.first.bitPattern == last,
            aggregate.bottom.bitPattern == last, aggregate.top.bitPattern == last
        {
            flags |= equal
            if aggregate.sum.bitPattern == product(aggregate.last, aggregate.count).bitPattern { flags |= product }
        }
        return flags
    }

    /// What `sum` is when all samples are equal: computed alike by writer and reader.
    static func product(_ value: Double, _ count: Int64) -> Double { value * Double(count) }
}
