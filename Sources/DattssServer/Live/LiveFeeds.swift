import DattssCore
import DattssPipeline
import ServiceLifecycle
import Synchronization

/// The feeds of all users who are looked at, and the clock that they turn by.
final class LiveFeeds: Service {
    private let queries: Queries
    private let processes: ProcessRegistry
    private let unsent: ByteBudget
    private let clock: any WallClock
    private let state = Mutex(State())

    private struct State {
        var feeds: [UserID: (feed: LiveFeed, readers: Int)] = [:]
        var isFinished = false
    }

    /// - Parameter unsent: for large events that wait for their readers.
    init(_ queries: Queries, _ processes: ProcessRegistry, unsent: ByteBudget, clock: any WallClock) {
        (self.queries, self.processes, self.unsent, self.clock) = (queries, processes, unsent, clock)
    }

    /// A place at a user's feed, as long as it is kept.
    final class Seat: Sendable {
        let feed: LiveFeed
        private let leave: @Sendable () -> Void

        init(_ feed: LiveFeed, leave: @escaping @Sendable () -> Void) { (self.feed, self.leave) = (feed, leave) }
        deinit { leave() }
    }

    func seat(of user: UserID) -> Seat {
        let feed = state.withLock { state in
            var entry = state.feeds[user] ?? (LiveFeed(queries, processes, unsent: unsent, of: user), 0)
            if state.isFinished { entry.feed.finish() }
            entry.readers += 1
            state.feeds[user] = entry
            return entry.feed
        }
        return Seat(feed) { [self] in
            state.withLock { state in
                state.feeds[user]?.readers -= 1
                if state.feeds[user]?.readers == 0 { state.feeds[user] = nil }
            }
        }
    }

    /// Turns every second, until the server ends.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while true {
                let now = clock.now()
                do { try await clock.sleep(until: Timestamp(seconds: now.seconds + 1), since: now) } catch { return }
                await turn()
            }
        }
        let feeds = state.withLock { state in
            state.isFinished = true
            return state.feeds.values.map(\.feed)
        }
        for feed in feeds { feed.finish() }
    }

    func turn() async {
        await queries.aside { [self] in
            await withDiscardingTaskGroup { group in
                for feed in state.withLock({ $0.feeds.values.map(\.feed) }) { group.addTask { await feed.turn() } }
            }
        }
    }
}
