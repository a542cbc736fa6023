/// The last minute of one statistic, as twelve slots of five seconds.
///
/// At a time t it covers the slot of t and the eleven before it: 55 to 60 seconds.
///
///     slot number = seconds since the epoch / 5      position = slot number mod 12
///
/// Every live statistic has one, so it is kept small: sums in place, and everything else of the slots apart, as soon as there
/// is a slot of which the sum does not tell it. A counter's window is asked for nothing but its sum, and a gauge that is sent
/// once in five seconds has a single sample a slot.
public struct Window: Sendable {
    private var sums: InlineArray<12, Double> = .init(repeating: 0)
    /// By position; empty while every slot that is occupied holds a single sample, or where only sums are kept.
    private var details: [Detail] = []
    /// The number of the latest slot that holds something; good until the year 2310.
    private var latestNumber: Int32 = .min
    /// A bit for each position: whether its slot holds anything.
    private var occupied: UInt16 = 0
    private let keepsOnlySums: Bool

    public static let slotCount: Int64 = 12
    public static let slotMilliseconds: Int64 = 5000
    /// As far back as ``MinuteEdge`` follows a clock: what the window holds is of a time that never was.
    private static let jumpBackSlots = MinuteEdge.jumpBackMilliseconds / slotMilliseconds

    public init(of kind: Kind) {
        keepsOnlySums = kind == .counter
    }

    private var latest: Int64 {
        get { Int64(latestNumber) }
        set { latestNumber = Int32(clamping: newValue) }
    }

    private struct Detail: Sendable {
        var count: Int64 = 0
        var max = -Double.infinity
        var min = Double.infinity
    }

    /// What the window holds at one moment. `count` is 0 when it is empty; `max` and `min` are then infinite. For a counter
    /// they always are: of its window only the sum is known.
    public struct Totals: Sendable, Hashable {
        public var sum = 0.0
        public var count: Int64 = 0
        public var max = -Double.infinity
        public var min = Double.infinity

        /// The 1-minute moving average: per second for counters, per sample for timers and gauges; nil for no sample.
        public func average(of kind: Kind) -> Double? {
            if kind == .counter { return sum / 60 }
            return count > 0 ? sum / Double(count) : nil
        }
    }

    public static func slotNumber(at time: Timestamp) -> Int64 {
        time.milliseconds.flooredQuotient(by: slotMilliseconds)
    }

    public mutating func add(_ aggregate: Aggregate, at time: Timestamp) {
        let number = Self.slotNumber(at: time)
        if number < latest - Self.jumpBackSlots { (occupied, latest) = (0, .min / 2) }
        guard number > latest - Self.slotCount else { return }
        if number > latest {
            // Everything between the old latest slot and the new one is over.
            let stale = Swift.min(number - latest, Self.slotCount)
            for step in 0..<stale { occupied &= ~(1 << Self.position(number - step)) }
            latest = number
        }
        let position = Self.position(number)
        if !keepsOnlySums { addDetail(aggregate, at: position) }
        sums[position] = (isOccupied(position) ? sums[position] : 0).saturatingAdd(aggregate.sum)
        occupied |= 1 << position
    }

    public func totals(at time: Timestamp) -> Totals {
        var totals = Totals()
        let oldest = Self.slotNumber(at: time) - Self.slotCount + 1
        var number = Swift.max(oldest, latest - Self.slotCount + 1)
        while number <= latest {
            let position = Self.position(number)
            number += 1
            guard isOccupied(position) else { continue }
            totals.sum = totals.sum.saturatingAdd(sums[position])
            guard !keepsOnlySums else { continue }
            let detail = self.detail(at: position)
            totals.count = totals.count.saturatingAdd(detail.count)
            totals.max = Swift.max(totals.max, detail.max)
            totals.min = Swift.min(totals.min, detail.min)
        }
        return totals
    }

    /// Called before the sum is added.
    private mutating func addDetail(_ aggregate: Aggregate, at position: Int) {
        if details.isEmpty {
            let isSingle = aggregate.count == 1 && aggregate.max == aggregate.sum && aggregate.min == aggregate.sum
            if isSingle && !isOccupied(position) { return }
            details = (0..<Int(Self.slotCount)).map { isOccupied($0) ? self.detail(at: $0) : Detail() }
        }
        if !isOccupied(position) { details[position] = Detail() }
        details[position].count = details[position].count.saturatingAdd(aggregate.count)
        details[position].max = Swift.max(details[position].max, aggregate.max)
        details[position].min = Swift.min(details[position].min, aggregate.min)
    }

    private func detail(at position: Int) -> Detail {
        details.isEmpty ? Detail(count: 1, max: sums[position], min: sums[position]) : details[position]
    }

    private func isOccupied(_ position: Int) -> Bool { occupied & (1 << position) != 0 }

    private static func position(_ number: Int64) -> Int {
        Int(((number % slotCount) + slotCount) % slotCount)
    }
}
