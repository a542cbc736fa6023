/// What statuses still need of a minute that is over: its timers, whose percentiles they tell. Everything else of the minute
/// belongs to the writer.
struct ClosedTimers: Sendable {
    let minute: Minute
    /// By position in the minute's entries, ascending.
    private var timers: [Timer] = []
    /// Their sketches, one behind the other.
    private var bytes: [UInt8] = []

    private struct Timer: Sendable {
        var position: Int32
        var start: UInt32
        var byteCount: UInt16
        var isApproximate: Bool
        var count: Int64
        var sum: Double
        var min: Double
        var max: Double
    }

    init(_ minute: Minute, timerCapacity: Int, byteCapacity: Int) {
        self.minute = minute
        timers.reserveCapacity(timerCapacity)
        bytes.reserveCapacity(byteCapacity)
    }

    /// How many bytes their sketches take.
    var byteCount: Int { bytes.count }

    /// - Parameter position: in the minute's entries, above all others.
    mutating func append(_ timer: Aggregate, at position: Int) {
        let packed = timer.packedSketch?.bytes ?? []
        timers.append(
            Timer(
                position: Int32(position), start: UInt32(bytes.count), byteCount: UInt16(packed.count),
                isApproximate: timer.isApproximate, count: timer.count, sum: timer.sum, min: timer.min, max: timer.max))
        bytes += packed
    }

    /// The timer at a position of the minute's entries: what its percentiles are read from, and nothing else.
    subscript(position: Int) -> Aggregate? {
        var (low, high) = (0, timers.count)
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].position < position { low = middle + 1 } else { high = middle }
        }
        guard low < timers.count, timers[low].position == position else { return nil }
        let timer = timers[low]
        let packed = bytes[Int(timer.start)..<Int(timer.start) + Int(timer.byteCount)]
        return Aggregate(
            sum: timer.sum, count: timer.count, max: timer.max, min: timer.min, first: timer.min, last: timer.max,
            bottom: timer.min, top: timer.max, isApproximate: timer.isApproximate,
            packedSketch: packed.isEmpty ? nil : PackedSketch(checked: Array(packed)))
    }
}
