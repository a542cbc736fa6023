/// The last minute of one statistic, as twelve slots of five seconds.
///
/// At a time t it covers the slot of t and the eleven before it: 55 to 60 seconds.
///
///     slot number = seconds since the epoch / 5      position = slot number mod 12
///
/// Every live statistic has one, so it is kept small: of most slots the sum tells everything, because a counter's window is
/// asked for nothing else, and a gauge that is sent once in five seconds has a single sample a slot. And most numbers are
/// ``CompactNumber``s. As soon as that is not so, the window takes on a larger ``Form``, and keeps it.
public struct Window: Sendable {
    /// By position, as compact numbers; unused in a wide form.
    private var sums: InlineArray<12, UInt32> = .init(repeating: 0)
    /// What else the form has, a slot after the other; allocated when it has something.
    private var rest: [UInt32] = []
    /// The number of the latest slot that holds something; good until the year 2310.
    private var latestNumber: Int32 = .min
    /// A bit for each position: whether its slot holds anything.
    private var occupied: UInt16 = 0
    private var form = Form()
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

    /// What a slot takes in ``rest``, in units of four bytes:
    ///
    ///                      one sum tells all           detailed
    ///     compact          0                           3: count, max, min
    ///     wide             2: sum                      8: sum, count, max, min
    private struct Form: OptionSet, Sendable {
        let rawValue: UInt8

        static let wide = Form(rawValue: 1)
        static let detailed = Form(rawValue: 2)

        var slotUnits: Int { contains(.wide) ? (contains(.detailed) ? 8 : 2) : (contains(.detailed) ? 3 : 0) }
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
        var slot = isOccupied(position) ? self.slot(at: position) : Slot()
        slot.sum = slot.sum.saturatingAdd(aggregate.sum)
        if !keepsOnlySums {
            slot.count = slot.count.saturatingAdd(aggregate.count)
            slot.max = Swift.max(slot.max, aggregate.max)
            slot.min = Swift.min(slot.min, aggregate.min)
            if !form.contains(.detailed), !slot.isSingle { change(to: form.union(.detailed)) }
        }
        if !put(slot, at: position) {
            change(to: form.union(.wide))
            _ = put(slot, at: position)
        }
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
            let slot = slot(at: position)
            totals.sum = totals.sum.saturatingAdd(slot.sum)
            guard !keepsOnlySums else { continue }
            totals.count = totals.count.saturatingAdd(slot.count)
            totals.max = Swift.max(totals.max, slot.max)
            totals.min = Swift.min(totals.min, slot.min)
        }
        return totals
    }

    // MARK: Slots

    private func slot(at position: Int) -> Slot {
        let first = position * form.slotUnits
        switch form {
        case []: return Slot(sample: compact(sums[position]))
        case .detailed:
            return Slot(
                sum: compact(sums[position]), count: Int64(rest[first]), max: compact(rest[first + 1]),
                min: compact(rest[first + 2]))
        case .wide: return Slot(sample: double(at: first))
        default:
            return Slot(
                sum: double(at: first), count: Int64(bitPattern: word(at: first + 2)), max: double(at: first + 4),
                min: double(at: first + 6))
        }
    }

    /// - Returns: false, and nothing changed, when a number is not compact and the form is.
    private mutating func put(_ slot: Slot, at position: Int) -> Bool {
        let first = position * form.slotUnits
        if form.contains(.wide) {
            set(slot.sum.bitPattern, at: first)
            guard form.contains(.detailed) else { return true }
            set(UInt64(bitPattern: slot.count), at: first + 2)
            set(slot.max.bitPattern, at: first + 4)
            set(slot.min.bitPattern, at: first + 6)
            return true
        }
        guard let sum = CompactNumber(slot.sum) else { return false }
        if form.contains(.detailed) {
            guard let count = UInt32(exactly: slot.count), let max = CompactNumber(slot.max), let min = CompactNumber(slot.min)
            else { return false }
            (rest[first], rest[first + 1], rest[first + 2]) = (count, max.bits, min.bits)
        }
        sums[position] = sum.bits
        return true
    }

    @inline(never)
    private mutating func change(to larger: Form) {
        let positions = (0..<Int(Self.slotCount)).filter { isOccupied($0) }
        let slots = positions.map { slot(at: $0) }
        form = larger
        rest = Array(repeating: 0, count: Int(Self.slotCount) * form.slotUnits)
        for (position, slot) in zip(positions, slots) { _ = put(slot, at: position) }
    }

    private func compact(_ bits: UInt32) -> Double { CompactNumber(bits: bits).value }

    private func double(at unit: Int) -> Double { Double(bitPattern: word(at: unit)) }

    private func word(at unit: Int) -> UInt64 { UInt64(rest[unit]) | UInt64(rest[unit + 1]) << 32 }

    private mutating func set(_ word: UInt64, at unit: Int) {
        rest[unit] = UInt32(truncatingIfNeeded: word)
        rest[unit + 1] = UInt32(truncatingIfNeeded: word >> 32)
    }

    private func isOccupied(_ position: Int) -> Bool { occupied & (1 << position) != 0 }

    private static func position(_ number: Int64) -> Int {
        Int(((number % slotCount) + slotCount) % slotCount)
    }
}
