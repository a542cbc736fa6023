public import DattssCore
internal import LibC

/// A month of a statistic in which nothing happens: noise of some kind, and the rhythm of days and weeks.
///
/// What a detector finds in it is a false alarm.
public struct QuietSeries: Sendable {
    /// What it is, in a word or two.
    public let name: String
    /// What is compared of it.
    public let measure: UsualMeasure
    private let value: @Sendable (_ slot: UsualSlot, _ generator: inout SeededGenerator) -> Double

    /// Steps in thirty days.
    public static let monthSteps = 30 * Int(UsualSlot.perDay)
    private static let firstSlot: Int64 = 20_000 * UsualSlot.perDay

    /// The first steps of it.
    public func values(_ count: Int = monthSteps, seed: UInt64) -> [(slot: UsualSlot, value: Double)] {
        var generator = SeededGenerator(seed: seed)
        return (0..<Int64(count)).map { index in
            let slot = UsualSlot(Self.firstSlot + index)
            return (slot, value(slot, &generator))
        }
    }

    /// Every kind of noise: counters from one in a hundred minutes to a thousand a minute, durations of one request and of thirty a
    /// step, and gauges that are read, rounded, drift, and follow the day.
    public static let all: [QuietSeries] = {
        let flat = [0.05, 0.5, 5, 500].map { mean in
            QuietSeries(name: "counter, \(mean) a step", measure: .count) { $1.poisson(mean) }
        }
        let daily = [2.0, 50, 5000].map { mean in
            QuietSeries(name: "counter, \(mean) a step by day and week", measure: .count) { slot, generator in
                generator.poisson(mean * (1 + 0.8 * slot.wave) * (slot.isWeekend ? 0.5 : 1))
            }
        }
        return flat + daily + durations + levels
    }()

    private static let durations = [
        QuietSeries(name: "counter with bursts by day", measure: .count) { slot, generator in
            generator.poisson(50 * (1 + 0.8 * slot.wave) * generator.gamma(20) / 20)
        },
        QuietSeries(name: "duration of one request", measure: .duration) { $1.gamma(1) * 30 },
        QuietSeries(name: "mean duration of three by day", measure: .duration) { $1.gamma(3) * 10 * (1 + 0.5 * $0.wave) },
        QuietSeries(name: "mean duration of thirty by day", measure: .duration) { $1.gamma(30) * (1 + 0.5 * $0.wave) },
        QuietSeries(name: "duration, lognormal", measure: .duration) { exp(3 + 0.5 * $1.normal()) },
    ]

    private static let levels = [
        QuietSeries(name: "gauge", measure: .level) { 50 + 3 * $1.normal() },
        QuietSeries(name: "gauge, rounded", measure: .level) { (20 + 0.6 * $1.normal()).rounded() },
        QuietSeries(name: "gauge, constant", measure: .level) { _, _ in 7 },
        QuietSeries(name: "gauge by day", measure: .level) { 50 + 20 * $0.wave + 2 * $1.normal() },
        QuietSeries(name: "gauge by day and week", measure: .level) { slot, generator in
            50 + 20 * slot.wave * (slot.isWeekend ? 0.3 : 1) + 2 * generator.normal()
        },
        QuietSeries(name: "gauge that drifts within an hour", measure: .level) { slot, generator in
            // A moving average of an hour's noise.
            (0..<12).reduce(100.0) { sum, back in
                var noise = SeededGenerator(seed: UInt64(slot.index) - UInt64(back))
                return sum + noise.normal()
            }
        },
    ]
}

extension UsualSlot {
    /// From −1 to 1 once a day.
    fileprivate var wave: Double { sin(2 * .pi * Double(index % Self.perDay) / Double(Self.perDay)) }
    fileprivate var isWeekend: Bool { (index / Self.perDay + 4) % 7 < 2 }
}

extension SeededGenerator {
    /// A number of the standard normal distribution (Box and Muller, 1958).
    public mutating func normal() -> Double {
        (-2 * log(Double.random(in: .leastNonzeroMagnitude..<1, using: &self))).squareRoot()
            * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }

    /// A count with this mean; a large one is rounded from the normal distribution.
    public mutating func poisson(_ mean: Double) -> Double {
        if mean > 500 { return max(0, (mean + mean.squareRoot() * normal()).rounded()) }
        var (count, product) = (0.0, Double.random(in: 0..<1, using: &self))
        let end = exp(-mean)
        while product > end {
            count += 1
            product *= Double.random(in: 0..<1, using: &self)
        }
        return count
    }

    /// The sum of so many exponential numbers of mean 1.
    public mutating func gamma(_ shape: Int) -> Double {
        (0..<shape).reduce(0) { sum, _ in sum - log(1 - Double.random(in: 0..<1, using: &self)) }
    }
}
