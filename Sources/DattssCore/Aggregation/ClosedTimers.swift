/// Of a minute that is over, what statuses still need: the timers, of which percentiles are told. Everything else of it is
/// the writer's.
struct ClosedTimers: Sendable {
    let minute: Minute
    /// Positions in the minute's entries, ascending.
    private var positions: [Int32] = []
    private var timers: [MergingAggregate] = []

    init(_ closed: OpenMinute) {
        minute = closed.minute
        for (position, entry) in closed.entries.enumerated() where entry.key.kind == .timer {
            positions.append(Int32(position))
            timers.append(entry.merging.forPercentiles)
        }
    }

    /// The timer at a position of the minute's entries.
    subscript(position: Int) -> MergingAggregate? {
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if positions[middle] < position { low = middle + 1 } else { high = middle }
        }
        return low < positions.count && positions[low] == position ? timers[low] : nil
    }
}
