/// What a statistic measures. The raw value is the kind's code in the log.
public enum Kind: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// Things that happen: `2c`. Its status is a running total.
    case counter = 0
    /// How long things take, in milliseconds: `153ms`. Its status is a distribution.
    case timer = 1
    /// How much there is of something: `23g`. Its status is the last value.
    case gauge = 2

    /// The unit that follows a value on the wire, and the kind's name in JSON: `c`, `ms` or `g`.
    public var symbol: String {
        switch self {
        case .counter: "c"
        case .timer: "ms"
        case .gauge: "g"
        }
    }

    /// The kind with a symbol; nil for anything but `c`, `ms` and `g`.
    public init?(symbol: some StringProtocol) {
        switch symbol {
        case "c": self = .counter
        case "ms": self = .timer
        case "g": self = .gauge
        default: return nil
        }
    }

    public static func < (a: Kind, b: Kind) -> Bool { a.rawValue < b.rawValue }
}
