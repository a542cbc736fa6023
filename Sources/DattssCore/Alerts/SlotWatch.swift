/// Which statistics of a user are watched, and what was found of them slot by slot: what a ``UserState`` is asked in the order of the
/// log, so that a slot is seen as it was at its end, however late whoever watches asks.
///
///     batches of slot 7 │ batch of slot 8
///                       └─ slot 7 is looked at here, before the batch is merged
public struct SlotWatch: Sendable {
    private let isWatched: @Sendable (StatisticKey) -> Bool
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
    public init(from slot: Int64, active: Int64 = .min / 2, _ isWatched: @escaping @Sendable (StatisticKey) -> Bool) {
        (next, activeSlot, self.isWatched) = (slot, active, isWatched)
    }

    /// The first slot that was not looked at.
    public var nextSlot: Int64 { next }

    /// Batches of a slot are about to be merged: what is before it is over.
    /// - Parameter hasSamples: whether there is anything in them.
    public mutating func willApply(in slot: Int64, _ state: borrowing UserState, hasSamples: Bool = true) {
        if slot > next { look(through: slot - 1, state) }
        if hasSamples { activeSlot = max(activeSlot, slot) }
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
                    slot: slot, isActive: activeSlot > slot - Window.slotCount, statuses: state.status(of: ids, at: end)))
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

    private mutating func watchedIDs(_ state: borrowing UserState) -> [StatisticID] {
        let count = state.numberCount
        while verdicts.count < count { verdicts.append(nil) }
        var ids: [StatisticID] = []
        for index in 0..<count {
            let id = StatisticID(index: Int32(index))
            if verdicts[index] == nil, let key = state.key(of: id) { verdicts[index] = isWatched(key) }
            if verdicts[index] == true { ids.append(id) }
        }
        return ids
    }
}

/// The watched statistics of a user at the end of a slot.
public struct SlotView: Sendable {
    /// The number of the slot.
    public var slot: Int64
    /// Whether the user sent anything in the sixty seconds up to its end.
    public var isActive: Bool
    /// Each watched statistic that is live, in the order of their numbers.
    public var statuses: [StatisticStatus]

    /// Makes a view of its parts.
    public init(slot: Int64, isActive: Bool, statuses: [StatisticStatus]) {
        (self.slot, self.isActive, self.statuses) = (slot, isActive, statuses)
    }

    /// Whether it is the last slot of its minute, at whose end minutely rules are looked at.
    public var endsMinute: Bool { Self.endsMinute(slot) }

    /// Whether a slot is the last of its minute.
    public static func endsMinute(_ slot: Int64) -> Bool { (slot + 1) % Window.slotCount == 0 }

    /// The last slot of a minute.
    public static func lastSlot(of minute: Minute) -> Int64 { (minute.index + 1) * Window.slotCount - 1 }
}
