import DattssCore
import Synchronization

/// Keeps of each statistic what was sent last, out of ranges of minutes that are read from the latest to the earliest.
final class PastCollector: Sendable {
    private let countMax: Int
    private let isWanted: @Sendable () -> Bool
    private let state = Mutex(State())

    private struct State {
        var keys: [StatisticKey] = []
        var slots: [StatisticKey: Int] = [:]
        /// By slot, where what was found of it is; -1 for nothing. (A name may be read without any minute of the range.)
        var places: [Int32] = []
        var found: [Found] = []
        /// How many are known from later ranges, of which nothing earlier is of interest.
        var settledCount = 0
        var looks = 0
        var hasEnded = false
    }

    /// The last minute of a statistic, and the one just before it.
    private struct Found {
        let slot: Int
        var last: MinutePoint
        var isHour: Bool
        var before: Aggregate?

        mutating func take(_ point: MinutePoint, isHour: Bool) {
            if point.minute == last.minute {
                last.aggregate = Self.merged(last.aggregate, point.aggregate)
            } else if point.minute > last.minute {
                before = point.minute == last.minute.advanced(by: 1) ? last.aggregate : nil
                (last, self.isHour) = (point, isHour)
            } else if point.minute == last.minute.advanced(by: -1) {
                before = before.map { Self.merged($0, point.aggregate) } ?? point.aggregate
            }
        }

        static func merged(_ first: Aggregate, _ second: Aggregate) -> Aggregate {
            var merging = MergingAggregate(first)
            merging.merge(second)
            return merging.merged
        }
    }

    /// It is asked so often whether anybody still waits: once in so many points.
    private static let looksBetween = 2048

    init(countMax: Int, isWanted: @escaping @Sendable () -> Bool) { (self.countMax, self.isWanted) = (countMax, isWanted) }

    /// Takes in the next range.
    var reader: SurveyReader {
        SurveyReader(
            slot: { [self] key in slot(of: key) }, add: { [self] in add($1, isHour: $2, to: $0) },
            restart: { [self] in state.withLock { Self.forgetUnsettled(&$0) } }, keys: { [] }, setTotal: { _, _ in })
    }

    /// Ends a range: what was found in it is not looked for in earlier ones.
    /// - Throws: ``PastError``.
    func settle() throws(PastError) {
        let (count, hasEnded) = state.withLock { state in
            state.settledCount = state.found.count
            return (state.found.count, state.hasEnded)
        }
        if count > countMax { throw .tooMany(countMax) }
        if hasEnded || !isWanted() { throw .ended }
    }

    private func slot(of key: StatisticKey) -> Int {
        state.withLock { state in
            if let slot = state.slots[key] {
                let place = state.places[slot]
                return place >= 0 && place < state.settledCount ? -1 : slot
            }
            state.slots[key] = state.keys.count
            state.keys.append(key)
            state.places.append(-1)
            return state.keys.count - 1
        }
    }

    private func add(_ point: MinutePoint, isHour: Bool, to slot: Int) -> Bool {
        state.withLock { state in
            let place = Int(state.places[slot])
            if place >= 0 {
                state.found[place].take(point, isHour: isHour)
            } else {
                state.places[slot] = Int32(state.found.count)
                state.found.append(Found(slot: slot, last: point, isHour: isHour))
            }
            state.looks += 1
            if state.looks.isMultiple(of: Self.looksBetween), !isWanted() { state.hasEnded = true }
            // One too many is enough to know that there are.
            return !state.hasEnded && state.found.count <= countMax
        }
    }

    private static func forgetUnsettled(_ state: inout State) {
        for found in state.found[state.settledCount...] { state.places[found.slot] = -1 }
        state.found.removeLast(state.found.count - state.settledCount)
    }

    // MARK: What it comes to

    /// Sorted by statistic.
    func statuses(before edge: Minute, stepMinutes: Int64) -> [StatisticStatus] {
        state.withLock { state in
            state.found.map { Self.status(of: state.keys[$0.slot], $0, edge, stepMinutes) }.sorted { $0.key < $1.key }
        }
    }

    private static func status(of key: StatisticKey, _ found: Found, _ edge: Minute, _ step: Int64) -> StatisticStatus {
        let (last, aggregate) = (found.last, found.last.aggregate)
        let age = edge.index - last.minute.index
        var window = Window.Totals()
        if age <= step {
            // What a counter had in a minute is told, also where that is the mean of the minutes of an hour.
            window.sum = key.kind == .counter ? aggregate.sum / Double(step) : aggregate.sum
            if key.kind != .counter { (window.count, window.max, window.min) = (aggregate.count, aggregate.max, aggregate.min) }
        }
        let end = last.minute.advanced(by: found.isHour ? 60 : 1)
        return StatisticStatus(
            key: key, sum: 0, since: nil, last: aggregate.last, seen: min(end, edge).start.advanced(byMilliseconds: -1),
            isEmphasised: aggregate.isEmphasised, window: window,
            percentiles: key.kind == .timer ? percentiles(found, age: age, step) : nil)
    }

    /// Those of the last two minutes together, as a status has them: that of a minute alone would jump about.
    private static func percentiles(_ found: Found, age: Int64, _ step: Int64) -> StatisticStatus.Percentiles? {
        let last = found.last.aggregate
        if step > 1 { return age <= step ? last.percentiles : nil }
        guard age <= 2 else { return nil }
        guard age == 1, let before = found.before else { return last.percentiles }
        return Found.merged(before, last).percentiles
    }
}
