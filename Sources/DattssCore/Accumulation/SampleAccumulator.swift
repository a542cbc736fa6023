/// Builds the partial of one statistic out of its samples. The SDK and the server's UDP port share it.
///
/// The first ``exactSamplesMax`` samples are kept, so `bottom` and `top` are exact by nearest rank; from then on they are
/// counted in the buckets of a sketch, and within its relative error. A timer's partial carries the sketch, unless it
/// stands for more samples than a partial can count.
///
///     var accumulator = SampleAccumulator()
///     for value in [3.0, 1, 2] { accumulator.add(value) }
///     accumulator.partial(of: .timer)?.top  // 3
public struct SampleAccumulator: Sendable {
    private var count: Int64 = 0
    private var sum = 0.0
    private var max = -Double.infinity
    private var min = Double.infinity
    private var first = 0.0
    private var last = 0.0
    private var isEmphasised = false
    /// Whether the samples are counted in buckets, and no longer kept.
    private var isBucketed = false
    /// Empty while all samples are equal: then the count tells them.
    private var samples: [Double] = []
    private var positive = BucketCounts()
    /// What few statistics have: zeros, negative samples, and what does not fit into the bucket counts. An array of one at
    /// most, so that all others have no room for it.
    private var others: [Others] = []

    private struct Others: Sendable {
        var zeroCount: Int64 = 0
        var negative = BucketCounts()
        var outlying = Sketch()
    }

    /// As many samples are kept; more are counted in buckets.
    public static let exactSamplesMax = 64

    /// An accumulator without samples.
    public init() {}

    /// Whether there are no samples.
    public var isEmpty: Bool { count == 0 }

    /// nil when there are no samples.
    var lastValue: Double? { isEmpty ? nil : last }

    /// Adds samples of one finite value.
    /// - Parameters:
    ///   - weight: how many samples of this value: more than 1 where a sender picked one out of many (`|@0.1`).
    ///   - total: what to add to the sum, when that is not `value × weight`: a counter's value over an odd rate.
    @inline(__always)
    public mutating func add(_ value: Double, weight: Int64 = 1, total: Double? = nil, isEmphasised: Bool = false) {
        if count == 0 { first = value }
        if isBucketed {
            addToBuckets(value, weight)
        } else if count > 0, value != min || value != max {
            keep(value, weight)
        }
        last = value
        count = count.saturatingAdd(weight)
        sum = sum.saturatingAdd(total ?? value * Double(weight))
        max = Swift.max(max, value)
        min = Swift.min(min, value)
        self.isEmphasised = self.isEmphasised || isEmphasised
    }

    /// Asks for the memory of the buckets that these samples will be counted in.
    ///
    /// (Mutating, because `self` would be copied for it otherwise, and all its arrays retained.)
    @inline(__always)
    mutating func prefetch(_ values: UnsafeBufferPointer<Double>) {
        if isBucketed { positive.prefetch(values) }
    }

    /// Adds finite samples, as if one after the other: the buckets of many are asked for at once.
    mutating func add(_ values: UnsafeBufferPointer<Double>) {
        var rest = values
        while !rest.isEmpty {
            let counted = isBucketed ? positive.add(rest) : 0
            if counted > 0 { note(UnsafeBufferPointer(rebasing: rest[..<counted])) }
            if counted == rest.count { return }
            add(rest[counted])
            rest = UnsafeBufferPointer(rebasing: rest[(counted + 1)...])
        }
    }

    /// Takes positive samples, which are in the buckets already and not the first ones, into all other numbers.
    @inline(__always)
    private mutating func note(_ values: UnsafeBufferPointer<Double>) {
        var (sum, min, max) = (sum, min, max)
        for value in values {
            sum += value
            min = value < min ? value : min
            max = value > max ? value : max
        }
        // (Positive ones that are too much stay too much.)
        (self.sum, self.min, self.max) = (sum.clamped(-.greatestFiniteMagnitude, .greatestFiniteMagnitude), min, max)
        last = values[values.count - 1]
        count = count.saturatingAdd(Int64(values.count))
    }

    /// Keeps samples that are not equal to all that came before, as long as there are few; called before they are counted.
    private mutating func keep(_ value: Double, _ weight: Int64) {
        if count.saturatingAdd(weight) <= Self.exactSamplesMax {
            if samples.isEmpty { samples = Array(repeating: min, count: Int(count)) }
            for _ in 0..<weight { samples.append(value) }
        } else {
            beginBuckets()
            addToBuckets(value, weight)
        }
    }

    private mutating func beginBuckets() {
        isBucketed = true
        if samples.isEmpty, count > 0 { addToBuckets(min, count) }
        for sample in samples { addToBuckets(sample, 1) }
        samples = []
    }

