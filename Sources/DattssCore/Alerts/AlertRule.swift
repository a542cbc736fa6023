/// What is watched, what is too much of it, and who is told.
///
/// A rule is made by ``init(_:)`` of JSON, which checks it; everywhere else it is right. It is about each matching statistic by
/// itself: see ``AlertInstance``.
public struct AlertRule: Sendable, Hashable {
    /// Names the rule among those of its user: `[A-Za-z0-9_.:!-]{1,64}`, given by the user or drawn by the server.
    public var id: String
    /// A title for people.
    public var name: String
    /// Which statistics, or, for ``AlertMeasure/process``, which programs.
    public var match: AlertPattern
    /// Only statistics of this kind; nil for each that has what is measured.
    public var kind: Kind?
    /// What is looked at.
    public var measure: AlertMeasure
    /// What is too much of it; nil for measures that say by themselves whether something is wrong.
    public var condition: AlertCondition?
    /// When it is enough again; nil when that is the threshold itself. So a value that wavers about the threshold does not tell of it
    /// again and again.
    public var recover: Double?
    /// For how long it has to be so.
    public var forSeconds: Int64 = 0
    /// Whether it is looked at each five seconds, or at the end of each minute.
    public var cadence: AlertCadence = .slot
    /// How much it matters.
    public var severity: AlertSeverity = .warning
    /// What whoever reads it is told.
    public var text = ""
    /// Where it is written what is to be done.
    public var runbook: String?
    /// The channels that carry its messages, by name.
    public var channels: [String] = []
    /// After how long it is told again, as long as nobody has acknowledged it; nil for never.
    public var remindSeconds: Int64?
    /// The program that has to be up for a silence to count, as a pattern; nil when it is enough that the user sends anything.
    public var process: AlertPattern?
    /// Whether it is looked at at all.
    public var isEnabled = true

    /// A rule of the parts that each has.
    public init(id: String, name: String, match: AlertPattern, measure: AlertMeasure, condition: AlertCondition?) {
        (self.id, self.name, self.match, self.measure, self.condition) = (id, name, match, measure, condition)
        if measure.isMinutely { cadence = .minute }
    }

    /// Whether it is about a statistic.
    public func matches(_ key: StatisticKey) -> Bool {
        measure != .process && (kind.map { $0 == key.kind } ?? measure.kinds.contains(key.kind)) && match.matches(key.path)
    }
}

/// How often a rule is looked at.
public enum AlertCadence: String, Sendable, Hashable, CaseIterable {
    /// For each slot of five seconds, on the sixty seconds up to its end.
    case slot = "5s"
    /// At the end of each minute, on that minute.
    case minute = "60s"
}

/// How much a rule matters.
public enum AlertSeverity: String, Sendable, Hashable, CaseIterable {
    case info
    case warning
    case critical
}

/// What a rule looks at: one number of the last sixty seconds, or whether something is missing.
public enum AlertMeasure: String, Sendable, Hashable, CaseIterable {
    /// A gauge's last value, as long as it is no older than ``AlertWindow/valueSlots``.
    case value
    /// How much a second: counted, or samples of a timer.
    case rate
    /// The same a minute.
    case minuteRate = "rate-per-minute"
    /// The sum of a counter's or timer's samples.
    case sum
    /// The mean of a gauge's or timer's samples.
    case average
    case p50
    case p95
    case p99
    /// The largest sample of a gauge or timer.
    case max
    /// The smallest sample of a gauge or timer.
    case min
    /// How many samples a gauge or timer has.
    case count
    /// How unusual it is: the magnitude is −log10 of how improbable, negative for less than usual.
    case usual
    /// Nothing came of it, whyever.
    case absence
    /// Nothing came of it, while its program is up.
    case silence
    /// A program is down that has not been asked to stop.
    case process

    /// The kinds of which there is such a number.
    public var kinds: Set<Kind> {
        switch self {
        case .value: [.gauge]
        case .rate, .minuteRate, .sum: [.counter, .timer]
        case .average, .max, .min, .count: [.gauge, .timer]
        case .p50, .p95, .p99: [.timer]
        case .usual, .absence, .silence: Set(Kind.allCases)
        case .process: []
        }
    }

    /// Whether it is known only once a minute.
    public var isMinutely: Bool { [.usual, .absence, .silence, .process].contains(self) }
    /// Whether it is compared with a threshold.
    public var isNumber: Bool { ![.absence, .silence, .process].contains(self) }
}

/// When a number is too much.
public enum AlertCondition: Sendable, Hashable {
    case above(Double)
    case below(Double)
    case equal(Double)
    /// Only of ``AlertMeasure/usual``: a score of at least this, in either direction.
    case outside(Double)

    /// The number of the rule.
    public var threshold: Double {
        switch self {
        case .above(let threshold), .below(let threshold), .equal(let threshold), .outside(let threshold): threshold
        }
    }

    /// The condition's name in JSON.
    public var name: String {
        switch self {
        case .above: "above"
        case .below: "below"
        case .equal: "equal"
        case .outside: "outside"
        }
    }

    /// Whether a number is too much.
    public func isBroken(by value: Double) -> Bool {
        switch self {
        case .above(let threshold): value > threshold
        case .below(let threshold): value < threshold
        case .equal(let threshold): value == threshold
        case .outside(let threshold): value.magnitude >= threshold
        }
    }

    /// Whether a number is good again, after it was too much.
    /// - Parameter recover: nil for the threshold itself.
    public func isRecovered(by value: Double, recover: Double?) -> Bool {
        guard let recover else { return !isBroken(by: value) }
        return switch self {
        case .above: value <= recover
        case .below: value >= recover
        case .equal: value != threshold
        case .outside: value.magnitude <= recover
        }
    }
}
