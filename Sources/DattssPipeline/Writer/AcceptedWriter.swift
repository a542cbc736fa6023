import DattssCore
import DattssLog

/// The log writer's accepted lane: writes batches ahead, and thereby puts them in order.
///
/// Every batch gets its LSN and its time here, and is handed to its user's aggregator in this order, so that replaying the
/// log repeats exactly what happened. Groups that wait are written together (group commit): while one write is under way,
/// the next ones gather.
actor AcceptedWriter {
    private let executor = BlockingExecutor("dattss.accepted")
    private let syncing = BlockingExecutor("dattss.accepted.sync")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let lane: AcceptedLane
    private let link: Link<WriteAhead>
    private let roller: Link<RollerEvent>
    private let directory: UserDirectory
    private let clock: any WallClock
    private let holds: MinuteHolds
    private let syncMode: SyncMode
    private let health: LogHealth

    private var groups: [Queued] = []
    private var queuedWeight = 0
    /// What came after the end of a minute that waits for samples, in order.
    private var held: [Queued] = []
    private var heldReaders: [CheckedContinuation<Bool, Never>] = []
    private var isEnding = false
    private var edge: MinuteEdge
    private var edgeCount: UInt64 = 0
    private var lastLSN: LSN
    /// The users that sent something in the open minute.
    private var active: [UserID: UserEntry] = [:]
    private var isCheckpointWanted = false
    private var isDirty = false
    private var hasFailed = false
    /// A segment that could not be deleted is tried again with the next block.
    private(set) var retireFailures = 0

    private struct Queued {
        let group: WriteAhead.Group
        let weight: Int
    }

    private static let queuedWeightMax = 50_000

    init(
        _ log: OpenedLog, _ configuration: PipelineConfiguration, _ links: Links, _ directory: UserDirectory,
        holds: MinuteHolds, health: LogHealth
    ) {
        (lane, link, roller) = (log.acceptedLane(), links.writeAhead, links.rolling)
        (clock, syncMode) = (configuration.clock, configuration.syncMode)
        (self.directory, self.holds, self.health) = (directory, holds, health)
        (edge, lastLSN) = (log.replayed.edge, log.replayed.lastLSN)
        for user in log.replayed.openUsers {
            if let entry = directory.existing(user) { active[user] = entry }
        }
    }

    /// Receives until the link is finished, then ends the open minute, early, and syncs.
    func run() async {
        // What the log holds of an earlier minute need not wait for the end of this one.
        flush()
        for await item in link.items {
            let hasMore = link.take()
            switch item.element {
            case .group(let group):
                groups.append(Queued(group: group, weight: item.weight))
                queuedWeight += item.weight
                if !hasMore || queuedWeight >= Self.queuedWeightMax { flush() }
            case .tick:
                flush()
            case .barrier(let reader):
                flush()
                if held.isEmpty { reader.resume(returning: true) } else { heldReaders.append(reader) }
            }
        }
        isEnding = true
        flush()
        endMinute(edge.minute, wantsCheckpoint: true)
        syncIfDirty()
    }

    /// Forces to the disk what was written since the last time.
    private func syncIfDirty() {
        guard isDirty, !hasFailed, syncMode != .never else { return }
        do {
            try lane.sync()
            isDirty = false
        } catch {
            noteUnsynced(error)
        }
    }

    /// By default the log is synced once a second, until this is cancelled; and shortly before the end of a minute, because the first
    /// batch of the next one waits for the rest of this one's.
    nonisolated func syncEverySecond() async {
        guard syncMode == .second else { return }
        while (try? await clock.pause(milliseconds: millisecondsUntilSync)) != nil { await syncMeanwhile() }
    }

    private nonisolated var millisecondsUntilSync: Int64 {
        let now = clock.now()
        let left = now.minute.end.milliseconds - Self.syncBeforeEdgeMilliseconds - now.milliseconds
        return left > 0 ? min(1000, left) : 1000
    }

    private static let syncBeforeEdgeMilliseconds: Int64 = 100

    /// Syncs as ``syncIfDirty()`` does, while batches go on being written and acknowledged: a disk may take tens of milliseconds.
    func syncMeanwhile() async {
        guard isDirty, !hasFailed, syncMode != .never else { return }
        do {
            guard let pending = try lane.beginSync() else { return }
            isDirty = false
            try lane.endSync(await syncing.run { pending.run() })
        } catch {
            noteUnsynced(error)
        }
    }

    private func noteUnsynced(_ error: LogError) {
        // What could not even be asked for is asked for again.
        isDirty = true
        if error.code == .syncFailed { stop(error) } else { health.refused(error, at: clock.now()) }
    }

    /// The end of the open minute brings a checkpoint, as that of an hour does.
    func wantCheckpoint() { isCheckpointWanted = true }

    /// Deletes what minute blocks cover, but for what the windows of the last minute are rebuilt from.
    func retire(through lsn: LSN) {
        let now = clock.now()
        do {
            try lane.retire(
                through: lsn, before: now.advanced(byMilliseconds: -Self.keptMilliseconds),
                after: now.advanced(byMilliseconds: MinuteEdge.jumpBackMilliseconds))
        } catch {
            retireFailures += 1
        }
    }

    private static let keptMilliseconds: Int64 = 120_000

    var laneMetrics: LaneMetrics { lane.metrics }

    // MARK: Writing

    /// Writes what waits, but for what has to wait longer: as long as the minute that is over waits for samples that came in it,
    /// whatever came after it does, too.
    private func flush() {
        let isHeld = advance() && !hasFailed
        let due: [Queued]
        if isHeld {
            held += groups.filter { !isOfOpenMinute($0.group) }
            due = groups.filter { isOfOpenMinute($0.group) }
        } else {
            due = held.isEmpty ? groups : held + groups
            held = []
        }
        groups = []
        queuedWeight = 0
        write(due.map(\.group), weight: due.reduce(0) { $0 + $1.weight })
        if isHeld { return }
        for reader in heldReaders { reader.resume(returning: true) }
        heldReaders = []
    }

    private func isOfOpenMinute(_ group: WriteAhead.Group) -> Bool {
        group.collectedIn.map { $0 <= edge.minute } ?? false
    }

    private func write(_ groups: [WriteAhead.Group], weight: Int) {
        guard !groups.isEmpty else { return }
        defer { link.done(weight) }
        if hasFailed { return fail(groups, "the log has failed; the server is stopping") }
        let time = edge.latest
        let batches = groups.count == 1 ? groups[0].batches : groups.flatMap(\.batches)
        let first: LSN
        var isAppended = false
        do {
            first = try lane.append(batches.map { (encoded: $0.record, at: time) }).lowerBound
            (isDirty, isAppended) = (true, true)
            if syncMode == .always {
                try lane.sync()
                isDirty = false
            }
        } catch {
            fail(groups, "the log cannot be written: \(error)")
            health.refused(error, at: clock.now())
            // What is in the log already, and refused all the same, would come back on replay beside its second copy.
            if error.code == .syncFailed || isAppended { stop(error) }
            return
        }
        lastLSN = first.advanced(by: batches.count - 1)
        handOn(batches, at: time)
        for group in groups { group.reply(.success(())) }
        health.wrote()
    }

    /// Gives each user's aggregator what is in the log of it, in the order of the log, as one element.
    private func handOn(_ batches: [WriteAhead.Pending], at time: Timestamp) {
        // (By position here and below: to look at a batch would copy it.)
        for position in batches.indices { batches[position].commit(at: time) }
        for batches in byUser(batches) {
            let user = batches[0].user
            active[user.id] = user
            let weight = batches.indices.reduce(0) { $0 + batches[$1].weight }
            user.link.send(reserved: .batches(batches, at: time), weight: weight)
        }
    }

    /// The batches of each user; when all are of one, which they often are, just as they are.
    private func byUser(_ batches: [WriteAhead.Pending]) -> [[WriteAhead.Pending]] {
        if batches.indices.allSatisfy({ batches[$0].user === batches[0].user }) { return [batches] }
        var positions: [ObjectIdentifier: Int] = [:]
        var users: [[WriteAhead.Pending]] = []
        for pending in batches {
            let position = positions[ObjectIdentifier(pending.user), default: users.count]
            if position == users.count {
                positions[ObjectIdentifier(pending.user)] = position
                users.append([])
            }
            users[position].append(pending)
        }
        return users
    }

    private func fail(_ groups: [WriteAhead.Group], _ message: String) {
        for group in groups { group.fail(WireError(.logUnavailable, message)) }
    }

    /// A disk that failed to sync may have lost what was written, whatever it says the next time: the only safe way on
    /// is to stop, and to replay what is really there.
    private func stop(_ error: any Error) {
        hasFailed = true
        health.failed(error)
    }

    // MARK: Minutes

    /// Moves on with the clock.
    /// - Returns: whether it has to wait at the end of a minute that is over.
    private func advance() -> Bool {
        let now = clock.now()
        let limit = isEnding ? now : holds.limit(now, from: edge.minute)
        if let ended = edge.advance(to: limit) {
            // A late tick may have passed over the last minutes of an hour.
            let isHour = ended.index.flooredQuotient(by: 60) != edge.minute.index.flooredQuotient(by: 60)
            endMinute(ended, wantsCheckpoint: isHour || isCheckpointWanted)
            isCheckpointWanted = false
        }
        return limit < now
    }

    /// Tells everyone concerned, in order with the batches, that a minute is over.
    private func endMinute(_ minute: Minute, wantsCheckpoint: Bool) {
        let users = wantsCheckpoint ? directory.all : Array(active.values)
        active.removeAll(keepingCapacity: true)
        guard !users.isEmpty || isCheckpointWanted else { return }
        let edge = MinuteAssembly.Edge(
            number: edgeCount, minute: minute, through: lastLSN, at: edge.latest, userCount: users.count,
            wantsCheckpoint: wantsCheckpoint)
        edgeCount += 1
        roller.signal(.minuteEnded(edge))
        for user in users {
            // (The clock is read under the lock: an earlier time would count as passed if a batch was admitted since.)
            let mark = user.admission.withLock { $0.minuteMark(at: clock.now()) }
            user.link.signal(.minuteEnded(edge, mark))
        }
    }
}