    /// Adds what came after these samples. All but the percentiles of more than ``exactSamplesMax`` samples is exact.
    mutating func append(_ later: SampleAccumulator) {
        if isEmpty { return self = later }
        if later.isEmpty { return }
        let sum = sum.saturatingAdd(later.sum)
        let (min, max) = (Swift.min(min, later.min), Swift.max(max, later.max))
        if later.isBucketed, !isBucketed { beginBuckets() }
        later.forEach { add($0, weight: $1) }
        (self.sum, self.min, self.max, last) = (sum, min, max, later.last)
        isEmphasised = isEmphasised || later.isEmphasised
    }

    /// Adds a number to each sample, as if it had been there from the first. All but the percentiles of more than
    /// ``exactSamplesMax`` samples is exact.
    mutating func shift(by distance: Double) {
        if isEmpty { return }
        var shifted = SampleAccumulator()
        if isBucketed { shifted.isBucketed = true }
        forEach { shifted.add($0.saturatingAdd(distance), weight: $1) }
        shifted.sum = sum.saturatingAdd(distance * Double(count))
        (shifted.min, shifted.max) = (min.saturatingAdd(distance), max.saturatingAdd(distance))
        (shifted.first, shifted.last) = (first.saturatingAdd(distance), last.saturatingAdd(distance))
        shifted.isEmphasised = isEmphasised
        self = shifted
    }

    /// Its samples, each with how often it came; from their buckets as soon as they are no longer kept.
    private func forEach(_ body: (Double, Int64) -> Void) {
        guard isBucketed else {
            if samples.isEmpty { body(min, count) } else { samples.forEach { body($0, 1) } }
            return
        }
        var sketch = Sketch(zeroCount: 0, positive: positive.store, negative: BucketStore())
        if let others = others.first {
            sketch.merge(Sketch(zeroCount: others.zeroCount, positive: BucketStore(), negative: others.negative.store))
            sketch.merge(others.outlying)
        }
        for (index, count) in sketch.negative.descending { body(-SketchIndex.representative(of: index), count) }
        if sketch.zeroCount > 0 { body(0, sketch.zeroCount) }
        for (index, count) in sketch.positive.ascending { body(SketchIndex.representative(of: index), count) }
    }

    /// The aggregate of all samples since the last ``reset()``; nil when there were none.
    public func partial(of kind: Kind, fraction: Double = Aggregate.defaultFraction) -> Aggregate? {
        guard count > 0 else { return nil }
        let wantsSketch = kind == .timer && count <= Aggregate.countMax
        var (bottom, top) = (min, min)
        var sketch: PackedSketch?
        if isBucketed {
            if wantsSketch || min != max { sketch = bucketSketch }
            if let sketch, min != max {
                bottom = sketch.quantile(fraction).clamped(min, max)
                top = sketch.quantile(1 - fraction).clamped(min, max)
            }
        } else if samples.isEmpty {
            if wantsSketch { sketch = PackedSketch(of: min, count: count) }
        } else {
            let sorted = samples.sorted()
            bottom = sorted[Int(nearestRank(fraction, of: count)) - 1]
            top = sorted[Int(nearestRank(1 - fraction, of: count)) - 1]
            if wantsSketch { sketch = PackedSketch(ofAscending: sorted) }
        }
        return Aggregate(
            sum: sum, count: Swift.min(count, Aggregate.countMax), max: max, min: min, first: first, last: last,
            bottom: bottom, top: top, fraction: fraction, isEmphasised: isEmphasised,
            packedSketch: wantsSketch ? sketch : nil)
    }

    @inline(__always)
    private mutating func addToBuckets(_ value: Double, _ weight: Int64) {
        if value > 0, positive.add(weight, at: SketchIndex.of(magnitude: value)) { return }
        addToOthers(value, weight)
    }

    private mutating func addToOthers(_ value: Double, _ weight: Int64) {
        if others.isEmpty { others.append(Others()) }
        if value == 0 {
            others[0].zeroCount = others[0].zeroCount.saturatingAdd(weight)
        } else if value > 0 || !others[0].negative.add(weight, at: SketchIndex.of(magnitude: -value)) {
            others[0].outlying.add(value, weight: weight)
        }
    }

    private var bucketSketch: PackedSketch {
        guard let others = others.first else {
            return positive.withRow { PackedSketch(zeroCount: 0, positive: $0, negative: NoBuckets()) }
        }
        var sketch = Sketch(zeroCount: others.zeroCount, positive: positive.store, negative: others.negative.store)
        sketch.merge(others.outlying)
        return PackedSketch(sketch)
    }
}
