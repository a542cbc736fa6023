import DattssCore
import DattssTestSupport

/// A few seeds, each an argument of a random test: a failure names its seed.
let seeds: [UInt64] = [1, 2, 3, 0xDA77_55]

/// The nearest-rank quantile of samples, by the definition.
func quantile(_ quantile: Double, of samples: [Double]) -> Double {
    let sorted = samples.sorted()
    return sorted[max(1, Int((quantile * Double(sorted.count)).rounded(.up))) - 1]
}

/// The aggregate of samples, computed the simplest way there is.
func naiveAggregate(_ samples: [Double], fraction: Double = 0.1, hasSketch: Bool = false) -> Aggregate {
    var sketch = Sketch()
    for sample in samples { sketch.add(sample) }
    return Aggregate(
        sum: samples.reduce(0, +), count: Int64(samples.count), max: samples.max()!, min: samples.min()!,
        first: samples.first!, last: samples.last!, bottom: quantile(fraction, of: samples),
        top: quantile(1 - fraction, of: samples), fraction: fraction, sketch: hasSketch ? sketch : nil)
}

/// Whether two values are as near as a sketch promises.
func isWithinSketchError(_ estimate: Double, of value: Double) -> Bool {
    (estimate - value).magnitude <= value.magnitude * SketchIndex.relativeError * (1 + 1e-12)
}

extension Timestamp {
    /// 2026-11-22T12:00:00Z.
    static let noon = Timestamp(seconds: 1_795_348_800)
}

extension SeededGenerator {
    /// Near enough to normally distributed: the sum of twelve uniform values.
    mutating func normal() -> Double {
        (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
    }

    /// Any finite bit pattern.
    mutating func finiteDouble() -> Double {
        while true {
            let value = Double(bitPattern: next())
            if value.isFinite { return value }
        }
    }

    mutating func path() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCXYZ0189_.:!-")
        return String((0..<Int.random(in: 1...12, using: &self)).map { _ in element(of: alphabet) })
    }

    mutating func samples(_ count: Int, _ value: (inout SeededGenerator) -> Double) -> [Double] {
        (0..<count).map { _ in value(&self) }
    }
}
