/// The two tails of a number's distribution, as five numbers: how improbable a value is, however far out it lies.
///
/// The tails are the outermost fiftieth on either side. Within them the distribution is taken to be exponential with the mean excess that
/// was seen, which is the peaks-over-threshold method (Pickands, 1975) with a shape of zero: exact for exponential noise, and on the
/// careful side for anything lighter, as Gaussian noise. What is not in a tail says nothing, and has the evidence 0.
struct UsualTails: Sendable, Hashable {
    /// Where the tails begin.
    let low: Float
    let high: Float
    /// By how much what lies in a tail lies beyond its beginning on average.
    private let lowExcess: Float
    private let highExcess: Float
    /// −log10 of how much is in each tail.
    private let beginning: Float

    /// From fewer values nothing is said.
    static let valuesMin = 100
    private static let share = 0.02
    /// What differs by less than this part of the median is the same.
    private static let resolution = 0.001

    /// - Parameters:
    ///   - values: in ascending order, none of them NaN.
    ///   - noise: the least standard deviation that there has to be, whatever was seen: of a counter that of counting. What one more or
    ///     one less makes of it then is never improbable.
    /// - Returns: nil when there are fewer than ``valuesMin``.
    init?(ascending values: some RandomAccessCollection<Float>, noise: Double = 0) {
        guard values.count >= Self.valuesMin else { return nil }
        let n = values.count
        func value(_ index: Int) -> Double { Double(values[values.index(values.startIndex, offsetBy: index)]) }
        let k = max(2, Int(Self.share * Double(n)))
        var (low, high) = (value(k - 1), value(n - k))
        let quartiles = value(n * 3 / 4) - value(n / 4)
        // 1.35 and 4.1 are what the quartiles and the tails' beginnings of a Gaussian lie apart, in standard deviations.
        let spread = max(quartiles / 1.35, (high - low) / 4.1, Self.resolution * value(n / 2).magnitude, 1e-9)
        low = min(low, value(n / 2) - Self.beginningOfGaussian * noise)
        high = max(high, value(n / 2) + Self.beginningOfGaussian * noise)
        let least = max(spread * Self.leastExcess, noise * Self.excessOfGaussian)
        let below = (0..<k).reduce(0.0) { $0 + max(0, low - value($1)) } / Double(k)
        let above = (n - k..<n).reduce(0.0) { $0 + max(0, value($1) - high) } / Double(k)
        self.low = Float(low)
        self.high = Float(high)
        lowExcess = Float(max(below, least))
        highExcess = Float(max(above, least))
        beginning = Float(-(Double(k) / Double(n + 1)).decimalLogarithm)
    }

    /// −log10 of the probability of something as far out, positive above and negative below.
    func evidence(of value: Double) -> Double {
        if value > Double(high) { return Double(beginning) + (value - Double(high)) / Double(highExcess) * Self.perFold }
        if value < Double(low) { return -Double(beginning) - (Double(low) - value) / Double(lowExcess) * Self.perFold }
        return 0
    }

    /// Where the tails of a Gaussian begin, how far its tails reach on average, and how far any tail is taken to, in standard deviations.
    private static let beginningOfGaussian = 2.05
    private static let excessOfGaussian = 0.37
    private static let leastExcess = 0.25

    /// log10(e).
    private static let perFold = 0.434_294_481_903_251_8
}
