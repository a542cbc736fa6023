internal import DattssCore

/// The order in which the counts of one sketch are coded, and what is known before each: the same for writer and reader.
///
/// A row's numbers say how many samples the sketch has, and that its lowest and highest slot are those of `min` and `max`,
/// with at least one sample each. All other samples are `free`: they could be anywhere between. First comes, group by
/// group, how many of them are in each; then, for groups that have some, how many of these are in each slot. The last
/// group, and the last slot of a group, get what is left; so nothing is coded that is known.
///
///     slots    first ·  ·  ·  ·  ·  last
///     groups   └─── 2 ──┘ └ 0 ┘ └─ 1 ──┘     free: 3, so that the 1 follows
///     slots      1  0  1           0   1     the last number of a group follows
///
/// What is expected in a group does not depend on the groups before it, though it could be told better then: so a
/// processor need not wait for one count to know where to look for the next.
struct SketchWalk {
    let first: Int
    let last: Int
    let free: Int64

    /// - Returns: nil when the numbers and the slots do not go together.
    init?(_ slots: SketchSlots, _ row: SketchColumn.Row) {
        guard let first = slots.slot(of: SketchSlots.key(of: row.min)),
            let last = slots.slot(of: SketchSlots.key(of: row.max))
        else { return nil }
        self.init(first: first, last: last, count: row.count)
    }

    /// - Parameter count: how many samples the row says that there are.
    @inline(__always)
    init?(first: Int, last: Int, count: Int64) {
        guard count <= Aggregate.countMax, first < last ? count >= 2 : first == last && count >= 1 else { return nil }
        (self.first, self.last) = (first, last)
        free = count - (first < last ? 2 : 1)
    }

    /// - Parameters:
    ///   - groupCounts: room for a number a slot.
    ///   - code: codes how many free samples are in slots, given how many are expected, and which part that is of all.
    ///   - found: gets all slots with free samples, ascending.
    /// - Returns: false when `code` returned more than there are, or less than none.
    @inline(__always)
    func run(
        _ slots: SketchSlots, _ groupCounts: inout [Int64],
        code: (_ slots: ClosedRange<Int>, _ expected: Double, _ share: Double) -> Int64,
        found: (_ slot: Int, _ count: Int64) -> Void
    ) -> Bool {
        slots.cumulated.withUnsafeBufferPointer { cumulated in
            slots.groupEnds.withUnsafeBufferPointer { groupEnds in
                groupCounts.withUnsafeMutableBufferPointer { groupCounts in
                    let share = 1 / (cumulated[last &+ 1] - cumulated[first])
                    let all = Double(free)
                    var (group, groups, left) = (first, 0, free)
                    while left > 0 {
                        let end = Swift.min(Int(groupEnds[group]), last)
                        var count = left
                        if end < last {
                            let share = (cumulated[end &+ 1] - cumulated[group]) * share
                            count = code(group...end, share * all, share)
                            guard count >= 0, count <= left else { return false }
                        }
                        groupCounts[groups] = count
                        left &-= count
                        groups &+= 1
                        group = end &+ 1
                    }
                    var slot = first
                    for group in 0..<groups {
                        var left = groupCounts[group]
                        let end = Swift.min(Int(groupEnds[slot]), last)
                        while left > 0 {
                            var count = left
                            if slot < end {
                                let share =
                                    (cumulated[slot &+ 1] - cumulated[slot]) / (cumulated[end &+ 1] - cumulated[slot])
                                count = code(slot...slot, share * Double(left), share)
                                guard count >= 0, count <= left else { return false }
                            }
                            if count > 0 { found(slot, count) }
                            left &-= count
                            slot &+= 1
                        }
                        slot = end &+ 1
                    }
                    return true
                }
            }
        }
    }
}
