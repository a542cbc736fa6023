import DattssCore
import Synchronization

/// The second stage, one actor a user: merges what was accepted, hands closed minutes on, answers what is asked of the
/// present.
///
/// All of its knowledge is the value ``UserState``; this actor receives in order, and keeps the minutes that are closed
/// but not yet written, so that readers never miss one.
actor UserAggregator {
    private var state: UserState
    private let admission: UserAdmission
    private let link: Link<UserEvent>
    private let roller: Link<RollerEvent>
    private let written: WrittenMark
    private let confirmed: ConfirmedClock
    private let closer: MinuteCloser
    private let limits: Limits
    /// Closed minutes on their way to the disk, oldest first.
    private var unwritten: [(through: LSN, minute: OpenMinute)] = []
    /// The last batch of the last minute that was closed.
    private var closedThrough: LSN
    /// When the last minute ended, in time that has passed.
    private var edgeBefore: Timestamp?
    private var isErased = false
    /// How many partials were merged since others were let in.
    private var mergedSinceYield = 0
    /// How many statistics lost their totals, because too many were silent.
    nonisolated let forgottenTotals = Atomic(0)
    /// What somebody wants to see of each slot.
    private var watch: SlotWatch?

    init(
        state: UserState, admission: UserAdmission, link: Link<UserEvent>, roller: Link<RollerEvent>, written: WrittenMark,
        covered: LSN, confirmed: ConfirmedClock, closer: MinuteCloser, limits: Limits
    ) {
        self.state = state
        self.admission = admission
        self.link = link
        self.roller = roller
        self.written = written
        self.confirmed = confirmed
        self.closer = closer
        self.limits = limits
        closedThrough = covered
    }

    func run() async {
        for await item in link.items {
            _ = link.take()
            switch item.element {
            case .batches(let batches, let time):
                if isErased { break }
                await apply(batches, at: time)
            case .minuteEnded(let edge, let mark):
                await close(edge, mark)
            case .erased:
                state = UserState(user: state.user, limits: limits)
                unwritten = []
                watch = nil
                isErased = true
            case .barrier(let reader):
                reader.resume()
            }
            link.done(item.weight)
            if !unwritten.isEmpty { dropWritten() }
        }
    }

    private func apply(_ batches: [WriteAhead.Pending], at time: Timestamp) async {
        if watch != nil {
            let hasSamples = batches.contains { !$0.batch.partials.isEmpty }
            watch?.willApply(in: Window.slotNumber(at: time), state, hasSamples: hasSamples)
        }
        // (By position: to look at a batch would copy it.)
        for position in batches.indices {
            let count = batches[position].ids.count
            var next = 0
            repeat {
                let end = min(count, next + Self.lookedAtAtOnce)
                if mergedSinceYield > 0, mergedSinceYield + end - next > Self.lookedAtAtOnce {
                    mergedSinceYield = 0
                    await Task.yield()
                }
                state.apply(batches[position].batch, ids: batches[position].ids, partials: next..<end, at: time)
                // (A batch without partials takes some time, too.)
                mergedSinceYield += max(1, end - next)
                next = end
            } while next < count
        }
    }

    /// How many partials are merged, or statistics read, in one go: some hundred microseconds' worth. Readers never see a part of a
    /// batch that has no more of them, as long as they read no more.
    private static let lookedAtAtOnce = 1000

    private func close(_ edge: MinuteAssembly.Edge, _ mark: Admission.MinuteMark) async {
        let closed = state.beginClosing(through: edge.minute)
        closedThrough = edge.through
        dropWritten()
        if let closed {
            unwritten.append((edge.through, closed))
            let isLarge = closed.count > closer.settledByLoopsMax
            state.endClosing(isLarge ? await closer.settlement(of: closed) : closed.settlement())
        }
        let checkpoint = edge.wantsCheckpoint && !isErased ? state.checkpoint : nil
        await roller.send(
            .closed(edge: edge.number, user: state.user, minute: closed, checkpoint: checkpoint),
            weight: max(1, closed?.count ?? 0))
        // As of the edge before: a clock that was set forward since makes nothing idle that is in use. And never what a batch uses that
        // comes behind this, however long it takes: its numbers would be somebody else's by then.
        if let edgeBefore { forgetIdle(at: min(edgeBefore, mark.settled)) }
        edgeBefore = mark.passed
    }

    /// Makes room: statistics that nobody sent for a while leave memory, but for their totals. Admission gives their
    /// numbers out again at once; a batch that uses them comes behind this in the stream.
    private func forgetIdle(at passed: Timestamp) {
        let idle = admission.withLock { $0.removeIdle(before: passed.advanced(byMilliseconds: -limits.idleSeconds * 1000)) }
        if idle.isEmpty { return }
        watch?.forget(idle)
        let now = confirmed.line
        let seen = now.advanced(byMilliseconds: -2 * limits.idleSeconds * 1000)...now
        forgottenTotals.add(state.forget(idle, seen: seen), ordering: .relaxed)
    }

    // MARK: Readers

    /// Every statistic, as it is when it is looked at. They are not put in order, because that takes long and needs no actor: see
    /// ``StatisticStatus/inOrder(_:)``.
    func status(at time: Timestamp) async -> [StatisticStatus] {
        await inSlices { state.status(in: $0, at: time) }
    }

    /// The totals of the statistics of which nothing else is left.
    func silent() -> [StatisticKey: StatusTotals] { state.dormantTotals }

    /// The same as ``status(at:)``, and the mark from which ``changes(since:at:)`` goes on.
    func everything(at time: Timestamp) async -> (statuses: [StatisticStatus], mark: UserState.Mark) {
        // What changes while the rest is looked at is told again the next time.
        let mark = state.mark(at: time)
        return (await status(at: time), mark)
    }

    /// What changed since an earlier call, for a live view.
    func changes(since mark: UserState.Mark, at time: Timestamp) async -> (statuses: [StatisticStatus], mark: UserState.Mark) {
        let next = state.mark(at: time)
        return (await inSlices { state.changed(in: $0, since: mark, at: time) }, next)
    }

    /// Looks at all statistics, some at a time, and lets others in between: a reader who asks for very many holds nobody up, on
    /// whichever thread the actor happens to run.
    private func inSlices(_ read: (Range<Int>) -> [StatisticStatus]) async -> [StatisticStatus] {
        var statuses: [StatisticStatus] = []
        var next = 0
        while next < state.numberCount {
            let end = min(next + Self.lookedAtAtOnce, state.numberCount)
            statuses += read(next..<end)
            next = end
            if next < state.numberCount { await Task.yield() }
        }
        // An erased user has none, also if that came in between.
        return isErased ? [] : statuses
    }

    /// The last values of gauges; nil for one that nobody ever sent, or not for days.
    func lastValues(of keys: [StatisticKey]) -> [Double?] {
        let ids = admission.withLock { admission in keys.map { admission.id(of: $0) } }
        return zip(keys, ids).map { state.lastValue(of: $0, $1) }
    }

    /// Everything of one statistic that is not yet on disk.
    func recent(_ key: StatisticKey) -> RecentMinutes {
        dropWritten()
        var recent = RecentMinutes(storedThrough: storedThrough)
        let id = admission.withLock { $0.id(of: key) }
        for minute in unwritten.map(\.minute) + (state.openMinute.map { [$0] } ?? []) {
            if !minute.isEmpty { recent.active.append(minute.minute) }
            if let aggregate = state.aggregate(of: key, id, in: minute) {
                recent.aggregates.append(MinutePoint(minute: minute.minute, aggregate: aggregate))
            }
        }
        return recent
    }

    /// Everything that is not yet on disk, of minutes before one.
    func recent(before minute: Minute) -> RecentStatistics {
        dropWritten()
        let minutes = unwritten.map(\.minute) + (state.openMinute.map { [$0] } ?? [])
        return RecentStatistics(
            storedThrough: storedThrough, closedThrough: closedThrough, minutes: minutes.filter { $0.minute < minute })
    }

    /// The sums of all samples of statistics before a minute, which is open or to come; nil for one of which nothing is known. And the
    /// last batch of the last minute that was closed.
    func totals(of keys: [StatisticKey], before minute: Minute) -> (sums: [Double?], closedThrough: LSN) {
        let ids = admission.withLock { admission in keys.map { admission.id(of: $0) } }
        let open = state.openMinute.flatMap { $0.minute >= minute ? $0 : nil }
        let sums = zip(keys, ids).map { key, id in
            state.total(of: key, id).map { sum in
                sum - (open.flatMap { id == nil ? nil : state.aggregate(of: key, id, in: $0) }?.sum ?? 0)
            }
        }
        return (sums, closedThrough)
    }

    // MARK: Slots

    /// From now on each slot of some statistics is looked at when it is over.
    /// - Parameter found: what is known of the statistics.
    func watchSlots(from slot: Int64, _ question: WatchQuestion, _ found: [WatchVerdict]) {
        var watch = SlotWatch(from: slot, active: state.activeSlot, question)
        watch.judge(found, state)
        self.watch = watch
    }

    func endWatch() { watch = nil }

    /// All live statistics with their numbers.
    var numbered: [(id: StatisticID, key: StatisticKey)] { state.numbered }

    /// What is asked of whoever watches, and the statistics of which it is not known; nil when nobody does.
    var unjudged: (question: WatchQuestion, statistics: [(id: StatisticID, key: StatisticKey)])? {
        watch.map { ($0.question, $0.unjudged(state)) }
    }

    func judge(_ found: [WatchVerdict]) { watch?.judge(found, state) }

    /// What was found of slots since the last call; nil when nothing is watched.
    ///
    /// A minute's last slot waits until the minute is closed: then its percentiles are those that go to the log. A minute in which nothing
    /// was sent is never closed, and nothing waits for it.
    func slots(through slot: Int64) -> [SlotView]? {
        guard watch != nil else { return nil }
        let limit = state.unsettledMinute.map { SlotView.lastSlot(of: $0) - 1 } ?? slot
        watch?.look(through: min(slot, limit), state)
        return watch?.take()
    }

    /// Up to which batch nothing of the user is missing in the history.
    ///
    /// (Somebody who was quiet has no part in the minutes of others, which are stored, too: a file that contains those holds nothing
    /// of this user that is not known.)
    private var storedThrough: LSN {
        unwritten.first.map { LSN($0.through.value - 1) } ?? max(closedThrough, written.through)
    }

    private func dropWritten() {
        let through = written.through
        unwritten.removeAll { $0.through <= through }
    }
}

/// What the aggregator knows of one statistic and the history does not.
struct RecentMinutes: Sendable {
    /// Blocks up to this batch are in the history; later ones are here.
    var storedThrough: LSN
    /// Minutes in which the user sent anything, oldest first.
    var active: [Minute] = []
    var aggregates: [MinutePoint] = []
}

/// What the aggregator knows and the history does not, of all statistics of a user.
struct RecentStatistics: Sendable {
    /// Blocks up to this batch are in the history; later ones are here.
    var storedThrough: LSN
    /// The last batch of the last minute that was closed.
    var closedThrough: LSN
    /// Oldest first.
    var minutes: [OpenMinute]
}
