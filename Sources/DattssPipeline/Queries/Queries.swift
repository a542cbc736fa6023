public import DattssCore
public import DattssLog

/// What the pipeline answers about one user. A read sees everything that was acknowledged before it was asked.
public struct Queries: Sendable {
    private let directory: UserDirectory
    let history: History
    private let clock: any WallClock
    private let threads: QueryThreads
    private let turns: QueryTurns
    private let retention: @Sendable () -> Retention

    init(directory: UserDirectory, history: History, _ configuration: PipelineConfiguration) {
        (self.directory, self.history, clock) = (directory, history, configuration.clock)
        retention = configuration.retention
        turns = QueryTurns(
            TurnBounds(
                atOnceMax: configuration.queriesAtOnce, waitingMax: configuration.limits.queuedQueries,
                waitingPerUserMax: configuration.limits.queuedQueriesPerUser))
        // One more, so that what is worked out once for everybody waits for no user's questions.
        threads = QueryThreads(count: configuration.queriesAtOnce + 1, niceness: configuration.queryNiceness)
    }

    // MARK: Where and when

    /// Answers a user's question when its turn has come, away from the threads that take samples in.
    /// - Parameters:
    ///   - isWanted: asked just before: an answer that nobody waits for any more is not worked out.
    ///   - body: asks, and writes down what came out, which may be the dearer part.
    /// - Throws: ``TurnRefusal`` when too much is asked, and whatever `body` does.
    public func inTurn<Answer: Sendable>(
        of user: UserID, isWanted: @Sendable () -> Bool = { true }, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try await turns.inTurn(of: user, isWanted: isWanted) { try await aside(body) }
    }

    /// The same for what is worked out for everybody, at most once at a time: without waiting for a turn.
    public func aside<Answer>(_ body: @Sendable () async throws -> Answer) async rethrows -> Answer {
        try await withTaskExecutorPreference(threads) { try await body() }
    }

    /// How many questions are under way, and how many were refused.
    public var counts: TurnCounts { turns.counts }

    /// For how many days before today what is kept of a user.
    public func kept(of user: UserID) -> Retention.Limits {
        let retention = retention()
        return retention.overrides[user] ?? retention.limits
    }

    // MARK: Questions

    /// The state of every live statistic of a user, sorted by path.
    public func status(of user: UserID) async -> (at: Timestamp, statistics: [StatisticStatus]) {
        let aggregator = await caughtUp(user)
        let now = clock.now()
        return (now, StatisticStatus.inOrder(await aggregator?.status(at: now) ?? []))
    }

    /// The statistics of a user that were silent for so long that they left the status, those that were sent last first.
    public func silent(of user: UserID, atMost count: Int) async -> (at: Timestamp, statistics: [UserCheckpoint.StatisticTotals]) {
        let silent = (await caughtUp(user)?.silent() ?? [:]).map { UserCheckpoint.StatisticTotals(key: $0.key, totals: $0.value) }
        let latest = silent.sorted { ($1.totals.seen, $0.key) < ($0.totals.seen, $1.key) }.prefix(count)
        return (clock.now(), Array(latest))
    }

    /// The last values of a user's gauges, after everything that was accepted so far; nil for one that nobody ever sent, or not
    /// for days.
    public func lastValues(of keys: [StatisticKey], user: UserID) async -> [Double?] {
        await caughtUp(user)?.lastValues(of: keys) ?? keys.map { _ in nil }
    }

    /// Lets each slot of some of a user's statistics be looked at, from one on; see ``SlotWatch``. Whoever watched before does not any
    /// more.
    /// - Returns: whether the user has any statistics.
    public func watchSlots(
        of user: UserID, from slot: Int64, _ question: WatchQuestion
    ) async -> Bool {
        guard let aggregator = directory.existing(user)?.aggregator else { return false }
        let found = await judged(await aggregator.numbered, question)
        await aggregator.watchSlots(from: slot, question, found)
        return true
    }

    /// Nobody watches statistics of a user any more: what is found of them is not kept.
    public func endWatch(of user: UserID) async { await directory.existing(user)?.aggregator.endWatch() }

    /// What was found of watched slots since the last call, after everything that was accepted so far; nil when nothing of the user is
    /// watched.
    public func slots(of user: UserID, through slot: Int64) async -> [SlotView]? {
        guard let aggregator = await caughtUp(user) else { return nil }
        if let (question, news) = await aggregator.unjudged, !news.isEmpty {
            await aggregator.judge(await judged(news, question))
        }
        return await aggregator.slots(through: slot)
    }

    /// Whether statistics are watched: on threads of questions, because many rules take long.
    private func judged(
        _ statistics: [(id: StatisticID, key: StatisticKey)], _ question: WatchQuestion
    ) async -> [WatchVerdict] {
        await withTaskExecutorPreference(threads) {
            statistics.map { WatchVerdict(id: $0.id, key: $0.key, isWatched: question.isWatched($0.key)) }
        }
    }

