import DattssCore
import Synchronization

/// All users that have statistics, by identifier. A new one gets an aggregator when the first batch comes.
final class UserDirectory: Sendable {
    private let state: Mutex<State>
    private let newcomers: AsyncStream<UserEntry>
    private let announcement: AsyncStream<UserEntry>.Continuation
    private let makeEntry: @Sendable (Replay.User) -> UserEntry
    private let aggregating: @Sendable () -> (any TaskExecutor)?

    private struct State {
        var users: [UserID: UserEntry]
        /// Deleted users, whose aggregators go on to answer the roller until the end.
        var erased: [UserEntry] = []
        var isFinished = false
    }

    /// - Parameter aggregating: see ``PipelineConfiguration/aggregating``.
    init(
        _ restored: [Replay.User], aggregating: @escaping @Sendable () -> (any TaskExecutor)? = { nil },
        makeEntry: @escaping @Sendable (Replay.User) -> UserEntry
    ) {
        (self.makeEntry, self.aggregating) = (makeEntry, aggregating)
        (newcomers, announcement) = AsyncStream.makeStream(of: UserEntry.self)
        var users: [UserID: UserEntry] = [:]
        for user in restored {
            let entry = makeEntry(user)
            users[entry.id] = entry
            announcement.yield(entry)
        }
        state = Mutex(State(users: users))
    }

    var all: [UserEntry] { state.withLock { Array($0.users.values) } }

    /// The entry of a user, if that user ever sent something.
    func existing(_ user: UserID) -> UserEntry? { state.withLock { $0.users[user] } }

    func entry(for user: UserID, limits: Limits) -> UserEntry {
        state.withLock { state in
            if let entry = state.users[user] { return entry }
            let entry = makeEntry(Replay.User(user, limits: limits))
            state.users[user] = entry
            // Nobody would run one that comes after the end.
            if state.isFinished { entry.link.finish() } else { announcement.yield(entry) }
            return entry
        }
    }

    /// Forgets a deleted user. A batch that is under way is dropped with everything else; one that comes later under the
    /// same name is that of a new user.
    func erase(_ user: UserID) {
        state.withLock { state in
            guard let entry = state.users.removeValue(forKey: user) else { return }
            entry.link.signal(.erased)
            state.erased.append(entry)
        }
    }

    /// Runs every user's aggregator until ``finish()`` was called and each has received all that was queued for it.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await user in newcomers {
                group.addTask(executorPreference: aggregating()) { await user.aggregator.run() }
            }
        }
    }

    func finish() {
        announcement.finish()
        let users = state.withLock { state in
            state.isFinished = true
            return state.erased + state.users.values
        }
        for user in users { user.link.finish() }
    }
}
