internal import DattssCore
import LibC

/// Made-up statistics that look like those of a web service, for measuring the log: the same seed gives the same data.
///
/// Among ten statistics four count ones, one counts amounts, four are timers and one is a gauge:
///
/// | | samples a minute | a sample |
/// | --- | --- | --- |
/// | counter of ones | 0.1 to 500 | 1 |
/// | counter of amounts | 5 to 500 | 1 to 20, or a lognormal number of bytes |
/// | timer | 20 to 1,000 | lognormal integer milliseconds: medians of 2 to 500, σ of 0.3 to 1.2 |
/// | gauge | 6 to 60, half of them always as many | random walk, half of them with two decimals |
///
/// All but gauges follow a daily cycle, each its own. The samples are really drawn, and the eight numbers derived from
/// them as the server would: a minute without a sample has no point.
struct SampleStatistics {
    let seed: UInt64
    let statistics: Int
    let withSketches: Bool

    /// 2026-11-22, the UTC day that is day 0.
    static let firstDay: Int64 = 20_779

    init(seed: UInt64, statistics: Int = 100, withSketches: Bool = false) {
        self.seed = seed
        self.statistics = statistics
        self.withSketches = withSketches
    }

    func key(_ index: Int) -> StatisticKey {
        let place = "service\(index % 7).routes.endpoint_\(index)"
        return switch index % 10 {
        case 0...3: StatisticKey(.counter, place + ".requests")
        case 4: StatisticKey(.counter, place + ".bytes")
        case 5...8: StatisticKey(.timer, place + ".time")
        default: StatisticKey(.gauge, place + ".level")
        }
    }

    /// One statistic over one day, by minute. Any day of any statistic can be had without the others.
    func points(of index: Int, day: Int) -> [(minute: Minute, aggregate: Aggregate)] {
        var traits = SampleRandom(seed: seed, stream: UInt64(index) << 32)
        let source = SampleSource(kindOf: index, &traits)
        var random = SampleRandom(seed: seed, stream: UInt64(index) << 32 | UInt64(day + 1))
        var samples = MinuteSamples(decimals: source.decimals)
        var level = source.firstLevel(&random)
        let midnight = Minute((Self.firstDay + Int64(day)) * Minute.perDay)
        var points: [(minute: Minute, aggregate: Aggregate)] = []
        points.reserveCapacity(Int(Minute.perDay))
        for minute in 0..<Minute.perDay {
            samples.removeAll()
            source.draw(Double(minute) / Double(Minute.perDay), &level, into: &samples, &random)
            guard let aggregate = samples.aggregate(withSketch: withSketches && key(index).kind == .timer) else { continue }
            points.append((midnight.advanced(by: minute), aggregate))
        }
        return points
    }
}

/// What the samples of one statistic look like.
private struct SampleSource {
    enum Value {
        case one
        case uniform(ClosedRange<Int>)
        case lognormal(median: Double, sigma: Double)
        case walk(step: Double)
    }

    let value: Value
    let decimals: Int
    private let trough: Double
    private let peak: Double
    /// When the cycle is at its lowest, as a part of the day.
    private let phase: Double
    private let isRegular: Bool
    private let countRange: ClosedRange<Int>

    init(kindOf index: Int, _ random: inout SampleRandom) {
        var (decimals, isRegular, countRange) = (0, false, 0...Int.max)
        switch index % 10 {
        case 0...3:
            value = .one
            peak = random.logarithmic(0.1...500)
            trough = peak * random.uniform(0.1...0.6)
        case 4:
            value =
                index / 10 % 2 == 0
                ? .uniform(1...20)
                : .lognormal(median: random.logarithmic(200...20_000), sigma: random.uniform(0.5...1.5))
            peak = random.logarithmic(20...500)
            trough = peak * random.uniform(0.2...0.6)
        case 5...8:
            value = .lognormal(median: random.logarithmic(2...500), sigma: random.uniform(0.3...1.2))
            countRange = 20...1000
            peak = random.logarithmic(100...1000)
            trough = max(20, peak * random.uniform(0.05...0.5))
        default:
            decimals = index / 10 % 2 == 0 ? 0 : 2
            value = .walk(step: random.logarithmic(0.7...15))
            isRegular = index / 20 % 2 == 0
            countRange = 1...Int.max
            peak = random.logarithmic(6...60).rounded()
            trough = peak
        }
        phase = random.uniform(0...1)
        (self.decimals, self.isRegular, self.countRange) = (decimals, isRegular, countRange)
    }

    func firstLevel(_ random: inout SampleRandom) -> Double { random.uniform(2_000...20_000) }

