/// Merges aggregates of one statistic: the partials of a minute, or the minutes of a step.
///
/// `sum`, `count`, `max`, `min` and the sketch are exact whatever the order; `first` and `last` follow the order of
/// arrival. ``merged`` derives `bottom` and `top`: from the sketch when some part carried one and every other was made of equal
/// samples, else by count-weighted nearest rank over the parts, which marks the result approximate unless every part was made
/// of equal samples and ``WeightedParts`` had room for them all. What a sketch told until a part without one came is one part.
public struct MergingAggregate: Sendable, Hashable {
    /// Its `bottom` and `top` stay those of the first part. It has a sketch only while that part is the only one.
    private(set) var running: Aggregate
    private(set) var sketch: Sketch?
    /// Empty as long as all parts have the same `bottom` and `top`, which costs no memory, and while there is a sketch.
    private(set) var parts = WeightedParts()
    private var hasOnePart = true
    /// Whether every part was made of equal samples, so that it tells them all without a sketch.
    private(set) var hasOnlyEqualSamples: Bool

    /// Begins with the first part.
    public init(_ first: Aggregate) {
        running = first
        hasOnlyEqualSamples = first.isOfEqualSamples
    }

    /// A merge that was kept in another way.
    init(_ running: Aggregate, sketch: Sketch?, parts: WeightedParts, hasOnePart: Bool, hasOnlyEqualSamples: Bool) {
        self.running = running
        self.sketch = sketch
        self.parts = parts
        self.hasOnePart = hasOnePart
        self.hasOnlyEqualSamples = hasOnlyEqualSamples
    }

    /// Begins anew, in the memory that it has.
    mutating func restart(_ first: Aggregate) {
        running = first
        sketch = nil
        parts.removeAll()
        hasOnePart = true
        hasOnlyEqualSamples = first.isOfEqualSamples
    }

    /// Takes in a part that arrived after all that were merged before.
    public mutating func merge(_ part: Aggregate) {
        mergePercentiles(of: part)
        running.mergeNumbers(of: part)
        hasOnePart = false
        hasOnlyEqualSamples = hasOnlyEqualSamples && part.isOfEqualSamples
    }

    /// How many samples so far.
    public var count: Int64 { running.count }

    /// The aggregate of all parts.
    public var merged: Aggregate {
        var merged = running
        if let sketch { merged.packedSketch = PackedSketch(sketch) }
        if hasOnePart { return merged }
        if merged.packedSketch != nil { return merged.withQuantilesOfSketch }
        if !parts.isEmpty {
            merged.bottom = parts.bottom(running.fraction).clamped(running.min, running.max)
            merged.top = parts.top(running.fraction).clamped(running.min, running.max)
        }
        merged.isApproximate = running.isApproximate || !hasOnlyEqualSamples || parts.isJoined
        return merged
    }

    /// Called before the numbers are merged.
    ///
    /// A part without a sketch does not take that of the others away when its samples are equal, so that they tell it: a single
    /// sample that somebody sent by hand does not cost a minute its percentiles. Else what was merged so far is one part for
    /// the nearest rank from then on.
    private mutating func mergePercentiles(of part: Aggregate) {
        // Taken out first, so that its storage is not shared and grows in place.
        let known = sketch.take() ?? running.packedSketch.take().map { Sketch($0) }
        if var merged = known ?? (part.packedSketch == nil ? nil : sketchOfEqualSamples) {
            if merged.merge(part) {
                sketch = merged
                return parts.removeAll()
            }
            if !hasOnePart { (running.bottom, running.top) = merged.quantiles(of: running) }
        }
        if !parts.isEmpty || part.bottom != running.bottom || part.top != running.top {
            if parts.isEmpty { parts.add(running) }
            parts.add(part)
        }
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

extension Sketch {
    /// - Returns: false, and nothing changed, when nothing tells the samples of `part`.
    fileprivate mutating func merge(_ part: Aggregate) -> Bool {
        if let packed = part.packedSketch {
            merge(Sketch(packed))
        } else if part.isOfEqualSamples {
            add(part.min, weight: part.count)
        } else {
            return false
        }
        return true
    }

    fileprivate func quantiles(of aggregate: Aggregate) -> (bottom: Double, top: Double) {
        (
            quantile(aggregate.fraction, count: aggregate.count).clamped(aggregate.min, aggregate.max),
            quantile(1 - aggregate.fraction, count: aggregate.count).clamped(aggregate.min, aggregate.max)
        )
    }
}

extension Aggregate {
    /// `bottom` and `top` as the sketch has them, which is there.
    var withQuantilesOfSketch: Aggregate {
        var aggregate = self
        if let packedSketch {
            aggregate.bottom = packedSketch.quantile(fraction, count: count).clamped(min, max)
            aggregate.top = packedSketch.quantile(1 - fraction, count: count).clamped(min, max)
        }
        return aggregate
    }
}

extension Double {
    /// Addition that stays at the largest finite value instead of reaching infinity, which JSON cannot say.
    @inlinable
    public func saturatingAdd(_ other: Double) -> Double {
        (self + other).clamped(-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
    }
}

extension Aggregate {
    /// Becomes the numbers of a later part's samples, too, but for `first` and what percentiles are made of: `bottom`, `top` and the sketch.
    @inline(__always)
    package mutating func mergeNumbers(of part: Aggregate) {
        sum = sum.saturatingAdd(part.sum)
        count = count.saturatingAdd(part.count)
        max = Swift.max(max, part.max)
        min = Swift.min(min, part.min)
        last = part.last
        fraction = part.fraction
        isEmphasised = isEmphasised || part.isEmphasised
        isApproximate = isApproximate || part.isApproximate
    }
}
