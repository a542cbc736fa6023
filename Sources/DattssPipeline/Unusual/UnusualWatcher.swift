public import DattssCore
import DattssLog
import Synchronization

/// Watches all statistics of all users for what is unusual, on a thread of the lowest priority: it is told of each minute when that is
/// written, and nobody waits for it.
///
/// What it knows of a statistic it learns from the log, after a start as every day anew; so a restart loses nothing. When every statistic
/// is known it costs microseconds for each of them at the end of a step of five minutes, and milliseconds once a day.
public actor UnusualWatcher {
    private let executor: BackgroundExecutor
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let history: History
    private let directory: UserDirectory
    private let minutes: AsyncStream<Minute>
    private let feed: AsyncStream<Minute>.Continuation
    private let isEnding = Atomic(false)
    private let isWatching: Bool
    private var users: [UserID: WatchedUser] = [:]
    /// What is unusual, for those who do not wait for this thread.
    private let summaries = Mutex<[UserID: [StatisticKey: UnusualSummary]]>([:])
    /// Statistics of all users.
    private var count = 0
    private(set) var failedReads = 0
    /// The first minute that was not looked at.
    private var next: Minute?
    /// The step that is being filled.
    private var slot: UsualSlot?

    /// So many of all users; those beyond are not watched.
    static let statisticsMax = 50_000
    /// How long it learns at a time after a minute, in which nothing else is asked of it, and in all.
    private static let sliceMilliseconds = 50
    private static let learningMilliseconds = 20_000
    /// The same while all that is left is to learn anew what is known already.
    private static let refreshingMilliseconds = 400

    init(_ configuration: PipelineConfiguration, history: History, directory: UserDirectory) {
        executor = BackgroundExecutor("dattss.unusual", niceness: configuration.housekeepingNiceness)
        isWatching = configuration.watchesUnusual
        (self.history, self.directory) = (history, directory)
        (minutes, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A minute is written. Returns at once: the minute is read when there is time, with those before it.
    nonisolated func note(_ minute: Minute) { if isWatching { feed.yield(minute) } }

    nonisolated func finish() {
        isEnding.store(true, ordering: .relaxed)
        feed.finish()
    }

    func run() async {
        for await minute in minutes where !isEnding.load(ordering: .relaxed) {
            await take(through: minute)
            await learn(until: minute)
        }
    }

    /// What of a user's is unusual, the most unusual first.
    public func unusual(of user: UserID) -> UnusualList {
        users[user]?.list ?? UnusualList()
    }

    /// The same in short, as it was at the end of the last step. It waits for nobody.
    public nonisolated func summary(of user: UserID) -> [StatisticKey: UnusualSummary] {
        summaries.withLock { $0[user] ?? [:] }
    }

    private func summarise() {
        var found: [UserID: [StatisticKey: UnusualSummary]] = [:]
        for (id, user) in users {
            let summary = user.summary
            if !summary.isEmpty { found[id] = summary }
        }
        summaries.withLock { $0 = found }
    }

    /// Reads what was written since, after a start the whole day; an hour at a time, and whoever asks comes in between.
    private func take(through minute: Minute) async {
        for user in users.keys where directory.existing(user) == nil {
            count -= users.removeValue(forKey: user)?.count ?? 0
            summaries.withLock { $0[user] = nil }
        }
        let midnight = Minute(minute.day * Minute.perDay)
        // Minutes that have come already: the clock was set back, and what was seen of a time that never was is of no use.
        if let next, minute.advanced(by: 1) < next {
            (users, count, self.next, slot) = ([:], 0, nil, nil)
            summarise()
        }
        var first = next ?? midnight
        // What is older is learned from sealed files.
        if minute.index - first.index > Minute.perDay { first = midnight }
        while first <= minute, !isEnding.load(ordering: .relaxed) {
            let end = min(first.advanced(by: 60), minute.advanced(by: 1))
            do throws(LogError) {
                try history.forEachUnsealedMinute(in: first..<end) { minute, part in
                    if directory.existing(part.user) != nil { add(minute, part) }
                }
            } catch {
                // The history counts what cannot be read; a step without a minute is not judged by it.
                failedReads += 1
            }
            advance(to: UsualSlot(end))
            first = end
            await Task.yield()
        }
        next = first
    }

    private func add(_ minute: Minute, _ part: UserMinute) {
        let slot = UsualSlot(minute)
        advance(to: slot)
        // (Taken out and put back, so that nothing is copied.)
        var user = users.removeValue(forKey: part.user) ?? WatchedUser(beginning: slot)
        let before = user.count
        var room = Self.statisticsMax - count
        user.add(minute, part, room: &room)
        count += user.count - before
        users[part.user] = user
    }

    /// Ends the open step when a later one begins.
    private func advance(to next: UsualSlot) {
        if let slot, slot >= next { return }
        slot = next
        for user in users.keys { users[user]?.advance(to: next) }
        // Some may have been forgotten.
        count = users.values.reduce(0) { $0 + $1.count }
        summarise()
    }

    // MARK: Learning

    private func learn(until minute: Minute) async {
        let clock = ContinuousClock()
        let start = clock.now
        for user in users.keys.sorted() {
            var hasLearned = false
            defer { if hasLearned { users[user]?.rank() } }
            while let due = users[user]?.due(at: minute), !isEnding.load(ordering: .relaxed) {
                hasLearned = true
                let passed = clock.now - start
                let limit = due.isFirst ? Self.learningMilliseconds : Self.refreshingMilliseconds
                if passed > .milliseconds(limit) { break }
                let slice = clock.now
                for key in due.keys where clock.now - slice < .milliseconds(Self.sliceMilliseconds) {
                    let known = learned(key, of: user, at: minute)
                    users[user]?.learned(key, known, at: minute)
                }
                // Whoever asks meanwhile comes in between.
                await Task.yield()
            }
        }
        summarise()
    }

    /// A week and a day, as long as minutes are kept by default.
    private static let pastMinutes: Int64 = 8 * Minute.perDay

    private func learned(_ key: StatisticKey, of user: UserID, at minute: Minute) -> UsualWatched? {
        let measure = UsualMeasure(key.kind)
        // Days that are over are sealed, by statistic; those of the day itself would have to be looked for in every minute.
        let today = Minute(minute.day * Minute.perDay)
        let range = Minute(today.index - Self.pastMinutes)..<today
        // What cannot be read is counted by the history, and tried again.
        guard let slice = try? history.read(user: user, key: key, minutes: range, withSketches: false) else { return nil }
        let past = measure.steps(of: slice.points, active: slice.activeMinutes, before: UsualSlot(today))
        return UsualWatched(measure, steps: past + (users[user]?.steps(of: key, onDay: minute.day) ?? []))
    }
}

/// What of a user's statistics is unusual.
public struct UnusualList: Sendable {
    /// The most unusual first.
    public var statistics: [Statistic] = []
    /// How many are watched.
    public var knownCount = 0
    /// How many others too little is known of yet.
    public var unknownCount = 0

    /// A statistic that is unusual.
    public struct Statistic: Sendable {
        /// Which.
        public var key: StatisticKey
        /// What is known of its last step.
        public var reading: UnusualReading
        /// When it became unusual.
        public var since: UsualSlot
        /// The last two hours.
        public var points: [UsualWatched.Point]
    }
}

/// That a statistic is unusual, in short.
public struct UnusualSummary: Sendable, Hashable {
    /// How improbable its last step is, positive above what is usual and negative below.
    public var score: Double
    /// When it became unusual.
    public var since: UsualSlot
    /// By which part of what is usual the last step differs from it: 0.4 is 40 % more; nil where nothing, or nothing above 0, is usual.
    public var difference: Double?
}
