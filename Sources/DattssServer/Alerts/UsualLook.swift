import DattssCore

/// What is known of the statistics of one user that rules about what is usual are about, and which minute is looked at next.
///
/// After a start, and when rules are changed, the past is learned first, one statistic after the other; minutes that go by meanwhile are
/// looked at afterwards, each of them. So what is told does not depend on how fast that is.
///
///     search ──► learn each one's days ──► complete them with today ──► take minute after minute, for an hour ──► search …
struct UsualLook {
    /// The first minute that was not looked at.
    private(set) var next: Minute
    /// How many statistics were left out because there are too many.
    private(set) var omitted = 0
    /// Where each is.
    private(set) var known: [StatisticKey: Int] = [:]
    /// Whether statistics are to be looked for that are not known yet.
    private(set) var isSearching = true
    private var rules: [AlertRule] = []
    private var keys: [StatisticKey] = []
    private var scorers: [UsualScorer] = []
    private var scores: [Double?] = []
    /// What is to be learned, the last one first.
    private var waiting: [StatisticKey] = []
    /// Those of which all but today is learned.
    private var fresh: [(key: StatisticKey, scorer: UsualScorer)] = []

    /// So many statistics of a user are held against what is usual, at eleven kilobytes each; of others nothing is known.
    static let statisticsMax = 5000
    private static let searchMinutes: Int64 = 60

    init(from minute: Minute) { next = minute }

    /// Other rules may be about other statistics.
    mutating func setRules(_ rules: [AlertRule]) {
        if self.rules == rules { return }
        (self.rules, isSearching) = (rules, true)
    }

    /// Takes in which statistics there are. What is not there any more is forgotten, as what was silent for too long.
    mutating func search(_ found: [StatisticKey]) {
        isSearching = false
        let wanted = Set(found.sorted().prefix(Self.statisticsMax))
        omitted = Set(found).count - wanted.count
        let kept = keys.indices.filter { wanted.contains(keys[$0]) || scorers[$0].isKnown }
        if kept.count < keys.count {
            (keys, scorers) = (kept.map { keys[$0] }, kept.map { scorers[$0] })
            index()
        }
        fresh.removeAll { !wanted.contains($0.key) }
        let learned = Set(fresh.map(\.key))
        let room = max(0, Self.statisticsMax - keys.count - fresh.count)
        waiting = Array(wanted.filter { known[$0] == nil && !learned.contains($0) }.sorted().prefix(room).reversed())
    }

    // MARK: Learning

    /// What is learned next.
    var unlearned: StatisticKey? { waiting.last }
    /// The days before that of the next minute, which are sealed soon and then quickly read.
    var past: Range<Minute> { midnight.advanced(by: -UsualScorer.pastMinutes)..<midnight }
    /// What follows up to the next minute.
    var today: Range<Minute> { midnight..<next }
    var isComplete: Bool { waiting.isEmpty && fresh.isEmpty }
    var isNew: Set<StatisticKey> { Set(fresh.map(\.key)) }

    private var midnight: Minute { Minute(next.day * Minute.perDay) }

    mutating func learn(_ key: StatisticKey, _ points: [MinutePoint], active: MinuteRuns) {
        waiting.removeAll { $0 == key }
        var scorer = UsualScorer(key.kind)
        scorer.learn(points, active: active, before: midnight)
        fresh.append((key, scorer))
    }

    mutating func complete(_ points: [StatisticKey: [MinutePoint]], active: MinuteRuns) {
        for (key, scorer) in fresh {
            var scorer = scorer
            scorer.learn(points[key] ?? [], active: active, before: next)
            keys.append(key)
            scorers.append(scorer)
        }
        fresh = []
        let order = keys.indices.sorted { keys[$0] < keys[$1] }
        (keys, scorers) = (order.map { keys[$0] }, order.map { scorers[$0] })
        index()
    }

    private mutating func index() {
        known = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices))
        scores = Array(repeating: nil, count: keys.count)
    }

    // MARK: Looking

    /// When statistics are looked for that are new: of these nothing is known before an hour has gone by in any case.
    var hourEnd: Minute { Minute((next.index.flooredQuotient(by: Self.searchMinutes) + 1) * Self.searchMinutes) }

    /// Takes in the next minute.
    mutating func take(_ points: [StatisticKey: [MinutePoint]], isActive: Bool) {
        for place in keys.indices {
            let aggregates = (points[keys[place]] ?? []).filter { [next] in $0.minute == next }.map(\.aggregate)
            scorers[place].take(aggregates, in: next, isActive: isActive)
            scores[place] = scorers[place].score()
        }
        next = next.advanced(by: 1)
        if next.index % Self.searchMinutes == 0 { isSearching = true }
    }

    /// After the last minute.
    func score(of key: StatisticKey) -> Double? { known[key].flatMap { scores[$0] } }

    func windows(isActive: Bool) -> some Sequence<(StatisticKey, AlertWindow)> {
        keys.lazy.map { ($0, AlertWindow($0.kind, nil, last: nil, isActive: isActive)) }
    }
}
