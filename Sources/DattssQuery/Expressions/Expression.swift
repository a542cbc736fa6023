/// What is to be worked out, as a typed tree: every language and API of the engine (PromQL, the API) makes one of these.
///
/// An expression is a number for each instant of a ``TimeGrid``, or a set of series; see ``isScalar``.
public indirect enum Expression: Sendable, Hashable {
    /// The same number at every instant.
    case number(Double)
    /// Each instant itself, in seconds.
    case time
    /// Statistics: of each a number for what is in a span before each instant.
    case statistics(Selection, Reading, Span)
    /// Distributions: what is in a span before each instant, merged by groups, and a number of each.
    case distribution(Selection, Span, Grouping?, Summary)
    /// Each series by itself.
    case map(Transform, Expression)
    /// Each series by itself: at each instant something of the values at it and the instants before, `instants` in all.
    case moving(MovingFunction, instants: Int, Expression)
    /// As it was so much earlier.
    case shifted(milliseconds: Int64, Expression)
    /// Series across, by groups.
    case reduce(Reducer, Grouping, Expression)
    /// The highest or the lowest series.
    case choose(Choice, Grouping, Expression)
    /// Two expressions, value by value.
    case combine(Operator, Expression, Expression, Matching)
    /// A series without labels that has the values of a scalar.
    case vector(Expression)
    /// The value of the only series there is; no number where there is none, or several.
    case scalar(Expression)
    /// A series of ones where there is nothing, with these labels.
    case absent(Labels, Expression)
    /// Sorted by the last value, for a single instant.
    case sorted(descending: Bool, Expression)

    /// Whether it is a number at each instant and not a set of series.
    public var isScalar: Bool {
        switch self {
        case .number, .time, .scalar: true
        case .map(_, let operand): operand.isScalar
        case .shifted(_, let operand): operand.isScalar
        case .combine(_, let left, let right, _): left.isScalar && right.isScalar
        default: false
        }
    }
}

/// What lies before an instant: the minutes that end in (instant − offset − length, instant − offset], and one at least.
public struct Span: Sendable, Hashable {
    /// At least 1.
    public var milliseconds: Int64
    /// How much earlier; may be below zero.
    public var offsetMilliseconds: Int64

    /// How far an instant looks back for a value when nothing else is said.
    public static let lookbackMilliseconds: Int64 = 300_000

    /// Makes a span of its parts.
    public init(milliseconds: Int64 = lookbackMilliseconds, offsetMilliseconds: Int64 = 0) {
        (self.milliseconds, self.offsetMilliseconds) = (milliseconds, offsetMilliseconds)
    }
}

/// What becomes of the minutes in a span. They are merged first: a mean is that of all samples, not of means.
public enum Reading: Sendable, Hashable {
    /// The value as it is at the instant: a gauge's last, a counter's running total.
    case instant
    /// What was counted, for the length of the span; by the second; by the second in the last minute.
    case increase, rate, instantRate
    /// Those of all samples in the span; for running totals, those of their values minute by minute.
    case mean, min, max, sum, count, last, present
    /// Something of the values minute by minute.
    case sequence(SequenceFunction)
}

/// What can be made of the values of a series one after the other.
public enum SequenceFunction: Sendable, Hashable {
    /// From the first to the last, extended to the ends of the span as Prometheus does it; the last step.
    case delta, lastDelta
    /// The slope by linear regression, by the second; where it leads in so many seconds.
    case derivative
    case prediction(seconds: Double)
    case changes, resets
    /// By linear interpolation between ranks.
    case quantile(Double)
    case deviation, variance
}

/// A number of a distribution.
public enum Summary: Sendable, Hashable {
    case quantile(Double)
    /// How many samples, and their sum: in the span, or by the second.
    case count(bySecond: Bool)
    case sum(bySecond: Bool)
    case mean
    /// Which part of the samples lies above one value and at most another.
    case fraction(above: Double, through: Double)
}

/// What is done with each value, or each series from its first instant on.
public enum Transform: Sendable, Hashable {
    case scale(Double), offset(Double)
    case absolute, ceiling, floor, exponential, squareRoot, sign, naturalLogarithm, binaryLogarithm, decimalLogarithm
    case rounded(toMultipleOf: Double)
    case clamped(Double, Double)
    /// The sum of all values so far.
    case integral
    /// The difference to the instant before; by the second; without falls, as of a counter kept as a gauge.
    case difference, perSecond, nonNegativeDifference
    /// A gap is filled with a value, or with the last one, for so many instants at most.
    case fill(Double), keepLast(instants: Int)
    /// Values above, or below, become gaps.
    case removeAbove(Double), removeBelow(Double)
    /// The instant of each value, in seconds.
    case timestamp
    /// The value with its sign changed.
    case negated
}

/// What can be made of the values at some neighbouring instants.
public enum MovingFunction: Sendable, Hashable { case mean, median, sum, min, max }

/// What becomes of the values of several series at an instant.
public enum Reducer: Sendable, Hashable {
    case sum, mean, min, max, count, group, deviation, variance
    /// By linear interpolation between ranks, as Prometheus has it: of values, not of samples.
    case quantile(Double)
}

/// Which series belong together.
public enum Grouping: Sendable, Hashable {
    /// Those with equal values of these labels. `n0`, `n1`, … are components of paths.
    case by([String])
    /// Those whose labels are equal but for these.
    case without([String])

    /// One group of all series.
    public static var all: Grouping { .by([]) }
}

/// Which series are chosen.
public struct Choice: Sendable, Hashable {
    /// How many of each group.
    public var count: Int
    /// Whether the highest, or the lowest.
    public var isHighest: Bool
    /// By what; nil: at each instant by its value, so that others may be chosen at the next.
    public var rank: Rank?

    /// What stands for a whole series.
    public enum Rank: Sendable, Hashable { case mean, max, min, last, sum }

    /// Makes a choice of its parts.
    public init(_ count: Int, isHighest: Bool, by rank: Rank? = nil) {
        (self.count, self.isHighest, self.rank) = (count, isHighest, rank)
    }
}

/// What becomes of two values.
public enum Operator: Sendable, Hashable {
    case add, subtract, multiply, divide, modulo, power, arcTangent
    /// The left in percent of the right.
    case percentOf
    /// Values of the left remain for which it holds; or 1 and 0 for all.
    case compare(Relation, isBoolean: Bool)
    /// Series of both; those of either; those of the left that the right does not have.
    case and, or, unless

    /// How two values are compared.
    public enum Relation: Sendable, Hashable { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual }

    var isSetOperator: Bool { self == .and || self == .or || self == .unless }
    var keepsNames: Bool {
        if case .compare(_, let isBoolean) = self { !isBoolean } else { isSetOperator }
    }
}

/// Which series of the left go with which of the right.
public struct Matching: Sendable, Hashable {
    /// Those whose labels are equal, by these only or but for these.
    public var labels: Grouping
    /// Whether several of one side may go with one of the other.
    public var cardinality: Cardinality
    /// Labels that the one gives to the many.
    public var included: [String]

    /// How many of each side may go together.
    public enum Cardinality: Sendable, Hashable { case oneToOne, manyToOne, oneToMany }

    /// All labels have to be equal, but for the name.
    public init(_ labels: Grouping = .without([]), _ cardinality: Cardinality = .oneToOne, included: [String] = []) {
        (self.labels, self.cardinality, self.included) = (labels, cardinality, included)
    }
}
