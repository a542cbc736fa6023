import DattssCore
import Testing

/// What the points of one statistic come to, span by span, whoever merged some of them before.
struct SpanTotals {
    struct Totals {
        var sum = 0.0
        /// What a sum of such numbers may be off by.
        var magnitude = 0.0
        var count: Int64 = 0
        var min = Double.infinity
        var max = -Double.infinity
        /// The sketch of those samples that are told.
        var sketch = Sketch()
        /// How many are not.
        var untold: Int64 = 0
    }

    private var spans: [Int64: Totals] = [:]

    static func of(_ points: [MinutePoint], _ spans: MinuteSpans) -> SpanTotals {
        var totals = SpanTotals()
        for point in points { totals.spans[spans.number(of: point.minute), default: Totals()].add(point.aggregate) }
        return totals
    }

    /// - Parameter withSketches: whether which samples there were is compared, too: what was merged without sketches no longer says it.
    func isSame(as other: SpanTotals, withSketches: Bool = true) -> Bool {
        guard spans.keys == other.spans.keys else { return false }
        return spans.allSatisfy { span, own in
            guard let other = other.spans[span] else { return false }
            let isSumClose = own.sum == other.sum || abs(own.sum - other.sum) <= 1e-9 * Swift.max(own.magnitude, other.magnitude)
            return isSumClose && own.count == other.count && own.min == other.min && own.max == other.max
                && (!withSketches || own.untold == other.untold && own.sketch == other.sketch)
        }
    }
}

extension SpanTotals.Totals {
    fileprivate mutating func add(_ aggregate: Aggregate) {
        sum = sum.saturatingAdd(aggregate.sum)
        magnitude = magnitude.saturatingAdd(abs(aggregate.sum))
        count = count.saturatingAdd(aggregate.count)
        min = Swift.min(min, aggregate.min)
        max = Swift.max(max, aggregate.max)
        if let packed = aggregate.packedSketch {
            sketch.merge(Sketch(packed))
        } else if aggregate.min == aggregate.max {
            sketch.add(aggregate.min, weight: aggregate.count)
        } else {
            untold = untold.saturatingAdd(aggregate.count)
        }
    }
}