    /// All points of some of a user's statistics that are in the log, by statistic, and the minutes in which the user sent anything.
    /// - Throws: as reading the log does.
    public func storedPoints(
        of user: UserID, in range: Range<Minute>, _ isWanted: @escaping @Sendable (StatisticKey) -> Bool
    ) async throws -> (points: [StatisticKey: [MinutePoint]], active: MinuteRuns) {
        let history = history
        return try await withTaskExecutorPreference(threads) {
            var points: [StatisticKey: [MinutePoint]] = [:]
            var active: Set<Minute> = []
            try history.forEachPoint(user: user, minutes: range) { key, point in
                active.insert(point.minute)
                if isWanted(key) { points[key, default: []].append(point) }
            }
            return (points, MinuteRuns(active))
        }
    }

    /// The points of many of a user's statistics in minutes that are over, sorted by minute, and the minutes in which the user sent
    /// anything. Those that are not stored yet are among them.
    /// - Throws: as reading the log does.
    public func points(
        of user: UserID, in range: Range<Minute>, _ isWanted: @escaping @Sendable (StatisticKey) -> Bool
    ) async throws -> (points: [StatisticKey: [MinutePoint]], active: MinuteRuns) {
        let collector = PointCollector(isWanted)
        let request = SurveyRequest(user: user, prefix: "", minutes: range, withSketches: true, withTotals: false)
        let active = try await withTaskExecutorPreference(threads) { try await survey(request, into: collector.reader) }
        return (collector.points, active)
    }

    /// A reader of a user's live changes.
    public func live(of user: UserID) -> LiveReader {
        LiveReader(directory: directory, user: user, clock: clock)
    }

    /// The minute aggregates of one statistic.
    public func minutes(of key: StatisticKey, user: UserID, in range: Range<Minute>) async throws -> StatisticMinutes {
        let history = history
        var recent: RecentMinutes?
        var slice: HistorySlice
        repeat {
            let known = await caughtUp(user)?.recent(key)
            slice = try await withTaskExecutorPreference(threads) {
                try history.read(user: user, key: key, minutes: range, through: known?.storedThrough)
            }
            recent = known
            // A file that was sealed meanwhile holds minutes that `recent` reports, too: then both are asked again.
        } while recent.map { slice.sealedThrough > $0.storedThrough } ?? false
        var minutes = StatisticMinutes(aggregates: slice.points, active: slice.activeMinutes)
        guard let recent else { return minutes }
        let news = recent.aggregates.filter { range.contains($0.minute) }
        minutes.active.formUnion(MinuteRuns(recent.active.lazy.filter(range.contains)))
        guard let first = news.first else { return minutes }
        let isInOrder =
            minutes.aggregates.last.map { $0.minute <= first.minute } ?? true
            && zip(news, news.dropFirst()).allSatisfy { $0.minute <= $1.minute }
        minutes.aggregates += news
        // Stored ones come first where a minute is in both.
        if !isInOrder { minutes.aggregates = minutes.aggregates.inOrderOfMinutes }
        return minutes
    }

    /// The minutes of many statistics that are over, in no order: see
    /// ``History/survey(user:prefix:minutes:through:withSketches:merging:slot:body:)``. Those that are not stored yet are among them.
    /// - Returns: the minutes in which the user sent anything.
    public func survey(_ request: SurveyRequest, into reader: SurveyReader) async throws -> MinuteRuns {
        let now = clock.now().minute
        let range = request.minutes.clamped(to: Minute(.min)..<now)
        var attempts = 0
        while true {
            attempts += 1
            let isLastAttempt = attempts >= Self.surveysMax
            let aggregator = await caughtUp(request.user)
            let known = await aggregator?.recent(before: now)
            guard var survey = try stored(request, in: range, through: known?.storedThrough, isLastAttempt, reader) else {
                reader.restart()
                continue
            }
            if let known, survey.sealedThrough > known.storedThrough, !isLastAttempt {
                // A file that was sealed meanwhile holds minutes that `known` reports, too.
                reader.restart()
                continue
            }
            if let known { Self.add(known.minutes, request.prefix, range, &survey, reader) }
            guard request.withTotals, let aggregator, let known else { return survey.activeMinutes }
            let keys = reader.keys()
            let (sums, closedThrough) = await aggregator.totals(of: keys.map(\.key), before: now)
            if closedThrough != known.closedThrough, !isLastAttempt {
                // A minute ended meanwhile, and is counted here but not there.
                reader.restart()
                continue
            }
            for (key, sum) in zip(keys, sums) { if let sum { reader.setTotal(key.slot, sum) } }
            return survey.activeMinutes
        }
    }

    private static let surveysMax = 5

    /// - Returns: nil when a file was taken away meanwhile.
    private func stored(
        _ request: SurveyRequest, in range: Range<Minute>, through: LSN?, _ isLastAttempt: Bool, _ reader: SurveyReader
    ) throws -> HistorySurvey? {
        do throws(LogError) {
            return try history.survey(
                user: request.user, prefix: request.prefix, minutes: range, through: through, withSketches: request.withSketches,
                merging: request.spans, slot: reader.slot, body: reader.add)
        } catch {
            if error.fileSystemError?.isNotFound == true, !isLastAttempt { return nil }
            throw error
        }
    }

