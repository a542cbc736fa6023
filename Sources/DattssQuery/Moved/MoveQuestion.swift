public import DattssCore

/// What else moved in a window: which statistics are looked at, by which number, and against what.
public struct MoveQuestion: Sendable {
    /// The window and what it is compared with.
    public var layout: MoveLayout
    /// What the paths are like.
    public var pattern: PathPattern
    /// Which kinds are looked at.
    public var kinds: Set<Kind>
    /// By which numbers timers are judged: the one that moved furthest is told.
    public var timerFigures: [MoveFigure]
    /// By which number gauges are judged.
    public var gaugeFigure: MoveFigure
    /// How many are told at most.
    public var limit: Int

    /// All statistics, by their usual numbers.
    public init(_ layout: MoveLayout, limit: Int) throws(QueryError) {
        (self.layout, self.limit) = (layout, limit)
        pattern = try PathPattern("**")
        kinds = Set(Kind.allCases)
        timerFigures = [.top, .perMinute]
        gaugeFigure = .average
    }

    /// The numbers by which a statistic of a kind is judged.
    func figures(of kind: Kind) -> [MoveFigure] {
        switch kind {
        case .counter: [.perMinute]
        case .timer: timerFigures
        case .gauge: [gaugeFigure]
        }
    }
}

/// By which number of its minutes a statistic is judged.
public enum MoveFigure: Sendable, Hashable, CustomStringConvertible {
    /// What a counter counted, or how many samples a timer had.
    case perMinute
    /// The mean of all samples.
    case average
    /// The last sample.
    case last
    /// The upper quantile that senders give, mostly the 90th percentile: it is known without reading a sketch.
    case top
    /// A percentile out of the sketch.
    case quantile(Double, name: String)

    /// As ``Figure`` names them, and two that plots do not have.
    public init?(_ text: String) {
        switch text {
        case "last": self = .last
        case "top": self = .top
        default:
            switch Figure(text) {
            case .perMinute?: self = .perMinute
            case .average?: self = .average
            case .quantile(let quantile)?: self = .quantile(quantile, name: text)
            default: return nil
            }
        }
    }

    /// What it is called in addresses.
    public var description: String {
        switch self {
        case .perMinute: "per-minute"
        case .average: "average"
        case .last: "last"
        case .top: "top"
        case .quantile(_, let name): name
        }
    }

    /// Whether it is zero, and not unknown, in a minute without samples.
    var isCounted: Bool { self == .perMinute }

    var needsSketches: Bool { if case .quantile = self { true } else { false } }

    /// What is added up of an aggregate in a bin, and by what the sum is divided; the sum of what is counted is by the bin's minutes.
    @inline(__always)
    func value(of aggregate: borrowing Aggregate, _ kind: Kind) -> (value: Double, weight: Double)? {
        switch self {
        case .perMinute: (kind == .timer ? Double(aggregate.count) : aggregate.sum, 1)
        case .average: (aggregate.sum, Double(aggregate.count))
        case .last: (aggregate.last, 1)
        case .top: (aggregate.top, 1)
        case .quantile(let quantile, _): aggregate.quantile(quantile).map { ($0, 1) }
        }
    }
}

/// What moved.
public struct MoveAnswer: Sendable, Hashable {
    /// A statistic that moved.
    public struct Moved: Sendable, Hashable {
        /// Which one.
        public var key: StatisticKey
        /// By which number.
        public var figure: MoveFigure
        /// How.
        public var move: Move
        /// When it began.
        public var began: Minute
        /// When it was over; nil when it was not by the end of the window.
        public var ended: Minute?
        /// The points of a small drawing, as ``MoveLayout/drawing`` says; not a number where there is none.
        public var values: [Float]
    }

    /// Those that moved furthest, that one first.
    public var moved: [Moved]
    /// How many moved further than the baseline did by itself.
    public var movedCount: Int
    /// How many statistics were compared.
    public var comparedCount: Int

    /// Less is how the baseline moved, too.
    public static let scoreMin = 1.0
}
