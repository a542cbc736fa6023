import CPlatform
import DattssCore
import DattssLog

/// The log writer's minute lane: writes the block of every closed minute, then lets go of the batches it was made of.
///
/// On a thread of its own that steps back behind the others, so that sorting and encoding a large minute delays no acknowledgement.
actor MinuteWriter {
    private let executor: BackgroundExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let lane: MinuteLane
    private let link: Link<MinuteAssembly.Rolled>
    private let accepted: AcceptedWriter
    private let housekeeper: Housekeeper
    private let written: WrittenMark
    private let syncMode: SyncMode
    private let health: LogHealth
    private let unusual: UnusualWatcher
    private let retry: RetryPause
    private var hasFailed = false
    private(set) var failedAttempts = 0
    /// Why the last attempt that failed did.
    private(set) var latestFailure: String?
    private(set) var failedRetirements = 0

    /// About a tenth of what another thread gets that wants the same processor all the time: enough for a minute to be written within
    /// the next one.
    static let nicenessMax: Int32 = 10

    init(
        _ lane: sending MinuteLane, _ configuration: PipelineConfiguration, _ links: Links, accepted: AcceptedWriter,
        housekeeper: Housekeeper, written: WrittenMark, health: LogHealth, unusual: UnusualWatcher
    ) {
        executor = BackgroundExecutor("dattss.minutes", niceness: min(configuration.housekeepingNiceness, Self.nicenessMax))
        self.lane = lane
        (link, syncMode, retry) = (links.minutes, configuration.syncMode, RetryPause(configuration.clock))
        (self.accepted, self.housekeeper, self.written, self.health) = (accepted, housekeeper, written, health)
        self.unusual = unusual
    }

    func run() async {
        var items = link.items.makeAsyncIterator()
        // What closing a minute took, on several threads, is free now, and nobody asks for as much before the next one.
        while await writeNext(&items) { _ = memory_return_free() }
    }

    /// Writes the next minute, and lets go of it.
    /// - Returns: false at the end.
    private func writeNext(_ items: inout AsyncStream<Link<MinuteAssembly.Rolled>.Item>.AsyncIterator) async -> Bool {
        guard let item = await items.next(isolation: self) else { return false }
        _ = link.take()
        await write(item.element)
        link.done(item.weight)
        return true
    }

    /// The end has come: what fails from now on fails for good.
    nonisolated func stopRetrying() { retry.end() }

    var laneMetrics: LaneMetrics { lane.metrics }

    /// Writes until it succeeds: a full disk delays a minute, it does not lose it. During shutdown one attempt has to do;
    /// the accepted lane still has everything.
    private func write(_ rolled: MinuteAssembly.Rolled) async {
        if let block = rolled.block() { await attempt { try lane.append(block) } }
        if let checkpoint = rolled.checkpoint() { await append(checkpoint) }
        await sync()
        guard !hasFailed else { return }
        written.advance(to: rolled.edge.through, rolled.edge.minute)
        unusual.note(rolled.edge.minute)
        await accepted.retire(through: rolled.edge.through)
        if rolled.edge.wantsCheckpoint { housekeeper.wake(self) }
    }

    /// The kernel may write pages in any order: a checkpoint must not survive a power loss that its blocks do not.
    private func append(_ checkpoint: Checkpoint) async {
        await sync()
        // What lies before a checkpoint can be deleted, a whole segment at a time.
        if await housekeeper.wantsSegment { await attempt { try lane.roll() } }
        await attempt { try lane.append(checkpoint) }
    }

    private func sync() async {
        if syncMode != .never { await attempt { try lane.sync() } }
    }

    /// Deletes the segments that sealed files contain. What cannot be deleted is tried again after the next checkpoint.
    func retireSealed() {
        guard !hasFailed else { return }
        do throws(LogError) {
            try lane.retireSealed()
        } catch {
            failedRetirements += 1
            guard error.code == .syncFailed else { return }
            hasFailed = true
            health.failed(error)
        }
    }

    private func attempt(_ step: () throws -> Void) async {
        while !hasFailed {
            do {
                return try step()
            } catch let error as LogError where error.code == .syncFailed {
                hasFailed = true
                health.failed(error)
            } catch {
                failedAttempts += 1
                latestFailure = String(describing: error)
                if retry.isOver {
                    hasFailed = true
                    return
                }
                await retry.wait()
            }
        }
    }
}
