internal import LibC

/// Which number of a statistic is compared with the usual one, and on which scale.
///
/// On its scale a kind's noise is about the same wherever the value is: the counting noise of a counter has the variance 1 on
/// 2√(x + 3/8) (Anscombe, 1948), and durations vary by factors.
public enum UsualMeasure: Sendable, Hashable {
    /// How many came in a step: counters.
    case count
    /// A duration: timers.
    case duration
    /// Any number: gauges.
    case level

    /// What is compared of a kind.
    public init(_ kind: Kind) {
        switch kind {
        case .counter: self = .count
        case .timer: self = .duration
        case .gauge: self = .level
        }
    }

    /// A value on the measure's scale.
    func scaled(_ value: Double) -> Double {
        switch self {
        case .count: 2 * (max(0, value) + 0.375).squareRoot()
        case .duration: log(max(0, value) + 1)
        case .level: value
        }
    }

    /// The value that lies there on the scale.
    func unscaled(_ scaled: Double) -> Double {
        switch self {
        case .count: max(0, max(0, scaled) * max(0, scaled) / 4 - 0.375)
        case .duration: max(0, exp(scaled) - 1)
        case .level: scaled
        }
    }

    /// The least standard deviation of a step on this scale.
    var noise: Double { self == .count ? 1 : 0 }

    /// The number of a step that is compared: the sum of a counter, the mean of a gauge, and the median of a timer, or its mean where no
    /// sketch tells the median.
    public func value(of aggregate: Aggregate) -> Double {
        switch self {
        case .count: aggregate.sum
        case .duration: aggregate.quantile(0.5) ?? aggregate.mean
        case .level: aggregate.mean
        }
    }
}

extension Double {
    /// log10.
    var decimalLogarithm: Double { log10(self) }
}
