public import DattssCore
import Synchronization

/// The named client programs of all users: which are up, and which were asked to stop.
///
/// A program is up while it polls or sends, and for ``graceMilliseconds`` after. It is asked to stop once, through its poll: see
/// ``ProcessRuns``. One that has been down for ``forgetMilliseconds`` is forgotten, and, when a user has too many, the one that has
/// been down longest.
public final class ProcessRegistry: Sendable {
    private let state = Mutex(State())
    private let clock: any WallClock

    /// Longer than the 5 seconds between two pushes, and than a poll that is begun again.
    public static let graceMilliseconds = ProcessRuns.graceMilliseconds
    /// A day: a job that runs every night is seen to be down until it comes again, and one that was given up is not for ever.
    public static let forgetMilliseconds: Int64 = 86_400_000
    /// How many names a user has at most.
    public static let processesPerUserMax = 1000

    /// A named program, as it is at one moment.
    public struct Process: Sendable, Hashable {
        /// The name that it gives itself.
        public var name: String
        /// Whether it polls, or was heard of a moment ago.
        public var isUp: Bool
        /// Since when it has been up, or down.
        public var since: Timestamp
        /// When it was last heard of.
        public var seen: Timestamp
        /// For how long it had been up, as it said in its last batch.
        public var uptimeSeconds: Double?
        /// How far its last stop has come.
        var stop: ProcessRuns.StopState?
        /// When it began anew, as its uptimes say, while the server has been up.
        public var restarts: [Timestamp]

        /// Whether it was asked to stop and has not been told yet.
        public var isStopping: Bool { isUp && stop == .asked }
        /// Whether it polls, and so can be asked to stop.
        public var isPolling: Bool
        /// Whether it is down because it was told to stop.
        public var hasEnded: Bool { !isUp && stop == .told }
    }

    /// What became of the wish to remove a process from view.
    enum Removal: Sendable, Hashable {
        case removed
        case isUp
        case unknown
    }

    private struct State {
        var users: [UserID: [String: Entry]] = [:]
        var nextPoll = 0
    }

    private struct Entry {
        var runs: ProcessRuns
        var polls: [Int: CheckedContinuation<Bool, Never>] = [:]
    }

    /// A registry that knows nobody.
    public init(clock: any WallClock) { self.clock = clock }

    /// A process sent something.
    /// - Parameter client: the `cid` of its client, when it has one.
    public func note(_ name: String, of user: UserID, uptimeSeconds: Double? = nil, client: String? = nil) {
        let now = clock.now()
        state.withLock { state in
            Self.makeRoom(for: name, user, now, &state)
            state.users[user]?[name]?.runs.send(from: client, uptimeSeconds: uptimeSeconds, at: now)
        }
    }

    /// All processes of a user, by name.
    public func processes(of user: UserID) -> [Process] {
        let now = clock.now()
        return state.withLock { state in
            Self.forgetOld(user, now, &state)
            return (state.users[user] ?? [:]).map { name, entry in
                let runs = entry.runs
                let isUp = runs.isUp(at: now)
                let downSince = runs.seen.advanced(byMilliseconds: Self.graceMilliseconds)
                return Process(
                    name: name, isUp: isUp, since: isUp ? runs.since : downSince, seen: runs.seen,
                    uptimeSeconds: runs.uptimeSeconds, stop: runs.stopState(at: now), restarts: runs.restarts,
                    isPolling: isUp && runs.isPolling(at: now))
            }
            .sorted { $0.name < $1.name }
        }
    }

    /// Asks a process to stop.
    func stop(_ name: String, of user: UserID) -> ProcessRuns.Stop {
        let now = clock.now()
        let (stop, polls) = state.withLock { state in
            guard let stop = state.users[user]?[name]?.runs.askToStop(at: now) else {
                return (ProcessRuns.Stop.down, [CheckedContinuation<Bool, Never>]())
            }
            guard case .told(let ids) = stop else { return (stop, []) }
            return (stop, ids.compactMap { state.users[user]?[name]?.polls.removeValue(forKey: $0) })
        }
        for poll in polls { poll.resume(returning: true) }
        return stop
    }

    /// Forgets a process that is down. It comes back when it sends or polls.
    func remove(_ name: String, of user: UserID) -> Removal {
        let now = clock.now()
        return state.withLock { state in
            guard let entry = state.users[user]?[name] else { return .unknown }
            if entry.runs.isUp(at: now) { return .isUp }
            state.users[user]?[name] = nil
            return .removed
        }
    }

    /// Waits until the process is asked to stop, or until `deadline`, or until the task is cancelled.
    /// - Parameter client: the `cid` of its client, when it says it.
    /// - Returns: whether it is asked to stop.
    public func poll(_ name: String, of user: UserID, client: String? = nil, until deadline: Timestamp) async -> Bool {
        let id = state.withLock { state in
            state.nextPoll += 1
            return state.nextPoll
        }
        let clock = clock
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait(id, name, user, client) }
            group.addTask {
                let isInTime = (try? await clock.sleep(until: deadline)) != nil
                self.endPoll(id, name, user, isBroken: !isInTime)
                return false
            }
            // The waiting task always ends: it is asked to stop, or its time is over, or it is cancelled.
            var isAskedToStop = false
            for await answer in group {
                isAskedToStop = isAskedToStop || answer
                group.cancelAll()
            }
            return isAskedToStop
        }
    }

    private func wait(_ id: Int, _ name: String, _ user: UserID, _ client: String?) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = clock.now()
                let answer: Bool? = state.withLock { state in
                    Self.makeRoom(for: name, user, now, &state)
                    if Task.isCancelled { return false }
                    if state.users[user]?[name]?.runs.beginPoll(id, of: client, at: now) == true { return true }
                    state.users[user]?[name]?.polls[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            endPoll(id, name, user, isBroken: true)
        }
    }

    private func endPoll(_ id: Int, _ name: String, _ user: UserID, isBroken: Bool) {
        let now = clock.now()
        let poll = state.withLock { state in
            guard let poll = state.users[user]?[name]?.polls.removeValue(forKey: id) else {
                return CheckedContinuation<Bool, Never>?.none
            }
            state.users[user]?[name]?.runs.endPoll(id, isBroken: isBroken, at: now)
            return poll
        }
        poll?.resume(returning: false)
    }

    // MARK: Room

    /// Makes sure that there is an entry of this name.
    private static func makeRoom(for name: String, _ user: UserID, _ now: Timestamp, _ state: inout State) {
        guard state.users[user]?[name] == nil else { return }
        if let processes = state.users[user], processes.count >= processesPerUserMax {
            let oldest = processes.min {
                ($0.value.runs.isUp(at: now) ? 1 : 0, $0.value.runs.seen) < (
                    $1.value.runs.isUp(at: now) ? 1 : 0, $1.value.runs.seen
                )
            }
            if let oldest {
                state.users[user]?[oldest.key] = nil
                for poll in oldest.value.polls.values { poll.resume(returning: false) }
            }
        }
        state.users[user, default: [:]][name] = Entry(runs: ProcessRuns(at: now))
    }

    private static func forgetOld(_ user: UserID, _ now: Timestamp, _ state: inout State) {
        guard let processes = state.users[user] else { return }
        for (name, entry) in processes
        where !entry.runs.isUp(at: now) && now.milliseconds - entry.runs.seen.milliseconds >= forgetMilliseconds {
            state.users[user]?[name] = nil
        }
    }
}
