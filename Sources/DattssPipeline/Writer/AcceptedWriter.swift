import DattssCore
import DattssLog

/// The log writer's accepted lane: writes batches ahead, and thereby puts them in order.
///
/// Every batch gets its LSN and its time here, and is handed to its user's aggregator in this order, so that replaying the
/// log repeats exactly what happened. Groups that wait are written together (group commit): while one write is under way,
/// the next ones gather.
///
/// A replicated log answers later than it is asked. While an append is under way nothing else is written, no minute ends, and the next
/// groups gather. As soon as an answer is missing, whoever waits is told so, and what comes is refused, until it is certain what became
/// of the one that is under way. That one is neither given up nor repeated meanwhile.
actor AcceptedWriter {
    private let executor = BlockingExecutor("dattss.accepted")
    private let syncing = BlockingExecutor("dattss.accepted.sync")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let log: any AcceptedLog
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
    /// Those who wait until the groups up to a number are written.
    private var readers: [(after: Int, reader: CheckedContinuation<Bool, Never>)] = []
    private var groupCount = 0
    /// What a replicated log was asked to store, and has not answered yet.
    private var underWay: UnderWay?
    private var appendCount = 0
    /// Whether it has left an answer missing.
    private var isUncertain = false
    private var uncertainAppends = 0
    /// Waits, at the end, for the append that is under way.
    private var lastWaiter: CheckedContinuation<Void, Never>?
    private var isOver = false
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
        let number: Int
        let group: WriteAhead.Group
        let weight: Int
    }

    private struct UnderWay {
        let number: Int
        let queued: [Queued]
        let batches: [WriteAhead.Pending]
        let time: Timestamp
    }

    private static let queuedWeightMax = 50_000

    init(
        _ opened: OpenedLog, _ configuration: PipelineConfiguration, _ links: Links, _ directory: UserDirectory,
        holds: MinuteHolds, health: LogHealth
    ) {
        (log, link, roller) = (opened.acceptedLog(), links.writeAhead, links.rolling)
        (clock, syncMode) = (configuration.clock, configuration.syncMode)
        (self.directory, self.holds, self.health) = (directory, holds, health)
        (edge, lastLSN) = (opened.replayed.edge, opened.replayed.lastLSN)
        for user in opened.replayed.openUsers {
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
                take(group, weight: item.weight)
                if !hasMore || queuedWeight >= Self.queuedWeightMax { flush() }
            case .tick:
                flush()
            case .barrier(let reader):
                flush()
                readers.append((groupCount, reader))
                answerReaders()
            }
        }
        isEnding = true
        await flushAll()
        isOver = true
        endMinute(edge.minute, wantsCheckpoint: true)
        syncIfDirty()
    }

    /// Forces to the disk what was written since the last time.
    private func syncIfDirty() {
        guard isDirty, !hasFailed, syncMode != .never else { return }
        do {
            try log.sync()
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
            guard let pending = try log.beginSync() else { return }
            isDirty = false
            try log.endSync(await syncing.run { pending.run() })
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
            try log.letGo(
                through: lsn, before: now.advanced(byMilliseconds: -Self.keptMilliseconds),
                after: now.advanced(byMilliseconds: MinuteEdge.jumpBackMilliseconds))
        } catch {
            retireFailures += 1
        }
    }

    private static let keptMilliseconds: Int64 = 120_000

    var laneMetrics: LaneMetrics { log.metrics }

    /// How a replicated log stands; nil when the log is a lane.
    var streamSnapshot: StreamSnapshot? {
        log.standing.map {
            StreamSnapshot(
                name: $0.name, isOwned: !hasFailed, isAnswering: !isUncertain, uncertainAppends: uncertainAppends,
                epoch: $0.epoch.value, last: $0.last.value, messages: $0.messages, kept: $0.kept.value)
        }
    }

    // MARK: Writing

    private func take(_ group: WriteAhead.Group, weight: Int) {
        groupCount += 1
        let queued = Queued(number: groupCount, group: group, weight: weight)
        if isUncertain { return refuse([queued], Self.awayMessage) }
        groups.append(queued)
        queuedWeight += weight
    }

    /// Writes what waits, but for what has to wait longer: as long as the minute that is over waits for samples that came in it,
    /// whatever came after it does, too.
    private func flush() {
        // What is under way comes first, also in front of the end of its minute.
        guard underWay == nil else { return }
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
        write(due)
        // What did not fit into an append, of which the first part was refused at once, has nothing else to wait for.
        if underWay == nil, !groups.isEmpty { return flush() }
        answerReaders()
    }

    /// Writes all that waits, and comes to an end with it. When a replicated log is away there is no waiting for it: what became of the
    /// append that is under way, the next start finds out.
    private func flushAll() async {
        flush()
        while underWay != nil, !isUncertain {
            await withCheckedContinuation { lastWaiter = $0 }
            flush()
        }
        for waiting in readers { waiting.reader.resume(returning: false) }
        readers = []
    }

    private func isOfOpenMinute(_ group: WriteAhead.Group) -> Bool {
        group.collectedIn.map { $0 <= edge.minute } ?? false
    }

    /// Tells those who wait for groups of which all are written, or have failed; and all of them, while nobody knows.
    private func answerReaders() {
        if readers.isEmpty { return }
        let open = [held.first, groups.first, underWay?.queued.first].compactMap { $0?.number }.min() ?? .max
        let answered = readers.filter { isUncertain || $0.after < open }
        readers.removeAll { isUncertain || $0.after < open }
        for waiting in answered { waiting.reader.resume(returning: waiting.after < open) }
    }

    private func write(_ due: [Queued]) {
        guard !due.isEmpty else { return }
        if hasFailed { return refuse(due, "the log has failed; the server is stopping") }
        let queued = fitting(due)
        let time = edge.latest
        let batches = queued.count == 1 ? queued[0].group.batches : queued.flatMap(\.group.batches)
        do {
            switch try log.begin(batches.map { (encoded: $0.record, at: time) }) {
            case .written(let first):
                isDirty = true
                guard syncAtOnce(queued) else { return }
                noteWritten(batches, from: first, at: time)
                answer(queued, .success(()))
            case .underWay(let append):
                appendCount += 1
                follow(append, UnderWay(number: appendCount, queued: queued, batches: batches, time: time))
            }
        } catch {
            refuse(queued, "the log cannot be written: \(error)")
            health.refused(error, at: clock.now())
            if error.code == .syncFailed { stop(error) }
        }
    }

    /// As many groups as one append may have, at least one; the others go on waiting.
    private func fitting(_ due: [Queued]) -> [Queued] {
        let bytesMax = log.appendBytesMax
        if bytesMax == .max { return due }
        var bytes = 0
        for (position, queued) in due.enumerated() {
            // (By position: to look at a batch would copy it.)
            let batches = queued.group.batches
            bytes += batches.indices.reduce(0) { $0 + batches[$1].record.count }
            guard position > 0, bytes > bytesMax else { continue }
            groups = Array(due[position...])
            queuedWeight = groups.reduce(0) { $0 + $1.weight }
            return Array(due[..<position])
        }
        return due
    }

    /// With `--sync always`: what is acknowledged survives power loss.
    /// - Returns: false when that failed, and everybody was told.
    private func syncAtOnce(_ queued: [Queued]) -> Bool {
        guard syncMode == .always else { return true }
        do {
            try log.sync()
            isDirty = false
            return true
        } catch {
            refuse(queued, "the log cannot be written: \(error)")
            health.refused(error, at: clock.now())
            // What is in the log already, and refused all the same, would come back on replay beside its second copy.
            stop(error)
            return false
        }
    }

    private func noteWritten(_ batches: [WriteAhead.Pending], from first: LSN, at time: Timestamp) {
        lastLSN = first.advanced(by: batches.count - 1)
        handOn(batches, at: time)
        health.wrote()
    }

    private func answer(_ queued: [Queued], _ outcome: Result<Void, WireError>) {
        for queued in queued { queued.group.reply(outcome) }
        link.done(queued.reduce(0) { $0 + $1.weight })
    }

    /// None of it is in the log, or will be.
    private func refuse(_ queued: [Queued], _ message: String) {
        for queued in queued { queued.group.fail(WireError(.logUnavailable, message)) }
        link.done(queued.reduce(0) { $0 + $1.weight })
    }

    // MARK: A replicated log

    private static let awayMessage = "the replicated log does not answer"

    private func follow(_ append: PendingAppend, _ asked: UnderWay) {
        underWay = asked
        Task {
            let outcome = await append.run(onUncertain: { Task { await self.noteUncertain(asked.number) } })
            noteEnd(outcome)
        }
    }

    /// An answer is missing. Whoever waits is told so; what was not sent yet never will be.
    private func noteUncertain(_ number: Int) {
        guard let underWay, underWay.number == number, !isUncertain, !isOver else { return }
        isUncertain = true
        uncertainAppends += 1
        health.isAway(Self.awayMessage)
        let unknown = WireError(
            .outcomeUnknown, Self.awayMessage + ": whether this batch counts is found out later; send it again")
        for queued in underWay.queued { queued.group.reply(.failure(unknown)) }
        refuse(held + groups, Self.awayMessage)
        (held, groups, queuedWeight) = ([], [], 0)
        answerReaders()
        resumeLastWaiter()
    }

    /// It is certain what became of the append that is under way.
    private func noteEnd(_ outcome: PendingAppend.Outcome) {
        guard let ended = underWay, !isOver else { return }
        let isAnswered = isUncertain
        (underWay, isUncertain) = (nil, false)
        health.isBack()
        let first = log.end(outcome)
        switch outcome {
        case .written: noteWritten(ended.batches, from: first, at: ended.time)
        case .notWritten(let reason):
            for pending in ended.batches { pending.cancel() }
            stop(ReplicatedLogLost(description: reason))
        case .unknown(let reason): stop(ReplicatedLogLost(description: reason))
        }
        if !isAnswered { for queued in ended.queued { queued.group.reply(outcome.answer) } }
        link.done(ended.queued.reduce(0) { $0 + $1.weight })
        flush()
        resumeLastWaiter()
    }

    private func resumeLastWaiter() {
        lastWaiter?.resume()
        lastWaiter = nil
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

/// Another process writes to the accepted log now.
private struct ReplicatedLogLost: Error, CustomStringConvertible {
    let description: String
}

extension PendingAppend.Outcome {
    /// What its senders are told.
    fileprivate var answer: Result<Void, WireError> {
        switch self {
        case .written: .success(())
        case .notWritten(let reason): .failure(WireError(.logUnavailable, reason))
        case .unknown(let reason): .failure(WireError(.outcomeUnknown, reason))
        }
    }
}
