import DattssCore
import DattssLog
import Synchronization

/// Seals the days that are over, lets go of what is past its time, erases deleted users: the part of the log writer for
/// which nobody waits.
///
/// It wakes up on start and after every checkpoint, because only what lies before one can be deleted. The work is done on
/// a thread that gets no processor time which anybody else wants; killed at any instant, it begins again.
///
///     checkpoint ──► seal ──► retire segments ──► retain ──► deleted users: gone, or once more after the next minute
actor Housekeeper {
    private let fileSystem: any FileSystem
    private let directory: String
    private let history: History
    private let accepted: AcceptedWriter
    private let syncMode: SyncMode
    private let clock: any WallClock
    private let confirmed: ConfirmedClock
    private let niceness: Int32
    private let health: LogHealth
    private let retention: @Sendable () -> Retention
    private let onErased: @Sendable (UserID) -> Void
    private let onDeletion: @Sendable (RetentionDeletion) -> Void
    private let wishes: AsyncStream<MinuteWriter>
    private let wish: AsyncStream<MinuteWriter>.Continuation
    private let isStopping = Stop()
    /// Deleted users that the pipeline has forgotten, and the files not yet.
    private var leaving: Set<UserID> = []
    private var isCompacting = false
    private(set) var report = HousekeepingReport()

    init(
        _ configuration: PipelineConfiguration, history: History, accepted: AcceptedWriter, confirmed: ConfirmedClock,
        health: LogHealth
    ) {
        (fileSystem, directory) = (configuration.fileSystem, configuration.directory)
        (syncMode, clock, retention) = (configuration.syncMode, configuration.clock, configuration.retention)
        niceness = configuration.housekeepingNiceness
        (onErased, onDeletion) = (configuration.onErased, configuration.onDeletion)
        (self.history, self.accepted, self.confirmed, self.health) = (history, accepted, confirmed, health)
        (wishes, wish) = AsyncStream.makeStream(of: MinuteWriter.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Asks for a pass; one that waits already does for several.
    nonisolated func wake(_ minutes: MinuteWriter) { wish.yield(minutes) }

    /// Ends what is being done within milliseconds; it leaves everything as it was.
    nonisolated func finish() {
        isStopping.flag.store(true, ordering: .relaxed)
        wish.finish()
    }

    /// - Parameter minutes: asks for more passes; the first one is due on start.
    func run(_ minutes: MinuteWriter) async {
        wake(minutes)
        for await minutes in wishes where !isStopping.flag.load(ordering: .relaxed) { await pass(minutes) }
    }

    /// The pipeline has forgotten a deleted user: now the files have to.
    func erase(_ user: UserID) async {
        leaving.insert(user)
        await accepted.wantCheckpoint()
    }

    /// Everything is to be sealed and nothing comes after it.
    func beginCompaction() { isCompacting = true }

    /// Whether the next checkpoint begins a segment, so that all before it can be deleted.
    var wantsSegment: Bool { isErasing || isCompacting }

    private var isErasing: Bool { !leaving.isEmpty }

    /// - Parameter includingToday: seals what there is of today, too. A deletion does so by itself.
    func pass(_ minutes: MinuteWriter, includingToday: Bool = false) async {
        let started = ContinuousClock.now
        // What is over by a clock that is ahead is sealed, and sealed again: only what is deleted is gone.
        let time = confirmed.look()
        let (shown, today) = (time.shown.minute.day, time.latest.minute.day)
        let isWhole = includingToday || isErasing
        let retention = retention()
        do {
            let days = history.unsealedDays.filter { isWhole || $0 < shown }
            for day in days {
                guard
                    let sealed = try await work({ (sealer) throws(LogError) in
                        try sealer.seal(day: day, excluding: { retention.deleted.contains($0) })
                    })
                else { return }
                report.note(sealed)
            }
            await minutes.retireSealed()
            let onDeletion = onDeletion
            guard
                let retained = try await work({ (sealer) throws(LogError) in
                    try sealer.retain(retention, today: today, shown: shown, onDeletion: onDeletion)
                })
            else { return }
            report.note(retained)
            await settle(retained)
            report.problem = nil
        } catch {
            report.failures += 1
            report.problem = error.description
            // Nobody knows any more what is on disk.
            if error.code == .syncFailed { health.failed(error) }
        }
        await noteTime()
        report.passes += 1
        report.lastDuration = ContinuousClock.now - started
    }

    /// Leaves a word for the next run of what is certain of the time. A word that is old only makes it wait longer.
    func noteTime() async {
        let (fileSystem, directory, policy, time) = (fileSystem, directory, syncMode.policy, confirmed.look())
        let result = await OwnThread.run(niceness: niceness) {
            Result { () throws(LogError) in
                try ConfirmedTimeFile(fileSystem: fileSystem, directory: directory, policy: policy).write(time)
            }
        }
        if case .failure = result { report.failedTimeNotes += 1 }
    }

    /// Says of whom nothing is left; for the others there is another pass after the next minute.
    private func settle(_ retained: RetentionReport) async {
        for user in leaving.intersection(retained.goneUsers).sorted() {
            leaving.remove(user)
            report.erasedUsers += 1
            onErased(user)
        }
        if isErasing { await accepted.wantCheckpoint() }
    }

    private func work<Done: Sendable>(
        _ body: @escaping @Sendable (Sealer) throws(LogError) -> Done?
    ) async throws(LogError) -> Done? {
        let (fileSystem, directory, history, policy, stop) = (fileSystem, directory, history, syncMode.policy, isStopping)
        return try await OwnThread.run(niceness: niceness) {
            Result { () throws(LogError) in
                try body(
                    Sealer(
                        fileSystem: fileSystem, directory: directory, history: history, policy: policy,
                        shouldContinue: { !stop.flag.load(ordering: .relaxed) }))
            }
        }.get()
    }

    private final class Stop: Sendable {
        let flag = Atomic(false)
    }
}
