/// The last minute of one statistic, as twelve slots of five seconds.
///
/// At a time t it covers the slot of t and the eleven before it: 55 to 60 seconds.
///
///     slot number = seconds since the epoch / 5      position = slot number mod 12
///
/// Every live statistic has one, so it is kept small, in a ``WordArena``: of most slots the sum tells everything, because a
/// counter's window is asked for nothing else, and a gauge that is sent once in five seconds has a single sample a slot.
///
///     columns   sum | max | min | count          or, where sums tell all, just the sums
public struct Window: Sendable {
    private var columns = CompactColumns()
    private let keepsOnlySums: Bool
    /// The number of the latest slot that holds something; good until the year 2310.
    private var latestNumber: Int32 = .min
    /// A bit for each position: whether its slot holds anything.
    private var occupied: UInt16 = 0

    private static let sumColumn = 0
    private static let maxColumn = 1
    private static let minColumn = 2
    private static let countColumn = 3

    /// How many slots a window has.
    public static let slotCount: Int64 = 12
    /// How long a slot lasts.
    public static let slotMilliseconds: Int64 = 5000

    init(of kind: Kind) {
        keepsOnlySums = kind == .counter
    }

    private var latest: Int64 {
        get { Int64(latestNumber) }
        set { latestNumber = Int32(clamping: newValue) }
    }

    private struct Slot: Sendable {
        var sum = 0.0
        var count: Int64 = 0
        var max = -Double.infinity
        var min = Double.infinity

        init() {}

        init(sum: Double, count: Int64, max: Double, min: Double) {
            (self.sum, self.count, self.max, self.min) = (sum, count, max, min)
        }

        init(sample: Double) { self.init(sum: sample, count: 1, max: sample, min: sample) }

        var isSingle: Bool { count == 1 && max == sum && min == sum }
    }

    /// What the window holds at one moment. `count` is 0 when it is empty; `max` and `min` are then infinite. For a counter
    /// they always are: of its window only the sum is known.
    public struct Totals: Sendable, Hashable {
        /// The sum of the samples.
        public var sum = 0.0
        /// How many samples there are; 0 for a counter.
        public var count: Int64 = 0
        /// The largest sample.
        public var max = -Double.infinity
        /// The smallest sample.
        public var min = Double.infinity

        /// Those of no sample.
        public init() {}

        /// The 1-minute moving average: per second for counters, per sample for timers and gauges; nil for no sample.
        public func average(of kind: Kind) -> Double? {
            if kind == .counter { return sum / 60 }
            return count > 0 ? sum / Double(count) : nil
        }
    }

    /// The number of the slot that a moment lies in: five-second steps since 1970-01-01T00:00:00Z.
    public static func slotNumber(at time: Timestamp) -> Int64 {
        time.milliseconds.flooredQuotient(by: slotMilliseconds)
    }

    mutating func add(_ aggregate: Aggregate, at time: Timestamp, in arena: inout WordArena) {
        let number = Self.slotNumber(at: time)
        // The log's time goes back by so much only where a clock was wrong (see ``MinuteEdge``): what the window holds is of a time
        // that never was.
        if number <= latest - Self.slotCount { (occupied, latest) = (0, .min / 2) }
        if number > latest {
            // Everything between the old latest slot and the new one is over.
            let stale = Swift.min(number - latest, Self.slotCount)
            for step in 0..<stale { occupied &= ~(1 << Self.position(number - step)) }
            latest = number
        }
        let position = Self.position(number)
        var slot = isOccupied(position) ? self.slot(at: position, in: arena) : Slot()
        slot.sum = slot.sum.saturatingAdd(aggregate.sum)
        if columns.columnCount == 0 { reshape(columns: 1, widths: Self.expectedWidths(ofSums: 1), in: &arena) }
        if !keepsOnlySums {
            slot.count = slot.count.saturatingAdd(aggregate.count)
            slot.max = Swift.max(slot.max, aggregate.max)
            slot.min = Swift.min(slot.min, aggregate.min)
            if areSumsAll, !slot.isSingle { keepDetails(in: &arena) }
        }
        put(slot, at: position, in: &arena)
        occupied |= 1 << position
    }

    func totals(at time: Timestamp, in arena: WordArena) -> Totals {
        var totals = Totals()
        let oldest = Self.slotNumber(at: time) - Self.slotCount + 1
        var number = Swift.max(oldest, latest - Self.slotCount + 1)
        while number <= latest {
            let position = Self.position(number)
            number += 1
            guard isOccupied(position) else { continue }
            let slot = slot(at: position, in: arena)
            totals.sum = totals.sum.saturatingAdd(slot.sum)
            guard !keepsOnlySums else { continue }
            totals.count = totals.count.saturatingAdd(slot.count)
            totals.max = Swift.max(totals.max, slot.max)
            totals.min = Swift.min(totals.min, slot.min)
        }
        return totals
    }

    func release(in arena: inout WordArena) { columns.release(in: &arena) }

    // MARK: Slots

    /// Whether the samples of a slot are told by its sum.
    private var areSumsAll: Bool { columns.columnCount < 2 }

    private func slot(at position: Int, in arena: WordArena) -> Slot {
        let row = columns.row(position, in: arena)
        if areSumsAll { return Slot(sample: row[Self.sumColumn]) }
        return Slot(
            sum: row[Self.sumColumn], count: Int64(row[Self.countColumn]), max: row[Self.maxColumn], min: row[Self.minColumn])
    }

    private mutating func put(_ slot: Slot, at position: Int, in arena: inout WordArena) {
        columns.set([slot.sum, slot.max, slot.min, Double(countForColumn: slot.count)], at: position, in: &arena)
    }

    private mutating func keepDetails(in arena: inout WordArena) {
        reshape(columns: 4, widths: Self.expectedWidths(ofSums: max(2, columns.widths[Self.sumColumn])), in: &arena)
        for position in 0..<Int(Self.slotCount) where isOccupied(position) {
            put(Slot(sample: columns.row(position, in: arena)[Self.sumColumn]), at: position, in: &arena)
        }
    }

    private mutating func reshape(columns newColumns: Int, widths: CompactColumns.Widths, in arena: inout WordArena) {
        columns.reshape(columns: newColumns, rows: Int(Self.slotCount), widths: widths, in: &arena)
    }

    /// What most windows need in the end, so that few have to be moved: a sum of many numbers has more digits than each.
    private static func expectedWidths(ofSums sumWidth: UInt8) -> CompactColumns.Widths {
        var widths = CompactColumns.Widths()
        widths[sumColumn] = sumWidth
        (widths[maxColumn], widths[minColumn]) = (sumWidth / 2, sumWidth / 2)
        return widths
    }

    private func isOccupied(_ position: Int) -> Bool { occupied & (1 << position) != 0 }

    private static func position(_ number: Int64) -> Int {
        Int(((number % slotCount) + slotCount) % slotCount)
    }
}
