import DattssCore

@testable import DattssQuery

/// Series of minutes of which it is known whether, when and how they moved.
struct PlantedSeries {
    let bins: Int
    /// Where the window begins.
    let start: Int
    var random: Seeded

    init(bins: Int, windowStart: Int, seed: UInt64) {
        (self.bins, start, random) = (bins, windowStart, Seeded(seed))
    }

    /// What moves by itself, and no more in the window than before.
    enum Distractor: String, CaseIterable {
        /// Independent noise; noise with a memory of ten minutes; a random walk; a steady rise; an hourly wave.
        case white, wandering, walking, rising, waving
        /// Noise with a heavy tail; counts of rare and of many things; a gauge that never changes; a job every ten minutes.
        case heavy, rare, many, constant, periodic

        var isCounted: Bool { self == .rare || self == .many || self == .periodic }
    }

    mutating func normal() -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
    }

    /// How many events there are in a minute when they are independent and so many on average.
    mutating func poisson(_ mean: Double) -> Double {
        if mean > 50 { return Swift.max(0, (mean + mean.squareRoot() * normal()).rounded()) }
        var (left, count) = (mean, 0.0)
        while true {
            // The time to the next one is exponential; a power series would do as well as a logarithm, and neither is there.
            left -= exponential()
            if left < 0 { return count }
            count += 1
        }
    }

    /// By von Neumann's comparison of uniform numbers.
    private mutating func exponential() -> Double {
        var whole = 0.0
        while true {
            let first = Double.random(in: 0..<1, using: &random)
            var (last, isOdd) = (first, true)
            while true {
                let next = Double.random(in: 0..<1, using: &random)
                if next >= last { break }
                last = next
                isOdd.toggle()
            }
            if isOdd { return whole + first }
            whole += 1
        }
    }

    mutating func series(_ kind: Distractor) -> [Float] {
        var level = 0.0
        let slope = Double.random(in: -0.5...0.5, using: &random)
        let phase = Double.random(in: 0..<60, using: &random)
        let mean = Double.random(in: 20...500, using: &random)
        return (0..<bins).map { bin in
            switch kind {
            case .white: return Float(50 + normal())
            case .wandering:
                level = level * 0.9 + normal()
                return Float(50 + level)
            case .walking:
                level += normal()
                return Float(level)
            case .rising: return Float(100 + slope * Double(bin) + 0.3 * normal())
            case .waving:
                // Two parabolas.
                let place = ((Double(bin) + phase) / 60).truncatingRemainder(dividingBy: 1)
                let away = place < 0.5 ? place - 0.25 : place - 0.75
                let height = 1 - 16 * away * away
                return Float(50 + (place < 0.5 ? 20 : -20) * height + normal())
            case .heavy:
                let value = normal()
                return Float(50 + value * value * value)
            case .rare: return Float(poisson(0.2))
            case .many: return Float(poisson(mean))
            case .constant: return 42
            case .periodic: return Float((bin + Int(phase)) % 10 == 0 ? 100 + 5 * normal() : poisson(3))
            }
        }
    }

    /// What moved in the window, by how much, and when.
    struct Planted {
        var name: String
        var values: [Float]
        var isCounted: Bool
        var began: Int
        var change: Move.Change = .moved
        var isUp: Bool
    }
}
