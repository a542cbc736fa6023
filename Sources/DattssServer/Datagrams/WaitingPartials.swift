import DattssCore
import DattssPipeline

/// Partials that wait for a log that is busy for a moment, merged by statistic: a bounded number of them.
struct WaitingPartials: Sendable {
    private var users: [UserID: [StatisticKey: MergingAggregate]] = [:]
    private(set) var count = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var isEmpty: Bool { count == 0 }

    /// The last value of a gauge that waits.
    func last(of key: StatisticKey, _ user: UserID) -> Double? { users[user]?[key]?.merged.last }

    /// Takes out what waits of these statistics, and puts it in front of theirs.
    mutating func merged(into partials: [Partial], of user: UserID) -> [Partial] {
        guard !isEmpty, users[user] != nil else { return partials }
        return partials.map { partial in
            guard var waiting = users[user]?.removeValue(forKey: partial.key) else { return partial }
            count -= 1
            waiting.merge(partial.aggregate)
            return Partial(partial.key, waiting.merged.countedExactly)
        }
    }

    /// Takes out everything.
    mutating func takeAll(batchesOf size: Int) -> [(user: UserID, partials: [Partial])] {
        defer { (users, count) = ([:], 0) }
        return users.flatMap { user, waiting in
            let partials = waiting.map { Partial($0.key, $0.value.merged.countedExactly) }
            return stride(from: 0, to: partials.count, by: size)
                .map { (user, Array(partials[$0..<min($0 + size, partials.count)])) }
        }
    }

    /// Keeps partials behind what waits of their statistics.
    /// - Returns: how many found no room.
    mutating func keep(_ partials: [Partial], of user: UserID) -> Int {
        var refused = 0
        for partial in partials {
            if users[user]?[partial.key]?.merge(partial.aggregate) != nil { continue }
            guard count < capacity else {
                refused += 1
                continue
            }
            users[user, default: [:]][partial.key] = MergingAggregate(partial.aggregate)
            count += 1
        }
        return refused
    }
}

extension Aggregate {
    /// As many samples as a partial can count.
    fileprivate var countedExactly: Aggregate {
        var aggregate = self
        aggregate.count = Swift.min(count, Aggregate.countMax)
        return aggregate
    }
}
