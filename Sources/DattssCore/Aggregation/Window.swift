/// The last minute of one statistic, as twelve slots of five seconds.
///
/// At a time t it covers the slot of t and the eleven before it: 55 to 60 seconds.
///
///     slot number = seconds since the epoch / 5      position = slot number mod 12
public struct Window: Sendable, Hashable {
    private var slots: InlineArray<12, Slot> = .init(repeating: Slot())
    /// The number of the latest slot that holds something.
    private var latest: Int64 = .min / 2

    public static let slotCount: Int64 = 12
    public static let slotMilliseconds: Int64 = 5000
    /// As far back as ``MinuteEdge`` follows a clock: what the window holds is of a time that never was.
    private static let jumpBackSlots = MinuteEdge.jumpBackMilliseconds / slotMilliseconds

    public init() {}

    struct Slot: Sendable {
        var sum = 0.0
        var count: Int64 = 0
        var max = -Double.infinity
        var min = Double.infinity
    }

    /// What the window holds at one moment. `count` is 0 when it is empty; `max` and `min` are then infinite.
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
        if number < latest - Self.jumpBackSlots { self = Window() }
        guard number > latest - Self.slotCount else { return }
        if number > latest {
            // Everything between the old latest slot and the new one is over.
            let stale = Swift.min(number - latest, Self.slotCount)
            for step in 0..<stale { slots[Self.position(number - step)] = Slot() }
            latest = number
        }
        let position = Self.position(number)
        slots[position].sum = slots[position].sum.saturatingAdd(aggregate.sum)
        slots[position].count = slots[position].count.saturatingAdd(aggregate.count)
        slots[position].max = Swift.max(slots[position].max, aggregate.max)
        slots[position].min = Swift.min(slots[position].min, aggregate.min)
    }

    public func totals(at time: Timestamp) -> Totals {
        var totals = Totals()
        let oldest = Self.slotNumber(at: time) - Self.slotCount + 1
        var number = Swift.max(oldest, latest - Self.slotCount + 1)
        while number <= latest {
            let slot = slots[Self.position(number)]
            totals.sum = totals.sum.saturatingAdd(slot.sum)
            totals.count = totals.count.saturatingAdd(slot.count)
            totals.max = Swift.max(totals.max, slot.max)
            totals.min = Swift.min(totals.min, slot.min)
            number += 1
        }
        return totals
    }

    private static func position(_ number: Int64) -> Int {
        Int(((number % slotCount) + slotCount) % slotCount)
    }

    public static func == (a: Window, b: Window) -> Bool {
        a.latest == b.latest && a.slots.indices.allSatisfy { a.slots[$0] == b.slots[$0] }
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(latest) }
}

extension Window.Slot: Equatable {}
