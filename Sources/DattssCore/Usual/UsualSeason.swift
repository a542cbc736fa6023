/// The last four weeks of a statistic, step by step, and what they say is usual at a time of the day and week.
///
/// What is usual is the weighted median of the steps around the same time on the seven days before, and on the same weekday of the
/// three weeks before those. The same weekday weighs as much as three other days, so that a Sunday is compared with Sundays as soon as
/// two weeks are known, and a holiday or an incident, being one day of several, moves nothing.
struct UsualSeason: Sendable {
    /// By step, around; NaN where nothing is known.
    private var values: [Float]
    /// The step after the newest.
    private var end: Int64 = .min
    private var samples: [(value: Float, weight: Float)] = []

    static let steps = 28 * Int(UsualSlot.perDay) + around + 1
    /// A quarter of an hour on both sides.
    private static let around = 3
    /// Before that nothing is usual.
    static let daysMin = 3

    private static let days: [(age: Int64, weight: Float)] =
        (1...6).map { ($0, 1) } + [7, 14, 21, 28].map { ($0, 3) }

    init() {
        values = Array(repeating: .nan, count: Self.steps)
        samples.reserveCapacity(Self.days.count * (2 * Self.around + 1))
    }

    /// Takes in a step; those between the newest one and this are not known. An older one than the newest is left out.
    mutating func push(_ value: Double, at slot: UsualSlot) {
        if end == .min { end = slot.index }
        guard slot.index >= end else { return }
        if slot.index - end >= Int64(Self.steps) {
            for place in values.indices { values[place] = .nan }
        } else {
            for index in end..<slot.index { values[Self.place(index)] = .nan }
        }
        values[Self.place(slot.index)] = Float(value)
        end = slot.index + 1
    }

    /// What is usual at a step, as far as the steps before it tell; nil while fewer than three days do.
    mutating func usual(at slot: UsualSlot) -> Double? {
        samples.removeAll(keepingCapacity: true)
        var days = 0
        for (age, weight) in Self.days {
            let middle = slot.index - age * UsualSlot.perDay
            let count = samples.count
            for index in middle - Int64(Self.around)...middle + Int64(Self.around) where isKept(index) {
                let value = values[Self.place(index)]
                if !value.isNaN { samples.append((value, weight)) }
            }
            if samples.count > count { days += 1 }
        }
        return days < Self.daysMin ? nil : Double(Self.median(&samples))
    }

    private func isKept(_ index: Int64) -> Bool { index < end && end - index <= Int64(Self.steps) && end != .min }

    private static func place(_ index: Int64) -> Int {
        let place = Int(index % Int64(steps))
        return place < 0 ? place + steps : place
    }

    private static func median(_ samples: inout [(value: Float, weight: Float)]) -> Float {
        samples.sort { $0.value < $1.value }
        let half = samples.reduce(0) { $0 + $1.weight } / 2
        var sum: Float = 0
        for sample in samples {
            sum += sample.weight
            if sum >= half { return sample.value }
        }
        return samples[samples.count - 1].value
    }
}
