internal import LibC

/// What is usual of one number at some time: a centre, and how far from it is still no wonder.
///
/// ``score(of:)`` is the one thing to ask: how improbable a value is, in both directions. `Usual.md` has the formulas.
public struct UsualBand: Sendable, Hashable {
    /// What is known, and from what.
    public enum Basis: String, Sendable, Hashable {
        /// Days before it at the same time.
        case days
        /// Only the last hours, because there are not enough days yet.
        case hours
    }

    /// The middle of what is usual.
    public let centre: Double
    /// Below this is one value in forty.
    public let low: Double
    /// Above this is one value in forty.
    public let high: Double
    /// What it comes from.
    public let basis: Basis
    /// From how many days, or steps of the last hours, it comes.
    public let count: Int
    private let measure: UsualMeasure
    /// On the measure's scale, as everything that follows.
    private let middle: Double
    private let spreadBelow: Double
    private let spreadAbove: Double

    /// The size of the largest score: what is beyond is as good as impossible.
    public static let scoreMax = 12.0
    /// The score at ``low`` and ``high``: −log10(0.05).
    public static let edgeScore = 1.301
    /// The quantile of the normal distribution at the edges.
    private static let edge = 1.96
    /// What differs by less than this part of the centre is the same.
    private static let resolution = 0.02

    /// Makes the band of what was seen.
    /// - Parameters:
    ///   - samples: what is usual, with weights; none of them NaN.
    ///   - residuals: how far around that what was seen lay from its own centre, with weights.
    ///   - count: of how many days, or steps, that are independent of each other; at least 2.
    init?(
        _ measure: UsualMeasure, scaled samples: [UsualSample], residuals: [UsualSample], count: Int, basis: Basis
    ) {
        guard count >= 2, var middle = samples.quantile(0.5) else { return nil }
        (self.measure, self.count, self.basis) = (measure, count, basis)
        if measure == .count { middle = max(middle, Self.leastOfCounts(samples, count)) }
        let floor = max(measure.noise, measure == .level ? Self.resolution * middle.magnitude : Self.resolution)
        // What the centre itself may be off by comes on top.
        let widening = (1 + 1 / Double(count)).squareRoot() / 0.6745
        self.middle = middle
        spreadBelow = max(floor, -(residuals.quantile(0.25) ?? 0) * widening)
        spreadAbove = max(floor, (residuals.quantile(0.75) ?? 0) * widening)
        let freedom = Self.freedom(count)
        let reach = Self.edge.ofStudent(freedom)
        centre = measure.unscaled(middle)
        if measure == .count {
            (low, high) = Self.edges(of: centre, spreadBelow, spreadAbove, freedom)
        } else {
            low = measure.unscaled(middle - reach * spreadBelow)
            high = measure.unscaled(middle + reach * spreadAbove)
        }
    }

    /// How improbable a value is: −log10 of the probability of one as far out in either direction, positive above the centre and
    /// negative below it. 0 is nothing, 1.3 the edges of the band, 3 once in a thousand times.
    public func score(of value: Double) -> Double {
        guard value.isFinite else { return 0 }
        let off = distance(of: value)
        let score = min(Self.scoreMax, -erfc(off.magnitude / 2.0.squareRoot()).decimalLogarithm)
        return off < 0 ? -score : score
    }

    /// How far off the centre a value is, as that of a normal distribution.
    private func distance(of value: Double) -> Double {
        if measure == .count {
            return Self.distance(ofCount: value, centre, spreadBelow, spreadAbove, Self.freedom(count))
        }
        let off = measure.scaled(value) - middle
        return (off < 0 ? off / spreadBelow : off / spreadAbove).ofNormal(Self.freedom(count))
    }

    private static func freedom(_ count: Int) -> Double { Double(max(2, count - 1)) }

    // MARK: Counts

    /// The signed root of the deviance of a Poisson distribution (McCullagh and Nelder, 1989): nearly normal however small the counts
    /// are. Where more than chance was seen it is divided by the spread, and how well that is known counts, too.
    private static func distance(
        ofCount value: Double, _ centre: Double, _ below: Double, _ above: Double, _ freedom: Double
    ) -> Double {
        let value = max(0, value)
        let deviance = 2 * ((value > 0 ? value * log(value / centre) : 0) - (value - centre))
        let root = max(0, deviance).squareRoot()
        let spread = value < centre ? below : above
        let off = spread > 1 ? (root / spread).ofNormal(freedom) : root
        return value < centre ? -off : off
    }

    private static func edges(of centre: Double, _ below: Double, _ above: Double, _ freedom: Double) -> (Double, Double) {
        func edge(_ inner: Double, _ outer: Double) -> Double {
            var (inner, outer) = (inner, outer)
            for _ in 0..<40 {
                let half = (inner + outer) / 2
                let isInside = distance(ofCount: half, centre, below, above, freedom).magnitude < Self.edge
                if isInside { inner = half } else { outer = half }
            }
            return outer
        }
        let reach = Self.edge.ofStudent(freedom) * above
        // The deviance of the count at the outer end is larger than the distance on the scale of roots.
        let highest = (centre.squareRoot() + reach + 1) * (centre.squareRoot() + reach + 1)
        return (edge(centre, 0), edge(centre, highest + 4))
    }

    /// The centre of counts is their mean, without the highest eighth, where they are so few that the median is 0; and half a count in
    /// all the time that was looked at, where there was none.
    private static func leastOfCounts(_ samples: [UsualSample], _ count: Int) -> Double {
        let sorted = samples.sorted { $0.value < $1.value }
        let kept = sorted.prefix(max(1, sorted.count - sorted.count / 8))
        let weight = kept.reduce(0) { $0 + $1.weight }
        let mean = kept.reduce(0) { $0 + $1.weight * UsualMeasure.count.unscaled($1.value) } / weight
        return UsualMeasure.count.scaled(max(mean < 3 ? mean : 0, 0.5 / Double(count)))
    }
}

/// A value with its weight.
struct UsualSample: Sendable, Hashable {
    var value: Double
    var weight: Double
}

extension [UsualSample] {
    /// Below which a part of the weight lies; nil when there is nothing.
    func quantile(_ part: Double) -> Double? {
        let sorted = sorted { $0.value < $1.value }
        let wanted = sorted.reduce(0) { $0 + $1.weight } * part
        var sum = 0.0
        for (index, sample) in sorted.enumerated() {
            sum += sample.weight
            // Between two halves it is the middle, as everywhere.
            if sum == wanted, index + 1 < sorted.count { return (sample.value + sorted[index + 1].value) / 2 }
            if sum > wanted { return sample.value }
        }
        return sorted.last?.value
    }
}

extension Double {
    /// A value of Student's t distribution as that of the normal distribution with the same tail (Wallace, 1959).
    fileprivate func ofNormal(_ freedom: Double) -> Double {
        let size = (8 * freedom + 1) / (8 * freedom + 3) * (freedom * log(1 + self * self / freedom)).squareRoot()
        return self < 0 ? -size : size
    }

    /// Its inverse.
    fileprivate func ofStudent(_ freedom: Double) -> Double {
        let size = self * (8 * freedom + 3) / (8 * freedom + 1)
        return (freedom * (exp(size * size / freedom) - 1)).squareRoot()
    }
}
