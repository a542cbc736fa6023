import DattssCore

/// The values of a series minute by minute, for what has to see them one after the other. The formulas are those of Prometheus, so
/// that they give the same numbers.
struct SampleSequence {
    struct Sample {
        let minute: Int64
        let value: Double

        /// It is known when its minute is over.
        var seconds: Double { Double((minute + 1) * 60) }
    }

    private let samples: [Sample]
    private let windows: SpanWindows
    private let span: Span
    private let grid: TimeGrid

    /// - Parameter samples: ascending.
    init(_ samples: [Sample], _ windows: SpanWindows, _ span: Span, _ grid: TimeGrid) {
        (self.samples, self.windows, self.span, self.grid) = (samples, windows, span, grid)
    }

    func values(_ reading: Reading) -> [Double] {
        var (from, end) = (0, 0)
        return (0..<grid.count).map { instant in
            let minutes = windows.minutes[instant]
            while end < samples.count, samples[end].minute < minutes.upperBound { end += 1 }
            while from < end, samples[from].minute < minutes.lowerBound { from += 1 }
            let window = samples[from..<end]
            return window.isEmpty ? .gap : value(reading, window, instant)
        }
    }

    private func value(_ reading: Reading, _ window: ArraySlice<Sample>, _ instant: Int) -> Double {
        let values = window.lazy.map(\.value)
        switch reading {
        case .mean: return values.reduce(0, +) / Double(window.count)
        case .sum: return values.reduce(0, +)
        case .min: return values.min() ?? .gap
        case .max: return values.max() ?? .gap
        case .count: return Double(window.count)
        case .present: return 1
        case .sequence(let function): return value(function, window, instant)
        default: return window.last?.value ?? .gap
        }
    }

    private func value(_ function: SequenceFunction, _ window: ArraySlice<Sample>, _ instant: Int) -> Double {
        let values = window.map(\.value)
        switch function {
        case .delta: return delta(window, instant)
        case .lastDelta: return values.count < 2 ? .gap : values[values.count - 1] - values[values.count - 2]
        case .derivative: return values.count < 2 ? .gap : regression(window, at: window[window.startIndex].seconds).slope
        case .prediction(let seconds):
            if values.count < 2 { return .gap }
            let line = regression(window, at: Double(grid.instant(instant).milliseconds) / 1000)
            return line.slope * seconds + line.intercept
        case .changes: return Double(zip(values, values.dropFirst()).count { $0 != $1 && !($0.isNaN && $1.isNaN) })
        case .resets: return Double(zip(values, values.dropFirst()).count { $1 < $0 })
        case .quantile(let quantile): return values.interpolatedQuantile(quantile)
        case .deviation: return values.variance.squareRoot()
        case .variance: return values.variance
        }
    }

    /// As `extrapolatedRate` of Prometheus: extended to the ends of the span, but not beyond half a distance between samples where these
    /// begin or end within it.
    private func delta(_ window: ArraySlice<Sample>, _ instant: Int) -> Double {
        guard window.count >= 2, let first = window.first, let last = window.last else { return .gap }
        let end = Double(grid.instant(instant).milliseconds - span.offsetMilliseconds) / 1000
        let start = end - Double(span.milliseconds) / 1000
        let sampled = last.seconds - first.seconds
        let average = sampled / Double(window.count - 1)
        let (toStart, toEnd) = (first.seconds - start, end - last.seconds)
        let extended = sampled + (toStart < average * 1.1 ? toStart : average / 2) + (toEnd < average * 1.1 ? toEnd : average / 2)
        return (last.value - first.value) * (extended / sampled)
    }

    private func regression(_ window: ArraySlice<Sample>, at origin: Double) -> (slope: Double, intercept: Double) {
        let initial = window[window.startIndex].value
        if window.allSatisfy({ $0.value == initial }) { return (initial.isFinite ? 0 : .nan, initial) }
        let n = Double(window.count)
        var (sumX, sumY, sumXY, sumXX) = (0.0, 0.0, 0.0, 0.0)
        for sample in window {
            let x = sample.seconds - origin
            sumX += x
            sumY += sample.value
            sumXY += x * sample.value
            sumXX += x * x
        }
        let slope = (sumXY - sumX * sumY / n) / (sumXX - sumX * sumX / n)
        return (slope, sumY / n - slope * sumX / n)
    }
}

extension Array where Element == Double {
    /// By linear interpolation between ranks (Hyndman & Fan 1996, definition 7), as Prometheus has it.
    func interpolatedQuantile(_ quantile: Double) -> Double {
        if isEmpty || quantile.isNaN { return .nan }
        if quantile < 0 { return -.infinity }
        if quantile > 1 { return .infinity }
        let ordered = sorted { $0 < $1 || ($0.isNaN && !$1.isNaN) }
        let rank = quantile * Double(count - 1)
        let lower = Swift.max(0, Int(rank.rounded(.down)))
        let upper = Swift.min(count - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return ordered[lower] * (1 - weight) + ordered[upper] * weight
    }

    /// That of a whole population (Welford, 1962).
    var variance: Double {
        var (count, mean, squares) = (0.0, 0.0, 0.0)
        for value in self {
            count += 1
            let delta = value - mean
            mean += delta / count
            squares += delta * (value - mean)
        }
        return squares / count
    }
}
