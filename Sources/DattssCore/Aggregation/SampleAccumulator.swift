/// Builds the partial of one statistic out of its samples. The SDK and the server's UDP port share it.
///
/// The first ``exactSamplesMax`` samples are kept, so `bottom` and `top` are exact by nearest rank; from then on a
/// sketch takes over, and they are within its relative error. A timer's partial carries the sketch, unless it stands for
/// more samples than a partial can count.
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
    private var samples: [Double] = []
    private var sketch: Sketch?

    public static let exactSamplesMax = 64

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// Adds samples of one finite value.
    /// - Parameters:
    ///   - weight: how many samples of this value: more than 1 where a sender picked one out of many (`|@0.1`).
    ///   - total: what to add to the sum, when that is not `value × weight`: a counter's value over an odd rate.
    public mutating func add(_ value: Double, weight: Int64 = 1, total: Double? = nil, isEmphasised: Bool = false) {
        if count == 0 { first = value }
        last = value
        count = count.saturatingAdd(weight)
        sum = sum.saturatingAdd(total ?? value * Double(weight))
        max = Swift.max(max, value)
        min = Swift.min(min, value)
        self.isEmphasised = self.isEmphasised || isEmphasised
        if sketch == nil, Int64(samples.count).saturatingAdd(weight) <= Self.exactSamplesMax {
            for _ in 0..<weight { samples.append(value) }
        } else {
            spill()
            sketch?.add(value, weight: weight)
        }
    }

    /// The aggregate of all samples since the last ``reset()``; nil when there were none.
    public func partial(of kind: Kind, fraction: Double = Aggregate.defaultFraction) -> Aggregate? {
        guard count > 0 else { return nil }
        let (bottom, top) = extremes(fraction)
        return Aggregate(
            sum: sum, count: Swift.min(count, Aggregate.countMax), max: max, min: min, first: first, last: last,
            bottom: bottom, top: top, fraction: fraction, isEmphasised: isEmphasised,
            sketch: kind == .timer && count <= Aggregate.countMax ? completeSketch() : nil)
    }

    /// Forgets the samples and keeps the memory, for the next period.
    public mutating func reset() {
        count = 0
        sum = 0
        max = -.infinity
        min = .infinity
        isEmphasised = false
        samples.removeAll(keepingCapacity: true)
        sketch = nil
    }

    private func extremes(_ fraction: Double) -> (bottom: Double, top: Double) {
        if min == max { return (min, min) }
        if let sketch {
            return (
                sketch.quantile(fraction).clamped(min, max), sketch.quantile(1 - fraction).clamped(min, max)
            )
        }
        let sorted = samples.sorted()
        let ranks = (nearestRank(fraction, of: count), nearestRank(1 - fraction, of: count))
        return (sorted[Int(ranks.0) - 1], sorted[Int(ranks.1) - 1])
    }

    private func completeSketch() -> Sketch {
        var complete = sketch ?? Sketch()
        for value in samples { complete.add(value) }
        return complete
    }

    private mutating func spill() {
        guard sketch == nil else { return }
        sketch = completeSketch()
        samples.removeAll(keepingCapacity: true)
    }
}
