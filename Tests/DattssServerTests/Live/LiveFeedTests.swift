import DattssCore
import DattssPipeline
import DattssTestSupport
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization
import Testing

@testable import DattssServer

/// Goal: every reader is told every change, and what it costs does not depend on how many there are, or how slow they are.
@Suite("Live feed")
struct LiveFeedTests {
    private let processes: ProcessRegistry
    private let user: UserID
    private let feed: LiveFeed
    private let unsent: ByteBudget

    init() throws {
        let routes = try RoutesTests.routes()
        processes = routes.processes
        user = try #require(UserID("ann"))
        unsent = ByteBudget(bytesMax: 300_000)
        feed = LiveFeed(routes.pipeline.queries, processes, unsent: unsent, of: user)
    }

    private func begin() async throws -> LiveFeed.Turn { try await feed.begin(isWanted: { true }) }

    /// What a turn says, and its number.
    private func read(_ turn: LiveFeed.Turn?) async throws -> (events: String, number: Int) {
        let text = WrittenText()
        var writer: any ResponseBodyWriter = text
        let number = try await (try #require(turn)).write(to: &writer)
        return (text.value.withLock { $0 }, number)
    }

    @Test("a reader that missed turns is told all of them at once, and then the next like everybody")
    func missed() async throws {
        let (everything, number) = try await read(begin())
        #expect(everything.contains("event: status\n") && everything.contains("event: processes\n"))
        for name in ["first", "second"] {
            processes.note(name, of: user)
            await feed.turn()
        }
        let (missed, last) = try await read(await feed.next(after: number, isWanted: { true }))
        #expect(missed.ranges(of: "event: processes\n").count == 2 && missed.contains("second"))
        processes.note("third", of: user)
        let next = await withTaskGroup { group in
            group.addTask { [feed] in await feed.next(after: last, isWanted: { true }) }
            group.addTask { [feed] in
                // As the clock does it, whether or not the reader waits already.
                while !Task.isCancelled {
                    await feed.turn()
                    await Task.yield()
                }
                return nil
            }
            let next = await group.next() ?? nil
            group.cancelAll()
            return next
        }
        let (news, _) = try await read(next)
        #expect(news.contains("third") && !news.contains("event: status"))
    }

    @Test("a reader hears something at least every other second, also when nothing changes")
    func beats() async throws {
        var (_, number) = try await read(begin())
        for _ in 0..<3 {
            // Two seconds, in which nothing comes in.
            await feed.turn()
            await feed.turn()
            let (quiet, last) = try await read(await feed.next(after: number, isWanted: { true }))
            #expect(quiet.ranges(of: "event: beat\ndata: ").count == 1 && !quiet.contains("event: status"), "\(quiet)")
            number = last
        }
    }

    @Test("a reader that missed too much is told everything instead, and one for whom there is no room is told so")
    func tooMuch() async throws {
        let (_, number) = try await read(begin())
        for name in 0..<1000 { processes.note("process\(name)-" + String(repeating: "x", count: 50), of: user) }
        await feed.turn()
        let (everything, last) = try await read(await feed.next(after: number, isWanted: { true }))
        #expect(everything.contains("event: status\n") && everything.contains("process999-") && last == number + 1)
        #expect(unsent.use.bytes == 0)
        // There is room for one, as long as somebody holds it.
        let held = try await begin()
        await #expect(throws: WireError.self) { try await begin() }
        #expect(unsent.use.refused == 1)
        _ = try await read(held)
    }
}

private final class WrittenText: ResponseBodyWriter, Sendable {
    let value = Mutex("")

    func write(_ buffer: ByteBuffer) { value.withLock { $0 += String(buffer: buffer) } }
    func finish(_ trailingHeaders: HTTPFields?) {}
}
