import DattssCore
import DattssLog

/// The log writer's minute lane: writes the block of every closed minute, then lets go of the batches it was made of.
///
/// On a thread of its own, so that encoding a large minute delays no acknowledgement.
actor MinuteWriter {
    private let executor = BlockingExecutor("dattss.minutes")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let lane: MinuteLane
    private let link: Link<MinuteAssembly.Rolled>
    private let accepted: AcceptedWriter
    private let written: WrittenMark
    private let clock: any WallClock
    private let syncMode: SyncMode
    private let retentionDays: Int64
    private let health: LogHealth
    private let isShuttingDown: @Sendable () -> Bool
    private var hasFailed = false
    private(set) var failedAttempts = 0
    private(set) var failedRetirements = 0

    init(
        lane: MinuteLane, link: Link<MinuteAssembly.Rolled>, accepted: AcceptedWriter, written: WrittenMark, clock: any WallClock,
        syncMode: SyncMode, retentionDays: Int64, health: LogHealth, isShuttingDown: @escaping @Sendable () -> Bool
    ) {
        self.lane = lane
        self.link = link
        self.accepted = accepted
        self.written = written
        self.clock = clock
        self.syncMode = syncMode
        self.retentionDays = retentionDays
        self.health = health
        self.isShuttingDown = isShuttingDown
    }

    func run() async {
        for await item in link.items {
            _ = link.take()
            await write(item.element)
            link.done(item.weight)
        }
    }

    var laneMetrics: LaneMetrics { lane.metrics }

    /// Writes until it succeeds: a full disk delays a minute, it does not lose it. During shutdown one attempt has to do;
    /// the accepted lane still has everything.
    private func write(_ rolled: MinuteAssembly.Rolled) async {
        let block = rolled.block
        if !block.users.isEmpty { await attempt { try lane.append(block) } }
        if let checkpoint = rolled.checkpoint { await attempt { try lane.append(checkpoint) } }
        if syncMode != .never { await attempt { try lane.sync() } }
        guard !hasFailed else { return }
        if let through = block.through { written.advance(to: through) }
        if rolled.checkpoint != nil { retire() }
        if let through = block.through { await accepted.retire(through: through) }
    }

    /// What cannot be deleted is tried again after the next checkpoint.
    private func retire() {
        do {
            try lane.retire(before: clock.now().minute.day - retentionDays)
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
                if isShuttingDown() {
                    hasFailed = true
                    return
                }
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
