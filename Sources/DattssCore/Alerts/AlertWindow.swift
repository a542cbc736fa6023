/// What a rule sees of one statistic: the sixty seconds up to the end of a slot.
///
/// Live, it comes from the statistic's ``Window``; of the past, from the minute of the log. At the end of a minute both are of the
/// same samples, so that a rule that is looked at each minute says the same of both.
public struct AlertWindow: Sendable, Hashable {
    /// The statistic's kind.
    public var kind: Kind
    /// The sum of the samples.
    public var sum = 0.0
    /// How many there are; of a counter only whether there are any: 0 or 1.
    public var count: Int64 = 0
    /// The largest and the smallest sample, where ``count`` is not 0; not known of counters.
    public var max = 0.0
    /// See ``max``.
    public var min = 0.0
    /// A gauge's last value, as long as it is good.
    public var last: Double?
    /// A timer's percentiles.
    public var percentiles: StatisticStatus.Percentiles?
    /// Whether the user sent anything at all: without that, a counter that is silent is not zero but unknown.
    public var isActive: Bool

    /// For how long a gauge keeps the value that was sent last.
    public static let valueSlots: Int64 = 60

    /// What is live at the end of a slot.
    public init(_ status: StatisticStatus, at slot: Int64, isActive: Bool) {
        kind = status.key.kind
        self.isActive = isActive
        let seen = Window.slotNumber(at: status.seen)
        if kind == .gauge, seen > slot - Self.valueSlots { last = status.last }
        guard seen > slot - Window.slotCount else { return }
        sum = status.window.sum
        count = kind == .counter ? 1 : status.window.count
        guard kind != .counter, count > 0 else { return }
        (max, min) = (status.window.max, status.window.min)
        percentiles = status.percentiles
    }

    /// What a minute of the log has.
    /// - Parameters:
    ///   - aggregate: nil when nothing was sent of the statistic.
    ///   - last: a gauge's last value, from this minute or one before it, as long as it is good.
    public init(_ kind: Kind, _ aggregate: Aggregate?, last: Double?, isActive: Bool) {
        (self.kind, self.isActive) = (kind, isActive)
        if kind == .gauge { self.last = last }
        guard let aggregate else { return }
        sum = aggregate.sum
        count = kind == .counter ? 1 : aggregate.count
        guard kind != .counter else { return }
        (max, min) = (aggregate.max, aggregate.min)
        if kind == .timer { percentiles = aggregate.percentiles }
    }

    /// The number that a rule compares; nil where there is none.
    public func number(_ measure: AlertMeasure) -> Double? {
        switch measure {
        case .value: return last
        case .rate: return amount.map { $0 / 60 }
        case .minuteRate: return amount
        case .sum: return countedSum
        case .count: return isActive ? Double(count) : nil
        case .average: return count > 0 ? sum / Double(count) : nil
        case .max: return count > 0 ? max : nil
        case .min: return count > 0 ? min : nil
        case .p50: return percentiles?.p50
        case .p95: return percentiles?.p95
        case .p99: return percentiles?.p99
        case .usual, .absence, .silence, .process: return nil
        }
    }

    private var countedSum: Double? { count > 0 ? sum : isActive ? 0 : nil }
    private var amount: Double? { kind == .counter ? countedSum : isActive ? Double(count) : nil }
}

/// What a rule finds when it looks.
public enum AlertReading: Sendable, Hashable {
    /// A number to compare.
    case value(Double)
    /// Whether something is wrong, where that is no number.
    case isWrong(Bool)
    /// Nothing is known.
    case nothing

    /// What a rule finds in a window.
    /// - Parameters:
    ///   - score: how unusual the statistic is, if that is known.
    ///   - isProgramUp: whether the program is up that the rule asks for; only asked of a silence.
    public init(
        _ rule: AlertRule, _ window: AlertWindow, score: @autoclosure () -> Double?, isProgramUp: @autoclosure () -> Bool
    ) {
        switch rule.measure {
        case .absence: self = .isWrong(window.count == 0)
        case .silence:
            // Nothing is known of what is down; that it is down is another rule's business.
            self = window.count > 0 ? .isWrong(false) : isProgramUp() ? .isWrong(true) : .nothing
        case .usual: self = score().map { .value($0) } ?? .nothing
        case .process: self = .nothing
        default: self = window.number(rule.measure).map { .value($0) } ?? .nothing
        }
    }
}
