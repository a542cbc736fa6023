import DattssCore
import DattssPipeline

/// What a rule would have done in the last days, before it is one.
struct BacktestQuestion: Sendable {
    private var rule: AlertRule
    private var days: Int64 = 8
    /// Asks for a threshold with which it would have fired at most so many times.
    private var atMost: Int?
    /// Asks for the numbers of a statistic as well; one that the rule is not about stands for that which would have fired most often.
    private var curve: String?

    /// So many statistics of a pattern are looked at.
    static let statisticsMax = 50
    static let daysMax: Int64 = 28
    static let stretchesShown = 1000
    /// How many thresholds are tried for a suggestion.
    private static let candidates = 40

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var rule: AlertRule?
        var (days, atMost, curve) = (8.0, Double?.none, String?.none)
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                if name == "rule" {
                    rule = try inside("rule") { () throws(WireError) in try AlertRule(&cursor, id: "backtest") }
                } else if name == "days" {
                    days = try located("days") { () throws(WireError) in try cursor.number() }
                } else if name == "atMost" {
                    atMost = try located("atMost") { () throws(WireError) in try cursor.number() }
                } else if name == "curve" {
                    curve = try located("curve") { () throws(WireError) in try cursor.string() }
                } else {
                    try cursor.skipValue()
                }
            }
        }
        guard let rule else { throw WireError(.missingField, "rule: is missing") }
        guard (1...Double(Self.daysMax)).contains(days), days == days.rounded() else {
            throw WireError(.badValue, "days: expected 1 to \(Self.daysMax)")
        }
        guard rule.measure != .process else {
            throw WireError(.badValue, "rule.measure: which programs were up in the past is not kept")
        }
        self.curve = curve
        if let atMost {
            guard (0...1000).contains(atMost), atMost == atMost.rounded() else {
                throw WireError(.badValue, "atMost: expected 0 to 1000")
            }
            switch rule.condition {
            case .above, .below, .outside: break
            case .equal, nil: throw WireError(.badValue, "atMost: a threshold is suggested for above, below and outside only")
            }
        }
        (self.rule, self.days, self.atMost) = (rule, Int64(days), atMost.map { Int($0) })
    }

    /// - Throws: as reading the log does.
    func answer(_ queries: Queries, _ user: UserID, now: Minute) async throws -> JSONWriter {
        let range = now.advanced(by: -days * Minute.perDay)..<now
        let all = await queries.status(of: user).statistics.map(\.key).filter { rule.matches($0) }
        var minutes: [StatisticKey: [MinutePoint]] = [:]
        var active = MinuteRuns()
        // What is usual comes from the days before.
        let past = rule.measure == .usual ? UsualScorer.pastMinutes : 0
        for key in all.prefix(Self.statisticsMax) {
            let found = try await queries.minutes(of: key, user: user, in: range.lowerBound.advanced(by: -past)..<range.upperBound)
            minutes[key] = found.aggregates
            active = found.active
        }
        let scores = UsualScores(of: rule.measure == .usual ? minutes : [:], active: active, in: range)
        let test = AlertBacktest(rule, minutes: minutes, active: active, range: range, score: scores.score)
        let suggestion = atMost.flatMap { suggested($0, minutes, active, range, scores) }
        var json = JSONWriter()
        json.object { json in
            json.member("from", range.lowerBound.start.seconds)
            json.member("to", range.upperBound.start.seconds)
            json.member("times", Int64(test.stretches.count))
            json.member("seconds", test.seconds)
            json.member("statistics", Int64(minutes.count))
            json.member("omitted", Int64(all.count - minutes.count))
            json.member("exact", rule.cadence == .minute)
            if atMost != nil { json.member("suggested", suggestion) }
            if rule.measure.isNumber, let key = curveKey(minutes, test.stretches) {
                let curve =
                    rule.measure == .usual
                    ? BacktestCurve(key, scores, range: range)
                    : BacktestCurve(key, rule.measure, minutes[key] ?? [], active: active, range: range)
                curve.write(&json)
            }
            json.array("stretches") { json in
                for stretch in test.stretches.prefix(Self.stretchesShown) {
                    json.object { json in
                        json.member("subject", stretch.subject.description)
                        json.member("from", stretch.from.seconds)
                        json.member("until", stretch.until?.seconds)
                    }
                }
            }
        }
        return json
    }

    /// The statistic whose numbers are answered.
    private func curveKey(_ minutes: [StatisticKey: [MinutePoint]], _ stretches: [AlertBacktest.Stretch]) -> StatisticKey? {
        guard let curve else { return nil }
        if case .statistic(let key)? = AlertSubject(curve), minutes[key] != nil { return key }
        let times = stretches.reduce(into: [AlertSubject: Int]()) { $0[$1.subject, default: 0] += 1 }
        // The first of those that fire equally often.
        return minutes.keys.sorted(by: >).max { times[.statistic($0), default: 0] < times[.statistic($1), default: 0] }
    }

    /// The nearest threshold with which, and with each that is further out, it would have fired no more often.
    private func suggested(
        _ times: Int, _ minutes: [StatisticKey: [MinutePoint]], _ active: MinuteRuns, _ range: Range<Minute>, _ scores: UsualScores
    ) -> Double? {
        let isBelow = if case .below? = rule.condition { true } else { false }
        let isOutside = if case .outside? = rule.condition { true } else { false }
        let measured = minutes.flatMap { key, points in
            points.compactMap { AlertWindow(key.kind, $0.aggregate, last: $0.aggregate.last, isActive: true).number(rule.measure) }
        }
        let found = rule.measure == .usual ? scores.values : measured
        let numbers = (isOutside ? found.map(\.magnitude) : found).sorted()
        guard !numbers.isEmpty else { return nil }
        // Denser towards the end that matters.
        let places = (0..<Self.candidates).map { step in
            let share = Double(step * step) / Double((Self.candidates - 1) * (Self.candidates - 1)) * 0.5
            let place = Int(share * Double(numbers.count - 1))
            return isBelow ? place : numbers.count - 1 - place
        }
        var best: Double?
        var before: Double?
        for place in places where numbers[place] != before {
            before = numbers[place]
            var rule = rule
            // A score of just the threshold is outside already: the next hundredth is not.
            let threshold = isOutside ? ((numbers[place] * 100).rounded(.down) + 1) / 100 : numbers[place]
            rule.condition = isBelow ? .below(threshold) : isOutside ? .outside(threshold) : .above(threshold)
            rule.recover = nil
            let test = AlertBacktest(rule, minutes: minutes, active: active, range: range, score: scores.score)
            guard test.stretches.count <= times else { break }
            best = threshold
        }
        return best
    }
}

/// Puts `place` in front of an error that begins with the name of a member of it: `rules[2]` + `above: …` is `rules[2].above: …`.
func inside<Value>(_ place: String, _ body: () throws(WireError) -> Value) throws(WireError) -> Value {
    do { return try body() } catch {
        let first = error.message.prefix { $0 != " " }
        throw WireError(error.reason, place + (first.last == ":" ? "." : ": ") + error.message)
    }
}
