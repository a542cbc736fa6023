extension Aggregate {
    /// The aggregate, whose sketch has no bucket that lies altogether outside `min` and `max`.
    ///
    /// A bucket's width is allowed for: whoever wrote them in decimal may have rounded, and a logarithm is not exact at a bucket's end.
    /// - Parameter bounds: the indices of the lowest and the highest bucket, if there are only positive ones and they are known.
    /// - Precondition: `min` is not more than `max`, and both are finite.
    /// - Throws: ``AggregateError`` that names `skt`.
    @inline(__always)
    consuming func withSketchInRange(_ bounds: (lowest: Int32, highest: Int32)?) throws(AggregateError) -> Aggregate {
        // What mostly is so costs two looks into a table.
        if let bounds, min > 0, bounds.lowest >= SketchIndex.of(magnitude: min) - 1,
            bounds.highest <= SketchIndex.of(magnitude: max) + 1
        {
            return self
        }
        guard let bucket = packedSketch?.bucketOutside(min, max) else { return self }
        throw AggregateError(
            field: "skt", problem: "has samples from \(bucket.low) to \(bucket.high), but min is \(min) and max is \(max)")
    }
}

extension PackedSketch {
    /// The bounds of a bucket that is not between two values; nil when all are, but for a bucket's width.
    fileprivate func bucketOutside(_ min: Double, _ max: Double) -> (low: Double, high: Double)? {
        withStores { zeroCount, positive, negative in
            if zeroCount > 0, min > 0 || max < 0 { return (0, 0) }
            if let index = positive.indexOutside(min, max) { return Self.bounds(of: index) }
            guard let index = negative.indexOutside(-max, -min) else { return nil }
            let (low, high) = Self.bounds(of: index)
            return (-high, -low)
        }
    }

    private static func bounds(of index: Int32) -> (low: Double, high: Double) {
        (SketchIndex.lowerBound(of: index), SketchIndex.lowerBound(of: index + 1))
    }
}

extension PackedStore {
    /// The lowest or the highest of its buckets, if that is not between two values.
    fileprivate func indexOutside(_ min: Double, _ max: Double) -> Int32? {
        guard let bounds else { return nil }
        guard max > 0, bounds.last <= SketchIndex.of(magnitude: max) + 1 else { return bounds.last }
        return min > 0 && bounds.first < SketchIndex.of(magnitude: min) - 1 ? bounds.first : nil
    }
}
