import DattssCore
import Foundation

/// How samples are distributed over bands of values, step by step.
///
/// The bands are equally wide on a logarithmic scale, as the buckets of sketches are, and never narrower than these, so that no band is
/// empty for the way in which samples are kept. What is zero or below is in the lowest band.
public struct Heatmap: Sendable, Hashable {
    /// Where bands end, ascending: band `i` is above `bounds[i]` and at most `bounds[i + 1]`. Empty where there is no sample.
    public let bounds: [Double]
    /// For each step, how many samples are in each band; empty for a step without samples. An hour that is shared out has fractions.
    public let counts: [[Double]]
    /// How many statistics matched the pattern in the range.
    public let statisticCount: Int
    /// Whether some senders gave no sketches; see ``Distribution/isApproximate``.
    public let isApproximate: Bool

    /// A bucket of a sketch is so many times as high as it is low, by a little more.
    private static let narrowest = 1.03
    /// What is lower than the highest by so much is in the lowest band.
    private static let reach = 1e6

    init(of steps: [Distribution], statisticCount: Int, bandsMax: Int) {
        self.statisticCount = statisticCount
        isApproximate = steps.contains(where: \.isApproximate)
        let present = steps.filter { $0.count > 0 }
        let high = present.map { $0.quantile(1) }.max() ?? 0
        let low = Swift.max(present.map { $0.quantile(0) }.min() ?? 0, high / Self.reach)
        guard !present.isEmpty, bandsMax > 0 else {
            (bounds, counts) = ([], steps.map { _ in [] })
            return
        }
        bounds = high > 0 ? Self.bounds(low, high, bandsMax) : [high - 1, high]
        counts = steps.map { [bounds] step in
            guard step.count > 0 else { return [] }
            var below = 0.0
            return (1..<bounds.count).map { band in
                // What is kept as the highest bucket may end a little above the largest sample.
                let through = band == bounds.count - 1 ? step.count : step.countThrough(bounds[band])
                defer { below = through }
                return Swift.max(0, through - below)
            }
        }
    }

    private static func bounds(_ low: Double, _ high: Double, _ bandsMax: Int) -> [Double] {
        let first = low / narrowest
        let count = Swift.min(bandsMax, Swift.max(1, Int((log(high / first) / log(narrowest)).rounded(.down))))
        let ratio = log(high / first) / Double(count)
        return (0...count).map { $0 == count ? high : first * exp(ratio * Double($0)) }
    }
}
