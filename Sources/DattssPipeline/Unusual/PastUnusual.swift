public import DattssCore
import Synchronization

extension Queries {
    /// What was unusual when a minute began, as ``UnusualWatcher`` would have found it then after a start: out of the eight days before,
    /// as far as their minutes are kept.
    ///
    /// Files and blocks are read once for hundreds of statistics. To judge each takes a millisecond; so of thousands there is not always
    /// time for all.
    /// - Parameters:
    ///   - keys: which statistics are looked at, those that matter most first.
    ///   - isWanted: asked again and again; false ends it.
    ///   - hasTime: the same; false leaves those that are not judged yet among the unknown.
    /// - Throws: ``PastError/ended``, and as reading the log does.
    public func unusual(
        of user: UserID, before end: Minute, among keys: [StatisticKey], isWanted: @Sendable () -> Bool,
        hasTime: @Sendable () -> Bool
    ) async throws -> UnusualList {
        var list = UnusualList()
        list.unknownCount = keys.count
        var found: [(weight: Double, statistic: UnusualList.Statistic)] = []
        for start in stride(from: 0, to: keys.count, by: PastSteps.keysMax) where hasTime() {
            let batch = keys[start..<min(start + PastSteps.keysMax, keys.count)]
            let steps = PastSteps(of: batch, before: end)
            let request = SurveyRequest(
                user: user, prefix: "", minutes: steps.minutes, withSketches: false, withTotals: false)
            let activity = steps.activity(try await survey(request, into: steps.reader))
            for (slot, key) in batch.enumerated() where hasTime() {
                if !isWanted() { throw PastError.ended }
                guard let known = UsualWatched(UsualMeasure(key.kind), steps: steps.values(of: slot, activity)) else { continue }
                list.unknownCount -= 1
                list.knownCount += 1
                guard let weight = known.weight, let since = known.reading.since else { continue }
                let points = known.recent(WatchedUser.pointsShown)
                found.append((weight, UnusualList.Statistic(key: key, reading: known.reading, since: since, points: points)))
            }
        }
        found.sort { ($1.weight, $0.statistic.key) < ($0.weight, $1.statistic.key) }
        list.statistics = found.map(\.statistic)
        return list
    }
}

/// The steps of some statistics over eight days and the day itself, while they are read.
private final class PastSteps: Sendable {
    /// The minutes of which they are made.
    let minutes: Range<Minute>
    private let first: UsualSlot
    private let count: Int
    private let measures: [UsualMeasure]
    private let slots: [StatisticKey: Int]
    private let state: Mutex<State>

    private struct State {
        /// By statistic, then by step.
        var open: [UsualOpenStep]
        /// Up to here only hours are left, of which no steps can be made.
        var hoursThrough = Minute(.min)
    }

    /// So many take some thirty megabytes.
    static let keysMax = 500
    private static let days: Int64 = 8

    init(of keys: ArraySlice<StatisticKey>, before end: Minute) {
        let last = end.advanced(by: -1)
        minutes = Minute((last.day - Self.days) * Minute.perDay)..<end
        first = UsualSlot(minutes.lowerBound)
        // A step that is not over is not judged.
        count = Int(UsualSlot(end).index - first.index)
        measures = keys.map { UsualMeasure($0.kind) }
        slots = Dictionary(uniqueKeysWithValues: zip(keys, 0...))
        state = Mutex(State(open: Array(repeating: UsualOpenStep(), count: keys.count * count)))
    }

    var reader: SurveyReader {
        SurveyReader(
            slot: { [self] in slots[$0] ?? -1 },
            add: { [self] slot, point, isHour in
                add(point, isHour: isHour, to: slot)
                return true
            },
            restart: { [self] in
                state.withLock { state in
                    for place in state.open.indices { state.open[place] = UsualOpenStep() }
                    state.hoursThrough = Minute(.min)
                }
            }, keys: { [] }, setTotal: { _, _ in })
    }

    private func add(_ point: MinutePoint, isHour: Bool, to slot: Int) {
        let step = Int(UsualSlot(point.minute).index - first.index)
        state.withLock { state in
            if isHour {
                state.hoursThrough = max(state.hoursThrough, point.minute.advanced(by: 60))
            } else if 0..<count ~= step {
                state.open[slot * count + step].add(point.aggregate, measures[slot])
            }
        }
    }

    /// In how many minutes of each step the user sent anything.
    func activity(_ active: MinuteRuns) -> [Int] {
        var counts = Array(repeating: 0, count: count)
        for minute in active.minutes {
            let step = Int(UsualSlot(minute).index - first.index)
            if 0..<count ~= step { counts[step] += 1 }
        }
        return counts
    }

    /// The steps of a statistic that have a value, ascending.
    func values(of slot: Int, _ activity: [Int]) -> [(slot: UsualSlot, value: Double)] {
        state.withLock { state in
            var values: [(slot: UsualSlot, value: Double)] = []
            for step in 0..<count {
                let at = UsualSlot(first.index + Int64(step))
                if at.minute < state.hoursThrough { continue }
                var open = state.open[slot * count + step]
                open.activeMinutes = activity[step]
                if let value = open.value(measures[slot]) { values.append((slot: at, value: value)) }
            }
            return values
        }
    }
}
