import ArgumentParser
import DattssCore
import LibC

/// How values are drawn.
enum LoadValues: String, Decodable, Sendable, ExpressibleByArgument, CaseIterable {
    /// As programs send them: timers of a log-normal distribution, counters and gauges of a uniform one, half of the timers
    /// and gauges with one to three decimals, partials of few samples and of many, statistics each time in another order.
    case varied
    /// The same without decimals.
    case whole
    /// A statistic has the same value each time, all come in the same order, and every partial stands for as many samples: a
    /// load of which a processor's caches and branch predictors make less than it is. For comparison only.
    case same
}

/// A value as it is written, in thousandths: sums of them are exact, and so are the books.
struct LoadValue: Equatable, Sendable {
    var thousandths: Int64
    /// How many are written, 0 to 3; the value has no more.
    var decimals: Int

    var number: Double { Double(thousandths) / 1000 }

    /// Appends `12`, `12.5`, `12.50`.
    func write(to bytes: inout [UInt8]) {
        let whole = thousandths / 1000
        bytes.append(decimal: whole)
        guard decimals > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var rest = thousandths % 1000
        var unit: Int64 = 100
        for _ in 0..<decimals {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
    }
}

extension [UInt8] {
    /// Appends the digits of a number that is not negative.
    mutating func append(decimal number: Int64) {
        let first = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[first...].reverse()
    }
}

/// Draws values and counts: the same of the same seed.
struct LoadNumbers {
    private var random: SplitMix64
    private let values: LoadValues

    /// The median of timers in milliseconds: half of them take longer, and one of a hundred ten times as long.
    private static let timerMedian = 40.0
    private static let timerSpread = 1.0
    private static let timerMax = 60_000.0
    private static let counterMax: UInt64 = 99
    private static let gaugeMax: UInt64 = 9999

    init(seed: UInt64, values: LoadValues) {
        random = SplitMix64(seed: seed)
        self.values = values
    }

    /// - Parameter statistic: its number, on which the value depends when it is always the same.
    mutating func value(of kind: Kind, _ statistic: Int) -> LoadValue {
        guard values != .same else { return LoadValue(thousandths: Int64(1 + statistic % 97) * 1000, decimals: 0) }
        switch kind {
        case .counter:
            return LoadValue(thousandths: Int64(1 + random.next() % Self.counterMax) * 1000, decimals: 0)
        case .gauge:
            return written(Double(random.next() % (Self.gaugeMax * 1000)) / 1000)
        case .timer:
            return written(min(Self.timerMax, Self.timerMedian * exp(Self.timerSpread * normal())))
        }
    }

    /// How many samples a partial stands for: uniform around a mean.
    mutating func sampleCount(mean: Int) -> Int {
        values == .same ? mean : 1 + Int(random.next() % UInt64(2 * mean - 1))
    }

    mutating func shuffle(_ order: inout [Int32]) { order.shuffle(using: &random) }

    private mutating func written(_ value: Double) -> LoadValue {
        let bits = random.next()
        let decimals = values == .whole || bits & 1 == 0 ? 0 : 1 + Int((bits >> 1) % 3)
        let unit: Int64 = [1000, 100, 10, 1][decimals]
        return LoadValue(thousandths: max(1, Int64((value * 1000).rounded()) / unit) * unit, decimals: decimals)
    }

    /// A value of the standard normal distribution (Box and Muller, "A note on the generation of random normal deviates", 1958).
    private mutating func normal() -> Double {
        let (a, b) = (Double.random(in: 0x1p-53...1, using: &random), Double.random(in: 0..<1, using: &random))
        return (-2 * log(a)).squareRoot() * cos(2 * .pi * b)
    }
}