    private static func add(
        _ minutes: [OpenMinute], _ prefix: String, _ range: Range<Minute>, _ survey: inout HistorySurvey, _ reader: SurveyReader
    ) {
        for minute in minutes where range.contains(minute.minute) && !minute.isEmpty {
            survey.activeMinutes.formUnion(MinuteRuns([minute.minute]))
            for position in 0..<minute.count where !survey.isEnded {
                let key = minute.key(at: position)
                guard key.path.hasPrefix(prefix), case let slot = reader.slot(key), slot >= 0 else { continue }
                let point = MinutePoint(minute: minute.minute, aggregate: minute.aggregate(at: position))
                survey.isEnded = !reader.add(slot, point, false)
            }
        }
    }

    /// The aggregator of a user, when it has processed everything that was accepted so far.
    private func caughtUp(_ user: UserID) async -> UserAggregator? {
        guard let entry = directory.existing(user) else { return nil }
        await withCheckedContinuation { reader in
            if !entry.link.signal(.barrier(reader)) { reader.resume() }
        }
        return entry.aggregator
    }
}

/// Which minutes of which statistics are asked for: see ``Queries/survey(_:into:)``.
public struct SurveyRequest: Sendable {
    /// Whose.
    public var user: UserID
    /// What the paths begin with.
    public var prefix: String
    /// From when to when; only minutes that are over are answered.
    public var minutes: Range<Minute>
    /// Whether aggregates are to have their sketches.
    public var withSketches: Bool
    /// Whether the sums of all samples, up to the end of the last minute that is over, are wanted, too.
    public var withTotals: Bool
    /// Minutes that need not be told apart: see ``History/survey(user:prefix:minutes:through:withSketches:merging:slot:body:)``.
    public var spans: MinuteSpans?

    /// Makes a request of its parts.
    public init(
        user: UserID, prefix: String, minutes: Range<Minute>, withSketches: Bool, withTotals: Bool,
        merging spans: MinuteSpans? = nil
    ) {
        (self.user, self.prefix, self.minutes) = (user, prefix, minutes)
        (self.withSketches, self.withTotals, self.spans) = (withSketches, withTotals, spans)
    }
}

/// What takes the answer to a ``SurveyRequest`` in.
public struct SurveyReader {
    /// A number for a statistic, or one below zero when it is not wanted.
    public var slot: (StatisticKey) -> Int
    /// Gets each point by that number, of a minute or of an hour. False ends it.
    public var add: (_ slot: Int, _ point: MinutePoint, _ isHour: Bool) -> Bool
    /// All that was handed out so far is to be forgotten, because files were sealed meanwhile.
    public var restart: () -> Void
    /// The statistics that are wanted so far.
    public var keys: () -> [(slot: Int, key: StatisticKey)]
    /// Gets the sum of all samples of a statistic.
    public var setTotal: (_ slot: Int, _ sum: Double) -> Void

    /// Makes a reader of its parts.
    public init(
        slot: @escaping (StatisticKey) -> Int, add: @escaping (_ slot: Int, _ point: MinutePoint, _ isHour: Bool) -> Bool,
        restart: @escaping () -> Void, keys: @escaping () -> [(slot: Int, key: StatisticKey)],
        setTotal: @escaping (_ slot: Int, _ sum: Double) -> Void
    ) {
        (self.slot, self.add, self.restart, self.keys, self.setTotal) = (slot, add, restart, keys, setTotal)
    }
}

/// The minutes of one statistic, and those in which its user sent anything.
public struct StatisticMinutes: Sendable {
    /// Sorted by minute; several of one minute in the order in which they were written.
    public var aggregates: [MinutePoint]
    /// The minutes in which the user sent anything, of whichever statistic.
    public var active: MinuteRuns

    /// Makes them of their parts.
    public init(aggregates: [MinutePoint], active: MinuteRuns) { (self.aggregates, self.active) = (aggregates, active) }
}

/// Reads what changed, again and again, at the reader's own pace: what a slow reader missed is in its next answer.
public struct LiveReader: Sendable {
    private let directory: UserDirectory
    private let user: UserID
    private let clock: any WallClock
    private var mark: UserState.Mark?

    init(directory: UserDirectory, user: UserID, clock: any WallClock) {
        self.directory = directory
        self.user = user
        self.clock = clock
    }

    /// Another reader of the same, that has been told nothing yet.
    public var fresh: LiveReader { LiveReader(directory: directory, user: user, clock: clock) }

    /// What changed since the last call; the first time, everything.
    public mutating func next() async -> (at: Timestamp, statistics: [StatisticStatus]) {
        let now = clock.now()
        guard let aggregator = directory.existing(user)?.aggregator else { return (now, []) }
        guard let mark else {
            let everything = await aggregator.everything(at: now)
            self.mark = everything.mark
            return (now, StatisticStatus.inOrder(everything.statuses))
        }
        let changes = await aggregator.changes(since: mark, at: now)
        self.mark = changes.mark
        return (now, changes.statuses)
    }
}
