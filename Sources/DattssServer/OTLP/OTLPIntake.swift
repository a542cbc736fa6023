import DattssCore
import Synchronization

/// Turns exports of OpenTelemetry metrics into partials.
///
///     sum, monotonic        ──► c    delta: as it is; cumulative: what came since the last export of the series
///     sum, not monotonic    ──► g    cumulative: a level; a delta is a counter
///     gauge                 ──► g
///     histogram             ──► ms   with its sketch: see ``OTLPTimer``
///     exponential histogram ──► ms
///     summary               rejected and counted
///
/// Which statistic a series adds to is its path's matter (``OTLPPath``), what is new in it its own (``OTLPSeries``): series that
/// differ only in what no path shows keep their own totals and add up in one statistic.
///
/// A cumulative series that began before this server cannot be told from one that an earlier run has counted: its first
/// export is where counting begins. One that began later counts from its start.
///
/// Each user has a lock. Users who were silent as long as a statistic stays in memory leave it, and then are to all others what an
/// earlier run of the server is: their series count from their first point on when they return.
final class OTLPIntake: Sendable {
    private let users: Mutex<Users>
    let counters = OTLPCounters()
    let turns = OTLPTurns()
    let readers = OTLPReaders()

    private struct Users {
        var entries: [UserID: OTLPUser] = [:]
        var knownSince: UInt64
        /// When idle ones were looked for, by the uptime.
        var sweptAt: Int64?
    }

    init(startedAt: Timestamp) {
        // What began in the very millisecond began after it.
        users = Mutex(Users(knownSince: startedAt.nanoseconds == 0 ? 0 : startedAt.nanoseconds - 1))
    }

    /// Works out what is new, and remembers that it was. If the partials are not taken in, ``cancel(_:of:)`` has to follow, else
    /// ``OTLPCounters/add(_:)``.
    func plan(_ metrics: OTLPMetrics, of user: UserID, at now: Moment, limits: Limits) -> OTLPPlan {
        plan(OTLPPoints(metrics), of: user, at: now, limits: limits)
    }

    /// The same of an export whose points were read before.
    func plan(_ points: OTLPPoints, of user: UserID, at now: Moment, limits: Limits) -> OTLPPlan {
        while true {
            let entry = entry(of: user, at: now, limits: limits)
            // nil when it has left meanwhile.
            if let plan = entry.plan(points, at: now, limits: limits) { return plan }
        }
    }

    /// The export was refused, and will come again.
    func cancel(_ plan: OTLPPlan, of user: UserID) { users.withLock { $0.entries[user] }?.cancel(plan) }

    /// A deleted user.
    func forget(_ user: UserID) { users.withLock { $0.entries.removeValue(forKey: user) }?.leave() }

    /// How many users and series are remembered.
    var size: (users: Int, series: Int) {
        let entries = users.withLock { Array($0.entries.values) }
        return (entries.count, entries.reduce(0) { $0 + $1.count })
    }

    private func entry(of user: UserID, at now: Moment, limits: Limits) -> OTLPUser {
        users.withLock { users in
            // Often enough, and rare enough that it costs nothing.
            let uptime = now.uptimeMilliseconds
            if uptime - (users.sweptAt ?? uptime) >= limits.idleSeconds * 1000 / 24 { Self.sweep(&users, at: now, limits: limits) }
            if users.sweptAt == nil { users.sweptAt = uptime }
            if let entry = users.entries[user] { return entry }
            let entry = OTLPUser(OTLPSeriesTable(knownSince: users.knownSince), at: now)
            users.entries[user] = entry
            return entry
        }
    }

    private static func sweep(_ users: inout Users, at now: Moment, limits: Limits) {
        users.sweptAt = now.uptimeMilliseconds
        for (user, entry) in users.entries {
            guard let latestStart = entry.leave(ifIdleAt: now, limits: limits) else { continue }
            users.entries[user] = nil
            // What a sender says of times to come is nothing to other users.
            users.knownSince = max(users.knownSince, min(latestStart, now.time.nanoseconds))
        }
    }
}