    /// Draws one minute's samples.
    /// - Parameter time: the part of the day that is over.
    func draw(_ time: Double, _ level: inout Double, into samples: inout MinuteSamples, _ random: inout SampleRandom) {
        let rate = trough + (peak - trough) * (0.5 - 0.5 * cos(2 * .pi * (time - phase)))
        let count = isRegular ? Int(rate) : random.poisson(rate).clamped(countRange.lowerBound, countRange.upperBound)
        switch value {
        case .one: for _ in 0..<count { samples.append(1) }
        case .uniform(let range): for _ in 0..<count { samples.append(Int.random(in: range, using: &random)) }
        case .lognormal(let median, let sigma):
            for _ in 0..<count {
                samples.append(Int(max(1, (median * exp(sigma * random.normal())).rounded())))
            }
        case .walk(let step):
            for _ in 0..<count {
                level = abs(level + step * random.normal())
                samples.append(Int(level.rounded()))
            }
        }
    }
}

/// The samples of one minute: integers, that stand for tens or hundredths where a statistic has decimals.
private struct MinuteSamples {
    private let scale: Double
    private var samples: [Int] = []
    /// How often each small sample occurs: sorting by counting is what makes half a billion samples bearable.
    private var occurrences = [Int32](repeating: 0, count: 1 << 14)
    private var large: [Int] = []
    private var smallMax = 0

    init(decimals: Int) { scale = pow(10, Double(decimals)) }

    mutating func removeAll() {
        for position in 0...smallMax { occurrences[position] = 0 }
        smallMax = 0
        samples.removeAll(keepingCapacity: true)
        large.removeAll(keepingCapacity: true)
    }

    mutating func append(_ sample: Int) {
        samples.append(sample)
        if sample < occurrences.count {
            occurrences[sample] += 1
            smallMax = max(smallMax, sample)
        } else {
            large.append(sample)
        }
    }

    /// nil when there is no sample.
    mutating func aggregate(withSketch: Bool) -> Aggregate? {
        guard let first = samples.first, let last = samples.last else { return nil }
        large.sort()
        let count = Int64(samples.count)
        // Added up one by one: with decimals, the sum has the rounding errors that real sums have.
        let sum = scale == 1 ? Double(samples.reduce(0, +)) : samples.reduce(0.0) { $0 + value($1) }
        let ranks = [
            1, nearestRank(Aggregate.defaultFraction, of: count), nearestRank(1 - Aggregate.defaultFraction, of: count), count,
        ]
        let order = values(at: ranks)
        return Aggregate(
            sum: sum, count: count, max: order[3], min: order[0], first: value(first), last: value(last),
            bottom: order[1], top: order[2], sketch: withSketch ? sketch() : nil)
    }

    private func value(_ sample: Int) -> Double { Double(sample) / scale }

    /// The samples of some ranks, which ascend.
    private func values(at ranks: [Int64]) -> [Double] {
        var values: [Double] = []
        var (passed, sample) = (Int64(0), -1)
        for rank in ranks {
            while passed < rank, sample < smallMax {
                sample += 1
                passed += Int64(occurrences[sample])
            }
            values.append(value(passed >= rank ? sample : large[Int(rank - passed) - 1]))
        }
        return values
    }

    private func sketch() -> Sketch {
        var sketch = Sketch()
        for sample in 0...smallMax where occurrences[sample] > 0 {
            sketch.add(value(sample), weight: Int64(occurrences[sample]))
        }
        for sample in large { sketch.add(value(sample)) }
        return sketch
    }
}

/// What is drawn with random numbers.
private struct SampleRandom: RandomNumberGenerator {
    private var random: SplitMix64
    private var spare: Double?

    /// Streams of one seed are independent of each other.
    init(seed: UInt64, stream: UInt64) {
        random = SplitMix64(seed: stream)
        random = SplitMix64(seed: random.next() ^ seed)
    }

    mutating func next() -> UInt64 { random.next() }

    mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * (Double(next() >> 11) * 0x1p-53)
    }

    /// Uniform on a logarithmic scale: as many between 1 and 10 as between 10 and 100.
    mutating func logarithmic(_ range: ClosedRange<Double>) -> Double {
        exp(uniform(log(range.lowerBound)...log(range.upperBound)))
    }

    /// Standard normal, by Marsaglia's polar method (1964).
    mutating func normal() -> Double {
        if let spare {
            self.spare = nil
            return spare
        }
        while true {
            let (x, y) = (uniform(-1...1), uniform(-1...1))
            let square = x * x + y * y
            guard square < 1, square > 0 else { continue }
            let factor = (-2 * log(square) / square).squareRoot()
            spare = y * factor
            return x * factor
        }
    }

    /// Poisson, by multiplying uniforms (Knuth); from a mean of 50 on by the normal distribution close to it.
    mutating func poisson(_ mean: Double) -> Int {
        if mean >= 50 { return Int(max(0, (mean + mean.squareRoot() * normal()).rounded())) }
        let limit = exp(-mean)
        var (count, product) = (0, uniform(0...1))
        while product > limit {
            count += 1
            product *= uniform(0...1)
        }
        return count
    }
}
