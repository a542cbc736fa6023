import DattssCore
import Synchronization

/// Takes the points of a survey in, by statistic.
final class PointCollector: Sendable {
    private let isWanted: @Sendable (StatisticKey) -> Bool
    private let state = Mutex(State())

    private struct State {
        var keys: [StatisticKey] = []
        var slots: [StatisticKey: Int] = [:]
        var points: [[MinutePoint]] = []
    }

    init(_ isWanted: @escaping @Sendable (StatisticKey) -> Bool) { self.isWanted = isWanted }

    var reader: SurveyReader {
        SurveyReader(
            slot: { [self] key in slot(of: key) },
            add: { [self] slot, point, _ in
                state.withLock { $0.points[slot].append(point) }
                return true
            },
            restart: { [self] in state.withLock { $0 = State() } }, keys: { [] }, setTotal: { _, _ in })
    }

    /// Below zero for what is not wanted.
    private func slot(of key: StatisticKey) -> Int {
        state.withLock { state in
            if let slot = state.slots[key] { return slot }
            guard isWanted(key) else { return -1 }
            state.slots[key] = state.keys.count
            state.keys.append(key)
            state.points.append([])
            return state.keys.count - 1
        }
    }

    /// What came, by minute; several of one minute in the order in which they came.
    var points: [StatisticKey: [MinutePoint]] {
        state.withLock { state in
            Dictionary(
                uniqueKeysWithValues: zip(state.keys, state.points).map { key, points in (key, points.inOrderOfMinutes) })
        }
    }
}

extension [MinutePoint] {
    /// By minute; several of one minute stay in their order.
    var inOrderOfMinutes: [MinutePoint] {
        if zip(self, dropFirst()).allSatisfy({ $0.minute <= $1.minute }) { return self }
        return enumerated().sorted { ($0.element.minute, $0.offset) < ($1.element.minute, $1.offset) }.map(\.element)
    }
}
