import DattssCore
import DattssLog

/// Rebuilds every user's state from the log: the fourth stage's output is the second's input.
///
/// Blocks and the checkpoint before them restore totals and duplicate suppression; batches that no block covers are
/// applied as if they had just come, closing minutes on the way, and covered ones of the last minutes only fill the
/// windows. Replaying the same log again gives the same state.
struct Replay: RecoveryHandler {
    private var users: [UserID: User] = [:]
    private var edge: MinuteEdge?
    /// The time of the last batch.
    private(set) var latest: Timestamp?
    private var lastLSN = LSN.zero
    private var unwritten: [MinuteBlock] = []
    private let now: Timestamp
    private let limits: Limits

    /// A user's state, in front of the log and behind it.
    struct User: Sendable {
        var state: UserState
        var admission: Admission

        init(_ id: UserID, limits: Limits) {
            state = UserState(user: id, limits: limits)
            admission = Admission(limits: limits)
        }

        /// Forgets what a running server would have forgotten. All totals stay: whether it is as late as the clock shows is not
        /// certain at a start.
        mutating func forgetIdle(since time: Timestamp) {
            // What the open minute holds leaves memory after its end.
            let horizon = state.openMinute.map { min(time, $0.minute.start) } ?? time
            state.forget(admission.removeIdle(before: horizon))
        }
    }

    /// What the pipeline starts with.
    struct Outcome: Sendable {
        var users: [User]
        /// Minutes that were over before the end of the log and had no block yet: to be written first.
        var unwritten: [MinuteBlock]
        var edge: MinuteEdge
        var lastLSN: LSN
        /// The users whose open minute holds something.
        var openUsers: [UserID]
    }

    /// - Parameter now: statistics that were idle for longer than the limit by then stay out of memory. What the log has of a later
    ///   time was written when the clock was ahead.
    init(now: Timestamp, limits: Limits) {
        self.now = now
        self.limits = limits
    }

    /// What was sent since then is live.
    private var liveSince: Timestamp { now.advanced(byMilliseconds: -limits.idleSeconds * 1000) }

    mutating func outcome(lastLSN: LSN) -> Outcome {
        let liveSince = liveSince
        for id in Array(users.keys) { users[id]?.forgetIdle(since: liveSince) }
        return Outcome(
            users: users.values.sorted { $0.state.user < $1.state.user },
            unwritten: unwritten,
            edge: edge ?? MinuteEdge(max(now, latest ?? now)),
            lastLSN: lastLSN,
            openUsers: users.values.filter { $0.state.openMinute != nil }.map(\.state.user))
    }

    /// How many minutes are over and have no block.
    var unwrittenCount: Int { unwritten.count }

    /// Hands them to somebody who writes them.
    mutating func takeUnwritten() -> [MinuteBlock] {
        defer { unwritten = [] }
        return unwritten
    }

    mutating func restore(_ checkpoint: Checkpoint) {
        let (now, liveSince) = (now, liveSince)
        for saved in checkpoint.users {
            withUser(saved.user) { user in
                for statistic in saved.totals {
                    let isLive = statistic.totals.seen >= liveSince
                    let id = isLive ? user.admission.restore(statistic.key, usedAt: min(statistic.totals.seen, now)) : nil
                    user.state.restore(statistic.totals, of: statistic.key, as: id)
                }
                Self.restore(saved.clients, into: &user, at: checkpoint.at)
            }
        }
    }

    mutating func restore(_ block: MinuteBlock) {
        // When in the minute it was the block does not tell.
        let usedAt = min(block.minute.end, now)
        for saved in block.users {
            withUser(saved.user) { user in
                for partial in saved.aggregates {
                    let id = user.admission.restore(partial.key, usedAt: usedAt)
                    // A block that does not say how far into the accepted lane it goes was imported.
                    user.state.restore(
                        partial.aggregate, of: partial.key, minute: block.minute, as: id, isImported: block.through == nil)
                }
                Self.restore(saved.clients, into: &user, at: block.minute.start)
            }
        }
    }

    mutating func restore(_ accepted: AcceptedBatch, isCovered: Bool) {
        if !isCovered { closeMinutes(before: accepted) }
        let now = now
        withUser(accepted.user) { user in
            let ids = accepted.batch.partials.map { user.admission.restore($0.key, usedAt: min(accepted.at, now)) }
            if isCovered {
                user.state.restoreWindows(accepted.batch, ids: ids, at: accepted.at)
            } else {
                user.state.apply(accepted.batch, ids: ids, at: accepted.at)
            }
            if let origin = accepted.batch.origin { user.admission.commit(origin, at: accepted.at) }
        }
        lastLSN = accepted.lsn
        latest = accepted.at
    }

    /// A batch of a later minute ends the one before, as it did when it was written.
    private mutating func closeMinutes(before accepted: AcceptedBatch) {
        var edge = self.edge ?? MinuteEdge(accepted.at)
        defer { self.edge = edge }
        var ended = edge.advance(to: accepted.at)
        // Times in the log are facts. One that goes back by less than clocks are followed was written after a tick of a clock that
        // was further ahead; no batch tells of such a tick.
        if ended == nil, accepted.at.minute != edge.minute {
            ended = edge.minute
            edge = MinuteEdge(accepted.at)
        }
        guard let ended else { return }
        var block = MinuteBlock(minute: ended, through: lastLSN, users: [])
        for id in users.keys.sorted() {
            if let closed = users[id]?.state.close(through: ended) { block.users.append(closed.closed(user: id)) }
        }
        if !block.users.isEmpty { unwritten.append(block) }
    }

    private static func restore(_ clients: [ClientWindow], into user: inout User, at time: Timestamp) {
        for client in clients {
            user.admission.restore(client.window, of: client.client, at: time)
            user.state.restore(client, at: time)
        }
    }

    private mutating func withUser(_ id: UserID, _ body: (inout User) -> Void) {
        body(&users[id, default: User(id, limits: limits)])
    }
}
