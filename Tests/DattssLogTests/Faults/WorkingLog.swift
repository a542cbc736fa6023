import DattssCore
import DattssLog

/// The log's part of a server in small: takes in batches and imports, closes minutes, writes checkpoints, seals days and lets go
/// of what is not needed any more, with the order of writes and syncs of the real one. It goes on after failures as that
/// does, and keeps the account of what it promised.
struct WorkingLog {
    private(set) var promises: Promises
    /// A sync has failed: there is nothing more to do than to stop.
    private(set) var hasFailed = false
    private(set) var report: RecoveryReport
    private let fileSystem: any FileSystem
    private var accepted: AcceptedLane
    private var minutes: MinuteLane
    /// The open minute, counted from midnight.
    private var minute: Int64
    private var syncs = 0
    private var open = Tally()
    private var closed: Tally
    private var lastLSN: LSN
    private var lastBatch: Int
    /// What is still to be done with minutes that are over; each step is tried until it succeeds.
    private var steps: [Step] = []

    private enum Step {
        case block(MinuteBlock)
        case checkpoint(Checkpoint)
        case sync
        case retire(through: LSN)
    }

    /// Whether every minute that is over is written.
    var isIdle: Bool { steps.isEmpty }

    /// Recovers and goes on.
    /// - Parameter problems: takes the broken promises.
    init(
        _ fileSystem: any FileSystem, _ promises: Promises = Promises(), isKilled: Bool = true, problems: inout [String]
    ) throws {
        var restored = RestoredState()
        report = try Recovery.run(fileSystem: fileSystem, directory: data, into: &restored)
        restored.history = report.history
        self.promises = promises
        problems += try self.promises.judge(restored, isKilled: isKilled)
        self.fileSystem = fileSystem
        // So small that an append of two batches writes two frames, and often begins a segment between.
        accepted = AcceptedLane(
            fileSystem: fileSystem, directory: data, state: report.accepted, segmentBytes: 250, frameBytes: 30,
            delaysSegments: promises.minutes.count.isMultiple(of: 2))
        minutes = MinuteLane(
            fileSystem: fileSystem, directory: data, state: report.minutes, history: report.history, partBytes: 100)
        closed = restored.closed
        lastBatch = promises.minutes.keys.max() ?? -1
        minute = promises.minutes.values.max().map { $0.index - midnight.index } ?? 0
        lastLSN = max(restored.open.last?.through ?? .zero, report.through)
        // As on the real start: minutes that are over have no block yet, and get it first.
        for over in restored.open { close(over.minute, over.batches, through: over.through, wantsCheckpoint: false) }
        minute += 1
    }

    /// - Returns: whether they are appended.
    @discardableResult
    mutating func accept(_ count: Int) -> Bool {
        guard !hasFailed else { return false }
        let batches = (1...count).map { lastBatch + $0 }
        lastBatch += count
        promises.offer(batches, in: midnight.advanced(by: minute))
        let records = batches.map { number in
            let (key, value) = Tally.sample(of: number)
            let batch = Batch(partials: [Partial(key, Aggregate(sample: value))])
            return (
                encoded: BatchCodec.encode(user: Tally.owner(of: number), batch: batch), at: time(minute, Int64(number % 60_000))
            )
        }
        do throws(LogError) {
            lastLSN = try accepted.append(records).upperBound
        } catch {
            promises.refused(batches)
            fail(error)
            return false
        }
        promises.appended(batches)
        for batch in batches { open.add(batch) }
        return true
    }

    mutating func sync() {
        guard !hasFailed else { return }
        syncs += 1
        do throws(LogError) {
            // Every other one as a thread beside the writer does it.
            if syncs % 2 == 0 {
                try accepted.sync()
            } else if let pending = try accepted.beginSync() {
                try accepted.endSync(pending.run())
            }
            promises.synced()
        } catch {
            fail(error)
        }
    }

