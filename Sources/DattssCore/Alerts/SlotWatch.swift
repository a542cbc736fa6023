/// Which statistics of a user are watched, and what was found of them slot by slot: what a ``UserState`` is asked in the order of the
/// log, so that a slot is seen as it was at its end, however late whoever watches asks.
///
///     batches of slot 7 │ batch of slot 8
///                       └─ slot 7 is looked at here, before the batch is merged
public struct SlotWatch: Sendable {
    /// Which statistics are watched.
    public let question: WatchQuestion
    /// By the number of the statistic; nil where that is not known yet.
    private var verdicts: [Bool?] = []
    private var taken: [SlotView] = []
    /// The first slot that was not looked at.
    private var next: Int64
    /// The latest slot in which anything was sent.
    private var activeSlot: Int64

    /// How many slots wait for whoever watches; of more, the oldest are forgotten: five minutes.
    public static let slotsMax = 60

    /// Watches from a slot on.
    /// - Parameter active: the latest slot before in which anything was sent, as far as that is known.
    public init(from slot: Int64, active: Int64 = .min / 2, _ question: WatchQuestion) {
        // (A clock that has been set back since was once ahead.)
        (next, activeSlot, self.question) = (slot, min(active, slot), question)
    }

    /// The first slot that was not looked at.
    public var nextSlot: Int64 { next }

    /// Batches of a slot are about to be merged: what is before it is over.
    /// - Parameter hasSamples: whether there is anything in them.
    public mutating func willApply(in slot: Int64, _ state: borrowing UserState, hasSamples: Bool = true) {
        if slot > next { look(through: slot - 1, state) }
        if hasSamples { activeSlot = slot }
    }

    /// Looks at all slots up to one, if that has not been done.
    public mutating func look(through slot: Int64, _ state: borrowing UserState) {
        guard slot >= next else { return }
        // After a long pause nothing is different from one slot to the next.
        let first = max(next, slot - Int64(Self.slotsMax) + 1)
        next = slot + 1
        let ids = watchedIDs(state)
        for slot in first...slot {
            let end = Timestamp(milliseconds: (slot + 1) * Window.slotMilliseconds - 1)
            taken.append(
                SlotView(
                    slot: slot, isActive: activeSlot > slot - Window.slotCount, isHeard: activeSlot == slot,
                    statuses: state.status(of: ids, at: end)))
        }
        if taken.count > Self.slotsMax { taken.removeFirst(taken.count - Self.slotsMax) }
    }

    /// What was found and not yet handed over.
    public mutating func take() -> [SlotView] {
        defer { taken = [] }
        return taken
    }

    /// Numbers that may be given to other statistics.
    public mutating func forget(_ ids: [StatisticID]) {
        for id in ids where Int(id.index) < verdicts.count { verdicts[Int(id.index)] = nil }
    }

    // MARK: Verdicts

    /// The statistics of which it is not known whether they are watched. To find out may take long, where there are many rules: it is
    /// done elsewhere, and ``judge(_:_:)`` takes in what was found.
    public func unjudged(_ state: borrowing UserState) -> [(id: StatisticID, key: StatisticKey)] {
        state.numbered { $0 >= verdicts.count || verdicts[$0] == nil }
    }

    /// Takes in what was found, as far as the numbers still stand for the same statistics.
    public mutating func judge(_ found: [WatchVerdict], _ state: borrowing UserState) {
        while verdicts.count < state.numberCount { verdicts.append(nil) }
        for verdict in found where state.key(of: verdict.id) == verdict.key {
            verdicts[Int(verdict.id.index)] = verdict.isWatched
        }
    }

    /// Those that are watched. Of new statistics only some are asked about here, where batches wait: the rest is not seen before somebody
    /// has judged it, a slot later.
    private mutating func watchedIDs(_ state: borrowing UserState) -> [StatisticID] {
        let count = state.numberCount
        while verdicts.count < count { verdicts.append(nil) }
        var (ids, asked): ([StatisticID], Int) = ([], 0)
        for index in 0..<count {
            let id = StatisticID(index: Int32(index))
            if verdicts[index] == nil, asked < question.askedAtOnce, let key = state.key(of: id) {
                asked += 1
                verdicts[index] = question.isWatched(key)
            }
            if verdicts[index] == true { ids.append(id) }
        }
        return ids
    }
}

/// Which statistics are to be watched.
public struct WatchQuestion: Sendable {
    /// Whether a statistic is.
    public let isWatched: @Sendable (StatisticKey) -> Bool
    /// How many patterns each answer may have to try.
    let patternCount: Int

    /// How many patterns are tried where batches wait: about a millisecond's worth.
    static let patternsAtOnce = 2000

    /// Makes a question of its parts.
    public init(patternCount: Int = 0, _ isWatched: @escaping @Sendable (StatisticKey) -> Bool) {
        (self.patternCount, self.isWatched) = (patternCount, isWatched)
    }

    var askedAtOnce: Int { Self.patternsAtOnce / max(1, patternCount) }
}

/// Whether a statistic is watched.
public struct WatchVerdict: Sendable {
    /// Its number.
    public var id: StatisticID
    /// The statistic.
    public var key: StatisticKey
    /// Whether it is watched.
    public var isWatched: Bool

    /// Makes a verdict of its parts.
    public init(id: StatisticID, key: StatisticKey, isWatched: Bool) {
        (self.id, self.key, self.isWatched) = (id, key, isWatched)
    }
}

/// The watched statistics of a user at the end of a slot.
public struct SlotView: Sendable {
    /// The number of the slot.
    public var slot: Int64
    /// Whether the user sent anything in the sixty seconds up to its end.
    public var isActive: Bool
    /// Whether the user sent anything in the slot itself.
    public var isHeard: Bool
    /// Each watched statistic that is live, in the order of their numbers.
    public var statuses: [StatisticStatus]

    /// Makes a view of its parts.
    public init(slot: Int64, isActive: Bool, isHeard: Bool, statuses: [StatisticStatus]) {
        (self.slot, self.isActive, self.isHeard, self.statuses) = (slot, isActive, isHeard, statuses)
    }

    /// Whether it is the last slot of its minute, at whose end minutely rules are looked at.
    public var endsMinute: Bool { Self.endsMinute(slot) }

    /// Whether a slot is the last of its minute.
    public static func endsMinute(_ slot: Int64) -> Bool { (slot + 1) % Window.slotCount == 0 }

    /// The last slot of a minute.
    public static func lastSlot(of minute: Minute) -> Int64 { (minute.index + 1) * Window.slotCount - 1 }
}
