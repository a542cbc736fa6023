import DattssCore
import DattssPipeline
import Logging

/// Hands to the pipeline what was collected of lines, from wherever they came: one period after the other, so that the deltas of
/// a gauge build on all that came before, whichever way.
///
/// Many users' batches are written together. What is refused because the log is busy for a moment waits here, merged, and goes
/// with the next second's.
///
///     periods ─► deltas resolved ─► what waited, merged ─► BatchGroup ─► written, or waits, or counted as refused
actor LineIntake {
    nonisolated let counters: DatagramCounters
    private let pipeline: Pipeline
    private let processes: ProcessRegistry
    private let clock: any WallClock
    private let logger: Logger
    private let marks: MarkIntake?
    private var waiting: WaitingPartials
    /// What a replicated log has in hand without knowing whether it counts: its batches are its own to count, and what comes after them
    /// builds on them. Whatever it takes in after them says that they are settled.
    private var unsettled: [Sent] = []
    /// The latest turn: each waits for the one before.
    private var turn: Task<Void, Never>?
    private var retrying: Task<Void, Never>?

    /// As many partials are written together: more would make the first of them wait, and not be any cheaper.
    private static let groupPartialsMax = 10_000
    private static let retryMilliseconds: Int64 = 1000

    /// What was added to a group of one user.
    private typealias Sent = (user: UserID, partials: [Partial])

    /// - Parameters:
    ///   - marks: where events and service checks go.
    ///   - waitingPartialsMax: how many partials may wait for a log that is busy.
    init(
        pipeline: Pipeline, processes: ProcessRegistry, counters: DatagramCounters, clock: any WallClock, logger: Logger,
        marks: MarkIntake? = nil, waitingPartialsMax: Int = 100_000
    ) {
        self.pipeline = pipeline
        self.processes = processes
        self.counters = counters
        self.clock = clock
        self.logger = logger
        self.marks = marks
        waiting = WaitingPartials(capacity: waitingPartialsMax)
    }

    /// The periods of a listener.
    nonisolated func periods(of collector: DatagramCollector) -> LinePeriods {
        LinePeriods(collector, clock: clock, holds: pipeline.holds)
    }

    /// Returns when all of it is written, waits, or is counted as refused.
    func take(_ collected: DatagramCollector.Collected) async {
        for process in collected.processes { processes.note(process.name, of: process.user) }
        marks?.take(collected.marks)
        await inTurn { await $0.handOn(collected) }
        if let minute = collected.minute { pipeline.holds.release(minute) }
        retryLater()
    }

    /// Tries once more what waits.
    func retry() async {
        await inTurn { await $0.handOn(DatagramCollector.Collected(batchPartials: Self.groupPartialsMax)) }
    }

    /// Tries a last time. What still waits then is counted as refused.
    func end() async {
        await retry()
        let left = waiting.takeAll(batchesOf: Self.groupPartialsMax).reduce(0) { $0 + $1.partials.count }
        counters.noteRefused(left, .logUnavailable)
        counters.noteWaiting(0)
        await marks?.drain()
    }

    /// Counts a failure of a socket, and says so from time to time.
    nonisolated func noteSocketFailure(_ source: LineSource, _ error: any Error) {
        guard let count = counters.noteSocketFailure() else { return }
        logger.error("the \(source) socket for lines fails, \(count) times so far; it is opened anew each second: \(error)")
    }

    private func inTurn(_ body: @escaping @Sendable (isolated LineIntake) async -> Void) async {
        let task = Task { [turn] in
            await turn?.value
            await body(self)
        }
        turn = task
        await task.value
    }

    private func retryLater() {
        guard !waiting.isEmpty, retrying == nil else { return }
        retrying = Task {
            while !waiting.isEmpty, (try? await clock.pause(milliseconds: Self.retryMilliseconds)) != nil { await retry() }
            retrying = nil
        }
    }

    // MARK: One turn

    private func handOn(_ collected: DatagramCollector.Collected) async {
        var group = BatchGroup()
        var sent: [Sent] = []
        for (user, period) in collected.periods {
            let resolved = await resolve(period, of: user)
            for partials in resolved.batches(of: collected.batchPartials) {
                admit(waiting.merged(into: partials, of: user), of: user, &group, &sent)
                if group.partialCount >= Self.groupPartialsMax { await write(&group, &sent, collected.minute) }
            }
        }
        for (user, partials) in waiting.takeAll(batchesOf: collected.batchPartials) {
            admit(partials, of: user, &group, &sent)
            if group.partialCount >= Self.groupPartialsMax { await write(&group, &sent, collected.minute) }
        }
        await write(&group, &sent, collected.minute)
        counters.noteWaiting(waiting.count)
    }

    /// Puts under the deltas what they build on: what waits, else the user's status.
    private func resolve(_ period: AccumulatedPeriod, of user: UserID) async -> AccumulatedPeriod {
        let keys = period.relativeKeys
        if keys.isEmpty { return period }
        var bases: [StatisticKey: Double] = [:]
        for (key, last) in zip(keys, await pipeline.queries.lastValues(of: keys, user: user)) { bases[key] = last }
        for key in keys { if let last = waiting.last(of: key, user) ?? unsettledLast(of: key, user) { bases[key] = last } }
        var resolved = period
        resolved.resolve { bases[$0] }
        return resolved
    }

    private func unsettledLast(of key: StatisticKey, _ user: UserID) -> Double? {
        unsettled.last { $0.user == user && $0.partials.contains { $0.key == key } }?
            .partials.last { $0.key == key }?.aggregate.last
    }

    private func admit(_ partials: [Partial], of user: UserID, _ group: inout BatchGroup, _ sent: inout [Sent]) {
        let fitting = pipeline.ingest.fitting(Batch(partials: partials), of: user)
        counters.noteRefused(partials.count - fitting.partials.count, .statisticLimit)
        if fitting.partials.isEmpty { return }
        switch pipeline.ingest.admit(fitting, of: user, into: &group) {
        case .grouped: sent.append((user, fitting.partials))
        case .answered(let answer): settle(answer, [(user, fitting.partials)])
        case .copyOfPending: preconditionFailure("lines have no sequence numbers")
        }
    }

    private func write(_ group: inout BatchGroup, _ sent: inout [Sent], _ minute: Minute?) async {
        guard !group.isEmpty else { return }
        settle(await pipeline.ingest.submit(group, collectedIn: minute), sent)
        (group, sent) = (BatchGroup(), [])
    }

    private func settle(_ answer: IngestAnswer, _ sent: [Sent]) {
        guard case .refused(let error) = answer else {
            unsettled = []
            return
        }
        if error.reason == .outcomeUnknown {
            unsettled = sent
            return
        }
        let isBusy = error.reason == .overloaded || error.reason == .logUnavailable
        for (user, partials) in sent {
            let refused = isBusy ? waiting.keep(partials, of: user) : partials.count
            counters.noteRefused(refused, error.reason)
        }
    }
}
