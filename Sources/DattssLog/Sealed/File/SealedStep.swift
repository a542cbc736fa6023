internal import DattssCore

/// How long the points of a sealed file are. The raw value is in minutes, and the code in the file.
public enum SealedStep: UInt16, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case minute = 1
    case hour = 60

    var folder: String {
        switch self {
        case .minute: "days"
        case .hour: "hours"
        }
    }

    var suffix: String {
        switch self {
        case .minute: ".day"
        case .hour: ".hours"
        }
    }

    public var description: String { self == .minute ? "minutes" : "hours" }

    /// Points a day, when none is missing and no minute has several.
    var slotsPerDay: Int { Int(Minute.perDay) / Int(rawValue) }

    /// Which point of its day a minute belongs to, counted from 0.
    func slot(of minute: Minute) -> Int { Int((minute.index - minute.day * Minute.perDay) / Int64(rawValue)) }

    /// The first minute of a point.
    func minute(ofSlot slot: Int, day: Int64) -> Minute { Minute(day * Minute.perDay + Int64(slot) * Int64(rawValue)) }

    static func origin(ofDay day: Int64) -> Minute { Minute(day * Minute.perDay) }
}
