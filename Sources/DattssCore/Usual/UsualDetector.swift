/// Watches one statistic, step by step, and says how unusual each step is. It learns as it goes, and forgets after four weeks.
///
/// Each of the ``UsualChannels`` has the tails of its own last four weeks; the *score* of a step is the mean over the channels of the
/// evidence in them, −log10 of a tail's probability, of which a single channel counts at most ``evidenceMax``. Its sign is that of
/// the evidence's sum. There are neither clocks nor tasks in it: what `push` is told is all it knows.
///
/// ```swift
/// var detector = UsualDetector(.count)
/// for step in steps {
///     let reading = detector.push(step.sum, at: UsualSlot(step.start))
///     if reading.isNews { print("unusual since", reading.since) }
/// }
/// ```
public struct UsualDetector: Sendable {
    private let measure: UsualMeasure
    private var season = UsualSeason()
    private var watch = UsualWatch()
    /// The last four weeks of each channel, around.
    private var references: [[Float]]
    private var place = 0
    private var sinceFit = 0
    private var tails = UsualTailsOfChannels()

    /// The score from which a step is unusual. Of noise it is less than once in a month.
    public static let level = 2.0
    static let evidenceMax = 6.0
    private static let referenceSteps = 8064
    /// How many steps the tails are used before they are taken anew: two hours.
    private static let fitSteps = 24

    /// Knows nothing yet.
    public init(_ measure: UsualMeasure) {
        self.measure = measure
        references = Array(repeating: [], count: UsualChannels.count)
    }

    /// Takes in a step.
    /// - Parameters:
    ///   - value: see ``UsualMeasure/value(of:)``; what is not finite is left out.
    ///   - slot: later than the one before; an earlier one is left out.
    public mutating func push(_ value: Double, at slot: UsualSlot, level: Double = level) -> UnusualReading {
        guard value.isFinite, watch.last.map({ slot > $0 }) ?? true else { return watch.reading }
        let scaled = measure.scaled(value)
        if sinceFit == 0 || !tails.areKnown { fit() }
        sinceFit = (sinceFit + 1) % Self.fitSteps
        let usual = season.usual(at: slot)
        season.push(scaled, at: slot)
        let values = watch.push(scaled, usual: usual, at: slot, tails, level: level)
        for channel in 0..<UsualChannels.count { remember(values[channel], of: channel) }
        place = (place + 1) % Self.referenceSteps
        return watch.reading
    }

    private mutating func remember(_ value: Float, of channel: Int) {
        if references[channel].count < Self.referenceSteps {
            references[channel].append(value)
        } else {
            references[channel][place] = value
        }
    }

    private mutating func fit() {
        let noise = measure.noise
        tails = UsualTailsOfChannels(
            zip(references, UsualChannels.noises).map { reference, share in
                UsualTails(ascending: reference.filter { !$0.isNaN }.sorted(), noise: noise * share)
            })
    }
}

/// What is known of a statistic after a step.
public struct UnusualReading: Sendable, Hashable {
    /// How improbable the last step is, positive above what is usual and negative below; 0 while that is not known.
    public var score = 0.0
    /// Whether there is enough to say so.
    public var isKnown = false
    /// Since which step it is unusual; nil when it is as usual.
    public var since: UsualSlot?
    /// Whether it became unusual in this step, and was not shortly before.
    public var isNews = false
}
