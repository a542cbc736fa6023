import DattssCore
import DattssLog
import DattssPipeline
import DattssQuery
import Logging

/// Brings the minutes of the log to one target, one after the other, and remembers which was the last.
///
///     written minute ─► read from the log ─► totals ─► batches ─► sent, again and again if need be ─► the minute is noted
///
/// A minute is noted when the target has taken all of it. When a server is killed in between, or nobody knows what became of a batch, the
/// minute is sent again: with the same times and values, which changes nothing there. A request has at most one sample of a series,
/// because Prometheus takes a sample twice only as long as it is the series' newest.
actor Forwarder {
    let target: ForwardTarget
    private let sender: any ForwardSender
    private let minutes: WrittenMinutes
    private let base: ForwardBase
    private let files: ForwardFiles
    private let isKnown: @Sendable (UserID) -> Bool
    private let clock: any WallClock
    private let logger: Logger
    private let threads: QueryThreads
    nonisolated let counters: ForwardCounters

    private var totals: ForwardTotals?
    private var delivered = Minute(0)
    /// What is to be on disk once the minutes after it are so many that none before it is sent again.
    private var unsaved: ForwardTotals?
    private var slices = ForwardSlices()
    private var wasAway = false
    private var splitsLeft = 0
    private var refusal: (count: Int, problem: ForwardProblem)?

    /// How long is waited before the next try.
    static let pauseMillisecondsMin: Int64 = 1000
    static let pauseMillisecondsMax: Int64 = 30_000
    /// How often a minute's requests are cut in two to find what is refused in them.
    private static let splitsMax = 64
    private static let savedBehindMinutesMin: Int64 = 2

    init(
        _ target: ForwardTarget, _ sender: any ForwardSender, _ minutes: WrittenMinutes, _ base: ForwardBase, _ files: ForwardFiles,
        isKnown: @escaping @Sendable (UserID) -> Bool, threads: QueryThreads, clock: any WallClock, logger: Logger
    ) {
        self.threads = threads
        (self.target, self.sender, self.minutes, self.base, self.files) = (target, sender, minutes, base, files)
        (self.isKnown, self.clock, self.logger) = (isKnown, clock, logger)
        counters = ForwardCounters()
    }

    private var hasTotals: Bool { target.speech != .graphite }

    private nonisolated func isWanted(_ user: UserID) -> Bool { target.user.map { $0 == user } ?? true && isKnown(user) }

    /// Forwards until the task is cancelled.
    func run() async {
        var pause = Self.pauseMillisecondsMin
        while !Task.isCancelled {
            do {
                if try await step() { continue }
                pause = Self.pauseMillisecondsMin
                try await clock.pause(milliseconds: pause)
            } catch is CancellationError {
                return
            } catch is SendAgain {
                sendAgain()
            } catch {
                counters.addFailure("\(error)")
                logger.error("forwarding to \(target): \(error)")
                totals = nil
                pause = min(pause * 2, Self.pauseMillisecondsMax)
                if (try? await clock.pause(milliseconds: pause)) == nil { return }
            }
        }
    }

    /// Forwards a slice.
    /// - Returns: false when there is nothing to do at the moment.
    func step() async throws -> Bool {
        switch try await aside({ try await $0.prepared() }) {
        case .idle: return false
        case .moved: return true
        case .slice(let range, let rows):
            for minute in range {
                let statistics = await aside { await $0.advance(to: minute, rows[minute] ?? [:]) }
                if minute <= delivered { continue }
                try await deliver(statistics, minute)
                try Task.checkCancellation()
                try await aside { try await $0.note(minute) }
            }
            return true
        }
    }

    /// Goes back by as many minutes as the target may have lost.
    func sendAgain() { totals = nil }

    /// Work that takes long, or waits for the disk, away from the event loops. (Nothing sleeps in there.)
    private func aside<Result: Sendable>(_ body: @Sendable (isolated Forwarder) async throws -> Result) async rethrows -> Result {
        try await withTaskExecutorPreference(threads) { try await body(self) }
    }

    private enum Prepared {
        case idle, moved
        case slice(Range<Minute>, [Minute: [UserID: [StatisticKey: Aggregate]]])
    }

    private func prepared() async throws -> Prepared {
        guard let last = minutes.last else { return .idle }
        counters.note(written: last)
        if totals == nil { try await begin(last) }
        try followClock(back: last)
        guard let next = totals?.minute.advanced(by: 1) else { return .idle }
        if next > delivered, try skipExpired(from: next, through: last) { return .moved }
        guard next <= last else { return .idle }
        try forgetUsers()
        if sender.wasRestarted {
            logger.notice("\(target) was started anew: the last \(target.overlapMinutes) minutes are sent again")
            throw SendAgain()
        }
        let range = slices.range(from: next, through: last)
        let read = try ForwardMinutes(range, of: minutes.history) { isWanted($0) }
        slices.note(minutes: range.count, points: read.pointCount)
        if next > delivered { counters.addExpired(statistics: read.hourCount) }
        return .slice(range, read.rows)
    }

    private func advance(to minute: Minute, _ rows: [UserID: [StatisticKey: Aggregate]]) -> [ForwardedStatistic] {
        guard let (statistics, leftOut) = totals?.advance(to: minute, rows, silentMinutes: ForwardFormat.silentMinutes) else {
            return []
        }
        if minute > delivered { counters.addDropped(limit: leftOut) }
        return statistics
    }

    // MARK: Where it is

    /// Finds where the last run, or the target, was.
    private func begin(_ last: Minute) async throws {
        guard let noted = try files.readMinute() else {
            delivered = last
            var totals = ForwardTotals(before: last.advanced(by: 1))
            if hasTotals {
                try await base.fill(&totals, after: last) { [self] in isWanted($0) }
                try files.write(totals)
            }
            try files.write(last)
            self.totals = totals
            counters.note(delivered: last)
            return
        }
        delivered = noted.advanced(by: -target.overlapMinutes)
        if hasTotals {
            if let saved = try files.readTotals(), saved.minute <= noted {
                totals = saved
                // What was counted before is not known any more.
                delivered = max(delivered, saved.minute)
            } else {
                logger.warning("forwarding to \(target): the totals are lost, and begin anew at zero")
                delivered = noted
                totals = ForwardTotals(before: noted.advanced(by: 1))
            }
        } else {
            // To know which counters were sent lately.
            totals = ForwardTotals(before: delivered.advanced(by: 1 - ForwardFormat.silentMinutes))
        }
        unsaved = nil
        counters.note(delivered: noted)
    }

    private func note(_ minute: Minute) throws {
        delivered = minute
        try files.write(minute)
        counters.note(delivered: minute)
        guard hasTotals, let totals else { return }
        if minute.index % 60 == 0 { unsaved = totals }
        let behind = max(target.overlapMinutes, Self.savedBehindMinutesMin)
        if let ready = unsaved, ready.minute.distance(to: minute) >= behind {
            try files.write(ready)
            unsaved = nil
        }
    }

    /// A clock that was set back by more than an hour is followed, as the log does: what was said of a time that never was stays at the
    /// target, and the minutes that come again are sent.
    private func followClock(back last: Minute) throws {
        guard last.distance(to: delivered) * 60_000 > MinuteEdge.jumpBackMilliseconds else { return }
        logger.warning("forwarding to \(target) goes on from \(UTC.moment(last.start)): the clock was set back")
        let before = last.advanced(by: -1)
        totals?.reset(to: before)
        (delivered, unsaved) = (before, nil)
        try files.write(before)
        if hasTotals, let totals { try files.write(totals) }
        counters.note(delivered: before)
    }

    /// Passes over days of which only hours are kept.
    private func skipExpired(from next: Minute, through last: Minute) throws -> Bool {
        let (found, hoursOnly) = minutes.history.firstMinute(from: next)
        let first = min(found ?? last.advanced(by: 1), last.advanced(by: 1))
        guard first.day > next.day else { return false }
        if hoursOnly > 0 {
            counters.addExpired(minutes: Int(hoursOnly))
            logger.error("forwarding to \(target): \(hoursOnly) minutes are lost, because only their hours are kept")
        }
        totals?.reset(to: first.advanced(by: -1))
        try note(first.advanced(by: -1))
        return true
    }

    /// Nothing of a deleted user is kept, or sent.
    private func forgetUsers() throws {
        guard totals?.allUsers.contains(where: { !isWanted($0) }) == true else { return }
        totals?.removeAll { isWanted($0) }
        unsaved?.removeAll { isWanted($0) }
        guard hasTotals, var saved = try files.readTotals() else { return }
        saved.removeAll { isWanted($0) }
        try files.write(saved)
    }

    // MARK: Sending

    private func deliver(_ statistics: [ForwardedStatistic], _ minute: Minute) async throws {
        (splitsLeft, refusal) = (Self.splitsMax, nil)
        var position = 0
        while position < statistics.count {
            let (first, format, withUser) = (position, target.format, target.user == nil)
            let (batch, next) = await aside { _ in
                var (batch, next) = (ForwardBatch(), first)
                while next < statistics.count, !batch.isFull {
                    format.append(statistics[next], minute, withUser: withUser, to: &batch)
                    next += 1
                }
                return (batch, next)
            }
            position = next
            if batch.count > 0 { try await send(batch) }
        }
        if let refusal {
            logger.error(
                "forwarding to \(target): \(refusal.count) samples of \(UTC.moment(minute.start)) are refused: \(refusal.problem)")
        }
    }

    /// Hands a batch over, however long it takes.
    private func send(_ batch: ForwardBatch) async throws {
        var pause = Self.pauseMillisecondsMin
        while true {
            try Task.checkCancellation()
            do throws(ForwardProblem) {
                try await sender.send(batch)
                break
            } catch {
                counters.addFailure(error.description)
                switch error.kind {
                case .refused: return try await sendHalves(of: batch, error)
                case .away: wasAway = target.overlapMinutes > 0
                case .later: break
                }
                try await aside { try $0.forgetUsers() }
                if pause == Self.pauseMillisecondsMin { logger.warning("forwarding to \(target) waits: \(error)") }
                try await clock.pause(milliseconds: pause)
                pause = min(pause * 2, Self.pauseMillisecondsMax)
            }
        }
        counters.addSent(batch.count)
        if pause > Self.pauseMillisecondsMin { logger.notice("forwarding to \(target) goes on") }
        if wasAway {
            wasAway = false
            throw SendAgain()
        }
    }

    /// One series that is refused takes no others with it, unless there are very many.
    private func sendHalves(of batch: ForwardBatch, _ problem: ForwardProblem) async throws {
        guard splitsLeft > 0, let (first, second) = batch.halves else {
            counters.addDropped(refused: batch.count)
            return refusal = ((refusal?.count ?? 0) + batch.count, refusal?.problem ?? problem)
        }
        splitsLeft -= 1
        try await send(first)
        try await send(second)
    }
}

extension ForwardFormat {
    /// How long a silent counter goes on being forwarded.
    static let silentMinutes = GraphiteMinute.silentMinutes
}

/// The target may have lost what it had taken: the last minutes are to be sent again.
struct SendAgain: Error {}
