/// The last steps of a statistic, looked at in ten ways at once: each sees some kind of change that the others do not.
///
///     mean1 mean6 mean24 mean48       the level of the last steps
///     change1                         this step less the one before
///     rise6 rise12                    the last steps less the four times as many before them
///     season1 season6 season24        how far the last steps were from what is usual at their time of day and week
///
/// A spike is in the first of each, what drifts in the last, and a change that is within the day's range but at the wrong hour only in
/// those of the season.
struct UsualChannels: Sendable, Hashable {
    /// One value a channel, NaN where a channel has too few steps yet: the first ``count`` lanes.
    typealias Values = SIMD16<Float>

    static let count = 10
    /// The standard deviation of each, where that of a step is 1 and none depends on the other.
    static let noises: [Double] = [1, 0.408, 0.204, 0.144, 1.414, 0.456, 0.323, 1, 0.408, 0.204]
    private static let depth = 60
    private static let seasonDepth = 24

    /// The last steps, the newest at `place`.
    private var steps = SIMD64<Float>(repeating: 0)
    /// What they were off their season.
    private var residuals = SIMD32<Float>(repeating: 0)
    private var place: Int16 = 0
    private var seasonPlace: Int16 = 0
    private var length: Int16 = 0
    private var seasonLength: Int16 = 0

    /// Takes in the next step.
    /// - Parameters:
    ///   - value: on the scale of its measure.
    ///   - season: what is usual at its time; nil when that is not known yet.
    mutating func push(_ value: Double, season: Double?) -> Values {
        place = (place + 1) % Int16(Self.depth)
        steps[Int(place)] = Float(value)
        length = min(length + 1, Int16(Self.depth))
        var values = Values(repeating: .nan)
        values[0] = Float(value)
        values[1] = mean(6)
        values[2] = mean(24)
        values[3] = mean(48)
        values[4] = mean(1) - mean(1, before: 1)
        values[5] = mean(6) - mean(24, before: 6)
        values[6] = mean(12) - mean(48, before: 12)
        if let season { pushResidual(Float(value - season), into: &values) }
        return values
    }

    private mutating func pushResidual(_ residual: Float, into values: inout Values) {
        seasonPlace = (seasonPlace + 1) % Int16(Self.seasonDepth)
        residuals[Int(seasonPlace)] = residual
        seasonLength = min(seasonLength + 1, Int16(Self.seasonDepth))
        values[7] = residual
        values[8] = seasonMean(6)
        values[9] = seasonMean(24)
    }

    /// The last steps, the oldest first.
    func last(_ count: Int) -> [Double] {
        (0..<min(count, Int(length))).reversed().map { back in
            Double(steps[(Int(place) - back + Self.depth) % Self.depth])
        }
    }

    /// The mean of some steps, after which so many others came; NaN when there are too few.
    private func mean(_ count: Int, before: Int = 0) -> Float {
        if count + before > Int(length) { return .nan }
        var sum: Float = 0
        var index = Int(place) - before
        for _ in 0..<count {
            sum += steps[index < 0 ? index + Self.depth : index]
            index -= 1
        }
        return sum / Float(count)
    }

    private func seasonMean(_ count: Int) -> Float {
        if count > Int(seasonLength) { return .nan }
        var sum: Float = 0
        var index = Int(seasonPlace)
        for _ in 0..<count {
            sum += residuals[index < 0 ? index + Self.seasonDepth : index]
            index -= 1
        }
        return sum / Float(count)
    }
}
