/// Merges aggregates of one statistic: the partials of a minute, or the minutes of a step.
///
/// `sum`, `count`, `max`, `min` and the sketch are exact whatever the order; `first` and `last` follow the order of
/// arrival. ``merged`` derives `bottom` and `top`: from the sketch when some part carried one and every other was made of equal
/// samples, else by count-weighted nearest rank over the parts, which marks the result approximate unless every part was made
/// of equal samples and ``WeightedParts`` had room for them all.
public struct MergingAggregate: Sendable, Hashable {
    /// Its `bottom` and `top` stay those of the first part.
    private var running: Aggregate
    /// Empty as long as all parts have the same `bottom` and `top`, which costs no memory.
    private var parts = WeightedParts()
    private var hasOnePart = true
    /// Whether every part was made of equal samples, so that it tells them all without a sketch.
    private var hasOnlyEqualSamples: Bool

    public init(_ first: Aggregate) {
        running = first
        hasOnlyEqualSamples = first.min == first.max
    }

    /// Begins anew, in the memory that it has.
    mutating func restart(_ first: Aggregate) {
        running = first
        parts.removeAll()
        hasOnePart = true
        hasOnlyEqualSamples = first.min == first.max
    }

    public mutating func merge(_ part: Aggregate) {
        mergeSketch(of: part)
        if !parts.isEmpty || part.bottom != running.bottom || part.top != running.top {
            if parts.isEmpty { parts.add(running) }
            parts.add(part)
        }
        running.sum = running.sum.saturatingAdd(part.sum)
        running.count = running.count.saturatingAdd(part.count)
        running.max = Swift.max(running.max, part.max)
        running.min = Swift.min(running.min, part.min)
        running.last = part.last
        running.fraction = part.fraction
        running.isEmphasised = running.isEmphasised || part.isEmphasised
        running.isApproximate = running.isApproximate || part.isApproximate
        hasOnePart = false
        hasOnlyEqualSamples = hasOnlyEqualSamples && part.min == part.max
    }

    /// Without what only `bottom` and `top` need.
    var forPercentiles: MergingAggregate {
        var copy = self
        copy.parts = WeightedParts()
        return copy
    }

    /// How many samples so far.
    public var count: Int64 { running.count }

    /// The sketch of all parts, while every part has one.
    public var sketch: Sketch? { running.sketch }

    /// The aggregate of all parts.
    public var merged: Aggregate {
        if hasOnePart { return running }
        var merged = running
        if let sketch = running.sketch {
            merged.bottom = sketch.quantile(running.fraction, count: running.count)
            merged.top = sketch.quantile(1 - running.fraction, count: running.count)
        } else {
            if !parts.isEmpty {
                merged.bottom = parts.bottom(running.fraction)
                merged.top = parts.top(running.fraction)
            }
            merged.isApproximate = running.isApproximate || !hasOnlyEqualSamples || parts.isJoined
        }
        merged.bottom = merged.bottom.clamped(running.min, running.max)
        merged.top = merged.top.clamped(running.min, running.max)
        return merged
    }

    /// Called before the numbers are merged.
    ///
    /// A part without a sketch does not take that of the others away when its samples are equal, so that they tell it: a single
    /// sample that somebody sent by hand does not cost a minute its percentiles.
    private mutating func mergeSketch(of part: Aggregate) {
        if running.sketch == nil, part.sketch == nil { return }
        // Taken out first, so that its storage is not shared and grows in place.
        guard var merged = running.sketch.take() ?? sketchOfEqualSamples else { return }
        if let sketch = part.sketch {
            merged.merge(sketch)
        } else if part.min == part.max {
            merged.add(part.min, weight: part.count)
        } else {
            return
        }
        running.sketch = merged
    }

    /// The sketch of all parts so far, of which none had one.
    private var sketchOfEqualSamples: Sketch? {
        guard hasOnlyEqualSamples, !parts.isJoined else { return nil }
        if parts.isEmpty { return Sketch(of: running.min, count: running.count) }
        var sketch = Sketch()
        for position in 0..<parts.count { sketch.add(parts.entry(position).bottom, weight: parts.entry(position).count) }
        return sketch
    }
}

extension Double {
    /// Addition that stays at the largest finite value instead of reaching infinity, which JSON cannot say.
    @inlinable
    public func saturatingAdd(_ other: Double) -> Double {
        (self + other).clamped(-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
    }
}
