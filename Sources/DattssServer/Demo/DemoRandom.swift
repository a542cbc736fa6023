import DattssCore
import Foundation

/// Chance that is the same each time for a seed, a moment and a statistic.
struct DemoRandom {
    private var generator: SplitMix64

    init(seed: UInt64, _ minute: Minute, part: Int, _ index: Int) {
        var mixer = SplitMix64(seed: seed ^ UInt64(bitPattern: minute.index))
        let moment = mixer.next() &+ UInt64(bitPattern: Int64(part)) &* 0x9E37_79B9
        generator = SplitMix64(seed: moment ^ (UInt64(index) << 32))
    }

    /// How many of something that happens `mean` times on average: nearly Poisson's.
    mutating func count(_ mean: Double) -> Int64 {
        guard mean < 12 else { return Int64(max(0, (mean + normal() * mean.squareRoot()).rounded())) }
        var (count, product) = (Int64(-1), 1.0)
        let limit = Self.exponential(-mean)
        repeat {
            count += 1
            product *= uniform()
        } while product > limit
        return count
    }

    /// A value around a median, as durations and amounts are: log-normal.
    mutating func around(_ median: Double, spread: Double) -> Double { median * Self.exponential(spread * normal()) }

    /// By the polar method (Marsaglia & Bray 1964).
    private mutating func normal() -> Double {
        while true {
            let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
            let square = x * x + y * y
            if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
        }
    }

    private mutating func uniform() -> Double { Double.random(in: 0..<1, using: &generator) }

    static func exponential(_ x: Double) -> Double { exp(x) }
}
