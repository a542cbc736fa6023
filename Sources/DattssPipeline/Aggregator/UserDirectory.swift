import DattssCore
import Synchronization

/// All users that have statistics, by identifier. A new one gets an aggregator when the first batch comes.
final class UserDirectory: Sendable {
    private let users: Mutex<[UserID: UserEntry]>
    private let newcomers: AsyncStream<UserEntry>
    private let announcement: AsyncStream<UserEntry>.Continuation
    private let makeEntry: @Sendable (Replay.User) -> UserEntry

    init(_ restored: [Replay.User], makeEntry: @escaping @Sendable (Replay.User) -> UserEntry) {
        self.makeEntry = makeEntry
        (newcomers, announcement) = AsyncStream.makeStream(of: UserEntry.self)
        var users: [UserID: UserEntry] = [:]
        for user in restored {
            let entry = makeEntry(user)
            users[entry.id] = entry
            announcement.yield(entry)
        }
        self.users = Mutex(users)
    }

    var all: [UserEntry] { users.withLock { Array($0.values) } }

    /// The entry of a user, if that user ever sent something.
    func existing(_ user: UserID) -> UserEntry? { users.withLock { $0[user] } }

    func entry(for user: UserID, limits: Limits) -> UserEntry {
        users.withLock { users in
            if let entry = users[user] { return entry }
            let entry = makeEntry(Replay.User(user, limits: limits))
            users[user] = entry
            announcement.yield(entry)
            return entry
        }
    }

    /// Runs every user's aggregator until ``finish()`` was called and each has received all that was queued for it.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await user in newcomers {
                group.addTask { await user.aggregator.run() }
            }
        }
    }

    func finish() {
        announcement.finish()
        for user in all { user.link.finish() }
    }
}