    /// Writes batches into a minute of a day before, past the accepted lane: there for good as soon as that is synced.
    mutating func importBlock(daysBack: Int64) {
        guard !hasFailed, steps.isEmpty else { return }
        let batches = [lastBatch + 1, lastBatch + 2]
        lastBatch += 2
        let old = midnight.advanced(by: minute - daysBack * Minute.perDay)
        promises.offer(batches, in: old)
        var tally = Tally()
        for batch in batches { tally.add(batch) }
        let block = block(old, tally, through: nil)
        promises.offered(block)
        do throws(LogError) {
            try minutes.append(block)
            closed.add(tally)
            try minutes.sync()
            promises.imported(batches)
        } catch {
            fail(error)
        }
    }

    /// Seals what is unsealed, today included, lets go of the segments, then of what is past its time.
    mutating func housekeep() {
        guard !hasFailed else { return }
        // So little memory that even these days go through the disk.
        let sealer = Sealer(fileSystem: fileSystem, directory: data, history: report.history, bufferBytes: 300)
        let today = midnight.advanced(by: minute).day
        do throws(LogError) {
            for day in report.history.unsealedDays { _ = try sealer.seal(day: day) }
            try minutes.retireSealed()
            promises.horizon = max(promises.horizon, today - Self.limits.hourDays)
            _ = try sealer.retain(Retention(limits: Self.limits), today: today)
        } catch {
            fail(error)
        }
    }

    private static let limits = Retention.Limits(minuteDays: 1, hourDays: 4)

    /// Ends the open minute; the next one may be on another day.
    mutating func closeMinute(wantsCheckpoint: Bool = false, skipping skipped: Int64 = 0) {
        if !open.counts.isEmpty {
            close(midnight.advanced(by: minute), open, through: lastLSN, wantsCheckpoint: wantsCheckpoint)
            open = Tally()
        }
        minute += 1 + skipped
        work()
    }

    private func block(_ minute: Minute, _ batches: Tally, through: LSN?) -> MinuteBlock {
        // Beside the tally something that comes and goes.
        let noise = Partial(StatisticKey(.gauge, "noise.\(minute.index % 3)"), Aggregate(sample: Double(minute.index) / 8))
        return MinuteBlock(
            minute: minute, through: through,
            users: Tally.users.map { user in
                UserMinute(user: user, aggregates: [noise] + batches.aggregates(of: user))
            })
    }

    private mutating func close(_ minute: Minute, _ batches: Tally, through: LSN, wantsCheckpoint: Bool) {
        let block = block(minute, batches, through: through)
        closed.add(batches)
        promises.offered(block)
        steps.append(.block(block))
        if wantsCheckpoint {
            let checkpoint = Checkpoint(
                at: minute.end, through: through,
                users: Tally.users.map { user in
                    UserCheckpoint(user: user, totals: closed.aggregates(of: user).map { Self.totals($0, at: minute) }, clients: [])
                })
            promises.offered(checkpoint)
            // First the block must be there for good: one that a checkpoint covers is never made again.
            steps += [.sync, .checkpoint(checkpoint)]
        }
        steps += [.sync, .retire(through: through)]
    }

    private static func totals(_ partial: Partial, at minute: Minute) -> UserCheckpoint.StatisticTotals {
        UserCheckpoint.StatisticTotals(
            key: partial.key,
            totals: StatusTotals(
                sum: partial.aggregate.sum, last: partial.aggregate.last, seen: minute.start, isEmphasised: false))
    }

    /// Writes what is due. What fails is tried again the next time.
    mutating func work() {
        while !hasFailed, let step = steps.first {
            do throws(LogError) {
                try perform(step)
            } catch {
                fail(error)
                if case .retire = step { steps.removeFirst() }
                return
            }
            steps.removeFirst()
        }
    }

    private mutating func perform(_ step: Step) throws(LogError) {
        switch step {
        case .block(let block): try minutes.append(block)
        case .checkpoint(let checkpoint):
            if checkpoint.at.minute.index % 2 == 0 { try minutes.roll() }
            try minutes.append(checkpoint)
        case .sync: try minutes.sync()
        case .retire(let through): try accepted.retire(through: through, before: time(minute - 2))
        }
    }

    private mutating func fail(_ error: LogError) {
        if error.code == .syncFailed || error.code == .refused { hasFailed = true }
    }
}
