import DattssCore

/// Turns an OTLP histogram into what a timer's partial says.
///
/// Exponential buckets of scale 5 are those of a ``Sketch``, and finer ones fall into them whole: that is exact within its
/// relative error. Everything else (coarser buckets, explicit bounds, another unit than milliseconds) is spread evenly over
/// the sketch's buckets, and the aggregate is marked approximate.
struct OTLPTimer {
    private let histogram: OTLPHistogram
    /// Milliseconds of the metric's unit.
    private let factor: Double
    private var sketch = Sketch()
    private var isApproximate: Bool
    /// What of the range of samples the buckets show.
    private var (low, high) = (Double.infinity, -Double.infinity)

    private static let scale: Int32 = 5
    /// Into how many places the samples of a wide bucket are put.
    private static let placesMax: UInt64 = 16

    /// How many milliseconds a unit of UCUM has; 1 for what is no time.
    static func factor(ofUnit unit: String?) -> Double {
        switch unit {
        case "s": 1000
        case "us": 1e-3
        case "ns": 1e-6
        case "min": 60_000
        case "h": 3_600_000
        default: 1
        }
    }

    /// - Returns: nil for a histogram without samples.
    static func aggregate(of histogram: OTLPHistogram, unit: String?) -> Aggregate? {
        guard histogram.count > 0 else { return nil }
        var timer = OTLPTimer(histogram, factor: factor(ofUnit: unit))
        return timer.aggregate()
    }

    private init(_ histogram: OTLPHistogram, factor: Double) {
        (self.histogram, self.factor) = (histogram, factor)
        isApproximate = factor != 1
    }

    private mutating func aggregate() -> Aggregate? {
        switch histogram.layout {
        case .explicit(let bounds, let counts):
            isApproximate = true
            for (place, count) in counts.enumerated() where count > 0 { addExplicit(place, count, bounds) }
        case .exponential(let scale, let zeroCount, let positive, let negative):
            if scale < Self.scale { isApproximate = true }
            for (index, count) in negative { addExponential(index, count, scale, sign: -1) }
            if zeroCount > 0 { add(0, zeroCount) }
            for (index, count) in positive { addExponential(index, count, scale, sign: 1) }
        }
        let count = Int64(histogram.count)
        let mean = histogram.sum.map { $0 / Double(count) * factor }
        let hasSketch = sketch.count == count
        // Without buckets the mean is all that is known of the range.
        let min = histogram.min.map { $0 * factor } ?? (hasSketch ? low : mean ?? 0)
        let max = Swift.max(min, histogram.max.map { $0 * factor } ?? (hasSketch ? high : mean ?? 0))
        let middle = (mean ?? (hasSketch ? sketch.quantile(0.5) : min)).clamped(min, max)
        let fraction = Aggregate.defaultFraction
        let aggregate = Aggregate(
            sum: (histogram.sum.map { $0 * factor }) ?? middle * Double(count), count: count, max: max, min: min,
            first: middle, last: middle, bottom: hasSketch ? sketch.quantile(fraction).clamped(min, max) : middle,
            top: hasSketch ? sketch.quantile(1 - fraction).clamped(min, max) : middle,
            isApproximate: isApproximate && min < max, sketch: hasSketch ? sketch : nil)
        return try? aggregate.checked()
    }

    private mutating func add(_ value: Double, _ count: UInt64) {
        let value = (value * factor).clamped(-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
        sketch.add(value, weight: Int64(clamping: count))
        (low, high) = (Swift.min(low, value), Swift.max(high, value))
    }

    /// `count` samples between two values, evenly.
    private mutating func spread(_ count: UInt64, _ value: (Double) -> Double) {
        let places = Swift.min(count, Self.placesMax)
        for place in 0..<places {
            let share = count * (place + 1) / places - count * place / places
            add(value((Double(place) + 0.5) / Double(places)), share)
        }
    }

    private mutating func addExplicit(_ place: Int, _ count: UInt64, _ bounds: [Double]) {
        var lower = place > 0 ? bounds[place - 1] : Swift.min(histogram.min ?? 0, bounds.first ?? 0)
        var upper = place < bounds.count ? bounds[place] : Swift.max(histogram.max ?? lower, lower)
        if let min = histogram.min { lower = Swift.max(lower, min) }
        if let max = histogram.max { upper = Swift.min(upper, max) }
        let (start, length) = (lower, Swift.max(0, upper - lower))
        spread(count) { start + length * $0 }
    }

    private mutating func addExponential(_ index: Int32, _ count: UInt64, _ scale: Int32, sign: Double) {
        let range = SketchIndex.range
        if scale >= Self.scale {
            let place = (index >> (scale - Self.scale)).clamped(range.lowerBound, range.upperBound)
            return add(sign * Self.representative(of: place), count)
        }
        // A bucket of scale s takes 2^(5 - s) of ours.
        let width = Int64(1) << Int64(Self.scale - scale)
        let start = Double(Int64(index) * width)
        spread(count) { share in
            let place = Int32(
                (start + Double(width) * share).rounded(.down).clamped(Double(range.lowerBound), Double(range.upperBound)))
            return sign * Self.representative(of: place)
        }
    }

    private static func representative(of index: Int32) -> Double {
        // Nobody's sketch goes beyond a double's range.
        Swift.min(SketchIndex.representative(of: index), .greatestFiniteMagnitude)
    }
}
