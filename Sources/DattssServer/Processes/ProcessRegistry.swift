public import DattssCore
import Synchronization

/// The named client programs of all users: which are up, and which were asked to stop.
///
/// A program is up while it polls or sends, and for ``graceMilliseconds`` after. It is asked to stop once, through its
/// poll: the one that waits, or the next one while it stays up. When a user has too many, the one that has been down longest
/// is forgotten.
public final class ProcessRegistry: Sendable {
    private let state = Mutex(State())
    private let clock: any WallClock

    /// Longer than the 5 seconds between two pushes, and than a poll that is begun again.
    public static let graceMilliseconds: Int64 = 15_000
    public static let processesPerUserMax = 1000

    public struct Process: Sendable, Hashable {
        public var name: String
        public var isUp: Bool
        /// Since when it has been up, or down.
        public var since: Timestamp
        public var seen: Timestamp
        public var uptimeSeconds: Double?
        /// Whether it was asked to stop and has not been told yet.
        public var isStopping: Bool
        /// Whether it polls, and so can be asked to stop.
        public var isPolling: Bool
    }

    private struct State {
        var users: [UserID: [String: Entry]] = [:]
        var nextPoll = 0
    }

    private struct Entry {
        var since: Timestamp
        var seen: Timestamp
        var uptimeSeconds: Double?
        var isStopping = false
        var polls: [Int: CheckedContinuation<Bool, Never>] = [:]
        /// When a poll began or ended last; nil for a run that never polled.
        var polledAt: Timestamp?

        func isPolling(at time: Timestamp) -> Bool {
            guard polls.isEmpty else { return true }
            guard let polledAt else { return false }
            return (time.milliseconds - polledAt.milliseconds).magnitude < graceMilliseconds.magnitude
        }

        func isUp(at time: Timestamp) -> Bool {
            // (What was seen later than now was seen by a clock that has been set back.)
            !polls.isEmpty || (time.milliseconds - seen.milliseconds).magnitude < graceMilliseconds.magnitude
        }
    }

    public init(clock: any WallClock) { self.clock = clock }

    /// A process sent something.
    public func note(_ name: String, of user: UserID, uptimeSeconds: Double? = nil) {
        let now = clock.now()
        state.withLock { state in
            Self.touch(name, user, now, &state)
            if let uptimeSeconds { state.users[user]?[name]?.uptimeSeconds = uptimeSeconds }
        }
    }

    /// All processes of a user, by name.
    public func processes(of user: UserID) -> [Process] {
        let now = clock.now()
        return state.withLock { state in
            (state.users[user] ?? [:]).map { name, entry in
                let isUp = entry.isUp(at: now)
                let downSince = entry.seen.advanced(byMilliseconds: Self.graceMilliseconds)
                return Process(
                    name: name, isUp: isUp, since: isUp ? entry.since : downSince, seen: entry.seen,
                    uptimeSeconds: entry.uptimeSeconds, isStopping: isUp && entry.isStopping,
                    isPolling: isUp && entry.isPolling(at: now))
            }
            .sorted { $0.name < $1.name }
        }
    }

    /// Asks a process to stop.
    /// - Returns: false when the user has no process of that name that is up.
    public func stop(_ name: String, of user: UserID) -> Bool {
        let now = clock.now()
        let (isKnown, polls) = state.withLock { state in
            guard let entry = state.users[user]?[name], entry.isUp(at: now) else {
                return (false, [CheckedContinuation<Bool, Never>]())
            }
            let polls = Array(entry.polls.values)
            state.users[user]?[name]?.polls = [:]
            state.users[user]?[name]?.isStopping = polls.isEmpty
            return (true, polls)
        }
        for poll in polls { poll.resume(returning: true) }
        return isKnown
    }

    /// Waits until the process is asked to stop, or until `deadline`, or until the task is cancelled.
    /// - Returns: whether it is asked to stop.
    public func poll(_ name: String, of user: UserID, until deadline: Timestamp) async -> Bool {
        let id = state.withLock { state in
            state.nextPoll += 1
            return state.nextPoll
        }
        let clock = clock
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait(id, name, user) }
            group.addTask {
                try? await clock.sleep(until: deadline)
                self.endPoll(id, name, user)
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

    private func wait(_ id: Int, _ name: String, _ user: UserID) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = clock.now()
                let answer: Bool? = state.withLock { state in
                    Self.touch(name, user, now, &state)
                    if Task.isCancelled { return false }
                    if state.users[user]?[name]?.isStopping == true {
                        state.users[user]?[name]?.isStopping = false
                        return true
                    }
                    state.users[user]?[name]?.polls[id] = continuation
                    state.users[user]?[name]?.polledAt = now
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            endPoll(id, name, user)
        }
    }

    private func endPoll(_ id: Int, _ name: String, _ user: UserID) {
        let now = clock.now()
        let poll = state.withLock { state in
            guard let poll = state.users[user]?[name]?.polls.removeValue(forKey: id) else {
                return CheckedContinuation<Bool, Never>?.none
            }
            state.users[user]?[name]?.seen = now
            state.users[user]?[name]?.polledAt = now
            return poll
        }
        poll?.resume(returning: false)
    }

    private static func makeRoom(_ user: UserID, _ now: Timestamp, _ state: inout State) {
        guard let processes = state.users[user], processes.count >= processesPerUserMax else { return }
        let oldest = processes.min {
            ($0.value.isUp(at: now) ? 1 : 0, $0.value.seen) < ($1.value.isUp(at: now) ? 1 : 0, $1.value.seen)
        }
        guard let oldest else { return }
        state.users[user]?[oldest.key] = nil
        for poll in oldest.value.polls.values { poll.resume(returning: false) }
    }

    private static func touch(_ name: String, _ user: UserID, _ now: Timestamp, _ state: inout State) {
        if var entry = state.users[user]?[name] {
            if !entry.isUp(at: now) {
                // It is another run of the program: what the one before was asked is void.
                (entry.since, entry.isStopping, entry.polledAt) = (now, false, nil)
            }
            entry.seen = now
            state.users[user]?[name] = entry
        } else {
            makeRoom(user, now, &state)
            state.users[user, default: [:]][name] = Entry(since: now, seen: now)
        }
    }
}
