/// The tails of each channel; nil of those of which too little is known.
struct UsualTailsOfChannels: Sendable, Hashable {
    private var tails: [UsualTails?]

    init(_ tails: [UsualTails?] = []) { self.tails = tails }

    subscript(channel: Int) -> UsualTails? { channel < tails.count ? tails[channel] : nil }

    /// Whether any channel's are.
    var areKnown: Bool { tails.contains { $0 != nil } }

    /// How improbable the values are together, see ``UsualDetector``.
    func score(of values: UsualChannels.Values) -> Double {
        var (sum, size) = (0.0, 0.0)
        for (channel, tails) in tails.enumerated() where !values[channel].isNaN {
            guard let tails else { continue }
            let evidence = tails.evidence(of: Double(values[channel]))
            sum += evidence
            size += min(UsualDetector.evidenceMax, evidence.magnitude)
        }
        let score = size / Double(UsualChannels.count)
        return sum < 0 ? -score : score
    }
}

/// The little that has to be kept of a statistic between two steps to say how unusual the next one is.
struct UsualWatch: Sendable, Hashable {
    private(set) var channels = UsualChannels()
    private var state = UnusualState()
    private(set) var last: UsualSlot?
    private(set) var reading = UnusualReading()

    /// Takes in the next step.
    /// - Returns: what it is in each channel.
    mutating func push(
        _ scaled: Double, usual: Double?, at slot: UsualSlot, _ tails: UsualTailsOfChannels, level: Double
    ) -> UsualChannels.Values {
        let values = channels.push(scaled, season: usual)
        let score = tails.score(of: values)
        let isNews = state.note(score, at: slot, level: level)
        last = slot
        reading = UnusualReading(score: score, isKnown: tails.areKnown, since: state.since, isNews: isNews)
        return values
    }
}
