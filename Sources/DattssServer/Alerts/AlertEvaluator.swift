import DattssCore
import DattssPipeline
import Logging
import ServiceLifecycle

/// Looks at what is live for all users that have rules, and lets what happened and who is to be told of it be written in one
/// transaction.
///
/// Samples never wait for it: the aggregators look at watched statistics when a slot is over, and here it is found out later, on the
/// threads of questions, what that means.
///
///     slots of a user ──┐
///                       ├─► AlertBook ──► AlertCommit ──► accounts.sqlite ──► AlertDelivery
///     minutes, scored ──┘
///
/// Rules about what is usual are looked at by themselves, some seconds after a minute is over and out of the log: see ``UsualLook``.
actor AlertEvaluator: Service {
    private let accounts: Accounts
    private let queries: Queries
    private let processes: ProcessRegistry
    private let clock: any WallClock
    private let logger: Logger
    nonisolated let counters = AlertCounters()
    private var entries: [UserID: Entry] = [:]
    /// What is known for rules about what is usual, by user.
    private var usual: [UserID: UsualLook] = [:]
    /// The first minute that a run before this one has not looked at for them; nil once everybody was taken up.
    private var usualStart: Minute?
    private var isFirstTurn = true
    /// How many statistics were left out of them, by user.
    private(set) var usualOmitted: [UserID: Int] = [:]
    /// Since when users have been heard of.
    private var startSlot: Int64
    /// When it looked last.
    private var lookedAt: Timestamp?

    private struct Entry {
        var book: AlertBook
        /// The first slot that was not looked at.
        var nextSlot: Int64
        /// In which slots too little was heard to say anything.
        var pauses = AlertPauses()
        var isWatching = false
        /// What could not be written yet.
        var unwritten = AlertCommit()
    }

    /// How long after the end of a slot it is asked for: what was accepted in it is in the log by then.
    static let lateMilliseconds: Int64 = 300
    /// How long after its end a minute is asked for to say what was usual: whatever belongs to it is in it by then.
    static let usualLateMilliseconds: Int64 = 2000
    /// How long is learned for that in one turn: others wait meanwhile.
    private static let learningMilliseconds = 500
    /// Whoever looks so much later than at the end of the next slot has slept, and everybody else may have as well.
    private static let sleepMilliseconds: Int64 = 15_000
    /// As far back as what was missed is looked at after a start.
    private static let missedMinutesMax: Int64 = 1440
    /// How many rules a user has.
    static let rulesMax = 10_000
    /// How many silences a user has.
    static let silencesMax = 1000

    init(
        _ accounts: Accounts, _ queries: Queries, _ processes: ProcessRegistry, clock: any WallClock, logger: Logger
    ) {
        (self.accounts, self.queries, self.processes, self.clock) = (accounts, queries, processes, clock)
        self.logger = logger
        startSlot = Window.slotNumber(at: clock.now())
    }

    /// Turns after each slot, until the server ends.
    func run() async throws {
        await cancelWhenGracefulShutdown { [clock, queries] in
            while !Task.isCancelled {
                await queries.aside { await self.turn() }
                let now = clock.now()
                let slot = Window.slotNumber(at: now.advanced(byMilliseconds: -Self.lateMilliseconds))
                let next = Timestamp(milliseconds: (slot + 1) * Window.slotMilliseconds + Self.lateMilliseconds)
                do { try await clock.sleep(until: next, since: now) } catch { return }
            }
        }
    }

    /// Looks at everything that is over.
    func turn() async {
        let began = ContinuousClock.now
        noteClock(clock.now())
        defer { lookedAt = clock.now() }
        let through = Window.slotNumber(at: clock.now().advanced(byMilliseconds: -Self.lateMilliseconds)) - 1
        do {
            let users = try await accounts.run { try $0.alertUsers() }
            for user in entries.keys where !users.contains(user) {
                entries[user] = nil
                await queries.endWatch(of: user)
            }
            // What cannot be read or written of one user is nobody else's misfortune.
            let areLooked = await each(users, "look at alerts") { try await self.look($0, through: through) }
            // (After a kill somebody looks again at what could not be written.)
            if areLooked, let done = users.compactMap({ entries[$0]?.nextSlot }).min() {
                try await accounts.run { try $0.noteAlertSlot(done - 1, .others) }
            }
            let isUsualLooked = try await lookAtUsual(users)
            counters.addTurn(ContinuousClock.now - began, end: areLooked && isUsualLooked ? clock.now() : nil)
        } catch {
            counters.addTurn(ContinuousClock.now - began, end: nil)
            logger.error("cannot look at alerts: \(error)")
        }
    }

    /// After a time in which nobody looked, because the machine slept, had no time for it or had its clock set, nothing is said of the
    /// slots in which nothing was heard, nor of the minute that follows them: that is nobody's fault. Of a clock that was set back by more
    /// than the log waits for, all is told by what it shows now.
    private func noteClock(_ now: Timestamp) {
        guard let last = lookedAt else { return }
        let (slot, lastSlot) = (Window.slotNumber(at: now), Window.slotNumber(at: last))
        let isSetBack = now < last.advanced(byMilliseconds: -MinuteEdge.jumpBackMilliseconds)
        guard isSetBack || now > last.advanced(byMilliseconds: Self.sleepMilliseconds) else { return }
        let seconds = (now.milliseconds - last.milliseconds) / 1000
        logger.notice("alerts: \(seconds) s went by at once; nothing is said of what was not heard in that time")
        startSlot = slot
        for user in entries.keys {
            // (In place: a book may be large.)
            guard isSetBack, let next = entries[user]?.nextSlot else {
                entries[user]?.pauses.beLate(lastSlot..<slot)
                continue
            }
            entries[user]?.book.move(bySlots: slot - next)
            entries[user]?.nextSlot = slot
            entries[user]?.isWatching = false
            entries[user]?.pauses = AlertPauses(quietUntil: slot + Window.slotCount)
            entries[user]?.book.resume(at: slot, .others)
        }
        if isSetBack { (usual, usualOmitted) = ([:], [:]) }
    }

    /// Does something for each user, and says of whom that was not possible.
    /// - Returns: whether it was possible of all.
    private func each(_ users: [UserID], _ what: String, _ body: (UserID) async throws -> Void) async -> Bool {
        var isGood = true
        for user in users {
            do { try await body(user) } catch {
                isGood = false
                logger.error("cannot \(what) of \(user): \(error)")
            }
        }
        return isGood
    }

    private func look(_ user: UserID, through: Int64) async throws {
        try await prepare(user)
        guard let from = entries[user]?.nextSlot, from <= through else { return }
        if let book = entries[user]?.book, entries[user]?.isWatching == false {
            entries[user]?.isWatching = await queries.watchSlots(of: user, from: from, book.watched(.others))
        }
        let views: [SlotView]
        if let found = await queries.slots(of: user, through: through) {
            views = found
        } else {
            // Nothing was ever heard of the user: that much is known.
            entries[user]?.isWatching = false
            views = (max(from, through - Int64(SlotWatch.slotsMax) + 1)...through).map {
                SlotView(slot: $0, isActive: false, isHeard: false, statuses: [])
            }
        }
        // (Taken out, so that it is not copied.)
        guard var entry = entries.removeValue(forKey: user) else { return }
        entry.pauses.add(views, from: entry.nextSlot)
        for view in views where view.slot >= entry.nextSlot { look(view, user, &entry) }
        entries[user] = entry
        try await write(user)
    }

    private func look(_ view: SlotView, _ user: UserID, _ entry: inout Entry) {
        entry.nextSlot = view.slot + 1
        counters.addLook()
        guard !entry.pauses.isQuiet(view.slot) else { return }
        if entry.pauses.hasEnded(by: view.slot) { entry.book.resume(at: view.slot, .others) }
        let programs =
            view.endsMinute
            ? processes.processes(of: user).map { AlertProgram(name: $0.name, isUp: $0.isUp, hasEnded: $0.hasEnded) } : []
        let outcome = entry.book.look(
            view, programs: programs, isNew: view.slot < startSlot + Window.slotCount, scope: .others, score: { _, _ in nil })
        entry.unwritten.add(outcome)
        if !entry.unwritten.isEmpty { entry.unwritten.slot = view.slot }
    }

    /// Writes what happened. What cannot be written now is written with what comes.
    private func write(_ user: UserID, notes: [Accounts.AlertEventLine] = []) async throws {
        guard let commit = entries[user]?.unwritten, !commit.isEmpty || commit.slot != nil || !notes.isEmpty else { return }
        entries[user]?.unwritten = AlertCommit()
        let now = clock.now()
        do {
            try await accounts.run { try $0.keep(commit, of: user, at: now, notes: notes) }
        } catch let error as AccountError where error.code == .unconfirmed {
            // It is written here, and would be there twice.
            throw error
        } catch {
            var all = commit
            if let later = entries[user]?.unwritten { all.append(later) }
            entries[user]?.unwritten = all
            throw error
        }
    }

    // MARK: Starting

    /// Takes up a user where the last run of the server ended.
    private func prepare(_ user: UserID) async throws {
        guard entries[user] == nil else { return }
        let state = try await accounts.run { try $0.alertState(of: user) }
        guard entries[user] == nil else { return }
        let now = Window.slotNumber(at: clock.now())
        var entry = Entry(book: AlertBook(state.rules, silences: state.silences), nextSlot: now)
        entry.book.secondsFromUTC = { zone, time in (try? NamedTimeZone(zone))?.secondsFromUTC(at: time) ?? 0 }
        for (rule, subject, instance) in state.instances { entry.book.restore(instance, of: rule, subject) }
        if let mark = state.slot, mark < now {
            let missed = try await missed(user, &entry, after: mark)
            guard entries[user] == nil else { return }
            entry.nextSlot = max(missed, mark, now - 2) + 1
            if now - mark > AlertPauses.shortSlots + 1 {
                entry.pauses = AlertPauses(quietUntil: max(now, startSlot) + Window.slotCount - 1)
            }
            entry.book.resume(at: entry.nextSlot, .others)
        }
        // What was looked at when a clock was ahead that has been set back since.
        if let latest = entry.book.latestSlot, latest > now { entry.book.move(bySlots: now - 1 - latest) }
        entries[user] = entry
    }

    /// Looks at the minutes that are in the log and were not looked at.
    /// - Returns: the last slot that was looked at.
    private func missed(_ user: UserID, _ entry: inout Entry, after mark: Int64) async throws -> Int64 {
        func minute(_ slot: Int64) -> Minute { Timestamp(milliseconds: slot * Window.slotMilliseconds).minute }
        let end = clock.now().minute
        let first = max(minute(mark + 1), end.advanced(by: -Self.missedMinutesMax))
        guard first < end else { return mark }
        let (points, active) = try await queries.storedPoints(of: user, in: first..<end, entry.book.watched(.others).isWatched)
        var last = mark
        // In a minute in which nobody was heard, perhaps nobody listened.
        for minute in active.minutes {
            let windows = points.compactMap { key, points in
                let inMinute = points.filter { $0.minute == minute }
                return Series.points(inMinute, stepMinutes: 1).first.map { point in
                    (key, AlertWindow(key.kind, point.aggregate, last: point.aggregate.last, isActive: true))
                }
            }
            let slot = SlotView.lastSlot(of: minute)
            let outcome = entry.book.look(
                slot: slot, isActive: true, programs: [], minutely: true, isNew: true, scope: .others, score: { _, _ in nil },
                windows: windows)
            entry.unwritten.add(outcome)
            entry.unwritten.slot = slot
            last = slot
        }
        return last
    }

    // MARK: What is usual

    /// - Returns: whether it was possible of all users.
    private func lookAtUsual(_ users: [UserID]) async throws -> Bool {
        for user in usual.keys where !users.contains(user) { (usual[user], usualOmitted[user]) = (nil, nil) }
        if isFirstTurn {
            let mark = try await accounts.run { $0.usualAlertSlot() }
            usualStart = mark.map { Timestamp(milliseconds: ($0 + 1) * Window.slotMilliseconds).minute }
        }
        let now = clock.now()
        let end = now.advanced(byMilliseconds: -Self.usualLateMilliseconds).minute
        let areLooked = await each(users, "look at what is usual") { user in
            guard let rules = entries[user]?.book.usualRules, !rules.isEmpty else {
                (usual[user], usualOmitted[user]) = (nil, nil)
                return
            }
            // (Taken out, so that it is not copied.)
            var look = usual.removeValue(forKey: user) ?? newLook(of: user, at: now.minute)
            defer { usual[user] = look }
            look.setRules(rules)
            while look.next < end, entries[user] != nil, await isLearned(&look, of: user) {
                try await take(&look, of: user, before: end)
            }
            usualOmitted[user] = look.omitted
        }
        (isFirstTurn, usualStart) = (false, nil)
        if areLooked, let done = usual.values.map(\.next).min() {
            try await accounts.run { try $0.noteAlertSlot(SlotView.lastSlot(of: done.advanced(by: -1)), .usual) }
        }
        return areLooked
    }

    /// Begins where the last run of the server ended, or with the minute that is not over yet.
    private func newLook(of user: UserID, at minute: Minute) -> UsualLook {
        let first = min(minute, max(usualStart ?? minute, minute.advanced(by: -Self.missedMinutesMax)))
        entries[user]?.book.resume(at: SlotView.lastSlot(of: first), .usual)
        return UsualLook(from: first)
    }

    /// Learns what is not known yet, for a while.
    /// - Returns: whether there is nothing left to learn.
    private func isLearned(_ look: inout UsualLook, of user: UserID) async -> Bool {
        if look.isSearching, let isWanted = entries[user]?.book.watched(.usual).isWatched {
            let live = await queries.status(of: user).statistics.map(\.key)
            let silent = await queries.silent(of: user, atMost: UsualLook.statisticsMax).statistics
                .filter { look.next.start.seconds - $0.totals.seen.seconds < UsualScorer.pastStepsMinutes * 60 }.map(\.key)
            look.search((live + silent).filter(isWanted))
        }
        let began = ContinuousClock.now
        while let key = look.unlearned {
            // What cannot be read is as good as new.
            var past = StatisticMinutes(aggregates: [], active: MinuteRuns())
            do { past = try await queries.minutes(of: key, user: user, in: look.past) } catch {
                logger.error("cannot learn what is usual of \(key.path) of \(user): \(error)")
            }
            look.learn(key, past.aggregates, active: past.active)
            if ContinuousClock.now - began > .milliseconds(Self.learningMilliseconds), look.unlearned != nil { return false }
        }
        if !look.isComplete {
            let isNew = look.isNew
            do {
                let today = try await queries.points(of: user, in: look.today) { isNew.contains($0) }
                look.complete(today.points, active: today.active)
            } catch {
                logger.error("cannot learn what is usual today of \(user): \(error)")
                look.complete([:], active: MinuteRuns())
            }
        }
        return true
    }

    /// Looks at minutes that are over, an hour at most.
    private func take(_ look: inout UsualLook, of user: UserID, before end: Minute) async throws {
        let range = look.next..<min(end, look.hourEnd)
        let known = look.known
        let (points, active) = try await queries.points(of: user, in: range) { known[$0] != nil }
        guard var entry = entries.removeValue(forKey: user) else { return }
        for minute in range {
            let isActive = active.clamped(to: minute..<minute.advanced(by: 1)).count > 0
            look.take(points, isActive: isActive)
            counters.addLook()
            let slot = SlotView.lastSlot(of: minute)
            let outcome = entry.book.look(
                slot: slot, isActive: isActive, programs: [], minutely: true, scope: .usual,
                score: { key, _ in look.score(of: key) }, windows: look.windows(isActive: isActive))
            entry.unwritten.add(outcome)
        }
        entries[user] = entry
        try await write(user)
    }

    // MARK: What people do

    /// What is known of a user's rules now.
    func book(of user: UserID) async throws -> AlertBook {
        try await prepare(user)
        return entries[user]?.book ?? AlertBook([])
    }

    /// How many rules of all users are in which state, by the one of theirs that matters most; nil for those that are not looked at.
    var ruleStates: [AlertInstance.State?: Int] {
        entries.values.reduce(into: [:]) { counts, entry in
            for (rule, state) in zip(entry.book.rules, entry.book.states()) {
                counts[rule.isEnabled ? state : nil, default: 0] += 1
            }
        }
    }

    /// How many messages of each state are kept.
    func outboxCounts() async -> [Accounts.OutboxState: Int] { (try? await accounts.run { try $0.outboxCounts() }) ?? [:] }

    /// Changes the rules of a user.
    /// - Parameters:
    ///   - body: changes them, and may throw, in which case nothing happens.
    ///   - by: who does it.
    func changeRules(
        of user: UserID, by: String, _ body: @Sendable (inout [AlertRule]) throws -> Void
    ) async throws {
        try await prepare(user)
        guard var entry = entries[user] else { return }
        var rules = entry.book.rules
        try body(&rules)
        guard rules.count <= Self.rulesMax else {
            throw AccountError(.tooMany, "there are more than \(Self.rulesMax) rules")
        }
        let (slot, now) = (Window.slotNumber(at: clock.now()), clock.now())
        let before = Dictionary(entry.book.rules.map { ($0.id, $0) }) { $1 }
        let after = Dictionary(rules.map { ($0.id, $0) }) { $1 }
        var notes: [Accounts.AlertEventLine] = []
        for (id, rule) in before where after[id] == nil { notes.append(.init("rule-removed", rule, by: by, at: now)) }
        for (id, rule) in after where before[id] != rule { notes.append(.init("rule-set", rule, by: by, at: now)) }
        entry.unwritten.add(entry.book.setRules(rules, at: slot))
        entry.unwritten.rules = rules
        // Whatever was before a user's first rule is none of its business, also if the server is killed now.
        if before.isEmpty { entry.nextSlot = max(entry.nextSlot, slot) }
        entry.unwritten.slot = max(entry.unwritten.slot ?? .min, entry.nextSlot - 1)
        entry.isWatching = false
        entries[user] = entry
        try await writeOrForget(user, notes.sorted { $0.rule < $1.rule })
    }

    /// Changes the silences of a user. Of those that have ended the last ones stay: by a clock that is ahead they only seem to have.
    func changeSilences(
        of user: UserID, by: String, note kind: String, _ body: @Sendable (inout [AlertSilence]) throws -> Void
    ) async throws {
        try await prepare(user)
        guard var entry = entries[user] else { return }
        let now = clock.now()
        let before = entry.book.silences.filter { $0.until > now }
        let ended = entry.book.silences.filter { $0.until <= now }.sorted { $0.until < $1.until }
        var silences = before
        try body(&silences)
        guard silences.count <= Self.silencesMax else {
            throw AccountError(.tooMany, "there are more than \(Self.silencesMax) silences")
        }
        // What is silenced, or is not any more: an audit says it of each. (What has ended by itself is no news.)
        let changed = Set(silences).symmetricDifference(before).sorted { $0.id < $1.id }
        entry.book.silences = ended.suffix(Self.silencesMax) + silences
        entry.unwritten.silences = entry.book.silences
        entries[user] = entry
        let notes = changed.map { silence in
            Accounts.AlertEventLine(
                at: now, rule: silence.rule.description, name: silence.reason, subject: silence.match.description, kind: kind,
                value: nil, isTold: false, by: by)
        }
        try await writeOrForget(user, notes)
    }

    /// Somebody takes care of what fires.
    /// - Returns: how many instances that are.
    func acknowledge(_ rule: String, _ subject: AlertSubject?, of user: UserID, by: String) async throws -> Int {
        try await prepare(user)
        guard var entry = entries[user], let known = entry.book.rules.first(where: { $0.id == rule }) else {
            throw AccountError(.unknown, "there is no rule '\(rule.prefix(64))'")
        }
        let outcome = entry.book.acknowledge(rule, subject)
        entry.unwritten.add(outcome)
        entries[user] = entry
        let now = clock.now()
        let notes = outcome.changed.map {
            Accounts.AlertEventLine("acknowledged", known, by: by, at: now, subject: $0.subject.description)
        }
        try await writeOrForget(user, notes)
        return outcome.changed.count
    }

    /// What could not be written is not so: it is read again.
    private func writeOrForget(_ user: UserID, _ notes: [Accounts.AlertEventLine]) async throws {
        do { try await write(user, notes: notes) } catch {
            entries[user] = nil
            throw error
        }
    }
}

extension Accounts.AlertEventLine {
    init(_ kind: String, _ rule: AlertRule, by: String, at time: Timestamp, subject: String = "") {
        self.init(at: time, rule: rule.id, name: rule.name, subject: subject, kind: kind, value: nil, isTold: false, by: by)
    }
}

extension AlertCommit {
    /// Takes in what came later.
    mutating func append(_ later: AlertCommit) {
        rules = later.rules ?? rules
        silences = later.silences ?? silences
        instances += later.instances
        events += later.events
        messages += later.messages
        slot = later.slot ?? slot
    }
}
