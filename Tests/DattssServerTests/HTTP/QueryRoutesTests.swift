import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import DattssServer

/// Goal: whoever asks too much is told when to come back, others are answered, and for whoever has gone nothing is worked out.
@Suite("Queries over HTTP")
struct QueryRoutesTests {
    private static let paths = ["status", "live", "series/c/hits", "day/c/hits", "unusual"]

    private let folder: TestFolder
    private let routes: Routes
    private let keys: [UserID: String]
    private let ann: UserID
    private let ben: UserID

    init() throws {
        var limits = Limits()
        (limits.queuedQueriesPerUser, limits.queuedQueries) = (1, 1)
        folder = try TestFolder()
        routes = try RoutesTests.routes(limits: limits, in: folder)
        ann = try #require(UserID("ann"))
        ben = try #require(UserID("ben"))
        var keys: [UserID: String] = [:]
        for user in [ann, ben] {
            try routes.accounts.add(user, at: routes.clock.now())
            keys[user] = routes.accounts.key(of: user)
        }
        self.keys = keys
    }

    /// - Parameter session: instead of the user's key.
    private func get(_ path: String, _ user: UserID, _ session: Secret? = nil, isConnected: Bool = true) async throws -> Response {
        let channel = NIOAsyncTestingChannel()
        if isConnected { try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)) }
        var head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/api/v1/\(path)")
        if let session {
            head.headerFields[.cookie] = "dattss_session=\(session.text)"
        } else {
            head.headerFields[.authorization] = keys[user].map { "Bearer \($0)" }
        }
        let context = ServerContext(source: ApplicationRequestContextSource(channel: channel, logger: Logger(label: "test")))
        return try await routes.makeRouter().buildResponder().respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), context: context)
    }

    @Test("are refused beyond what may wait, of one user and of all, and answered when there is room")
    func refusals() async throws {
        let queries = routes.pipeline.queries
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup { group in
            for _ in 0..<2 { group.addTask { [ann] in try await queries.inTurn(of: ann) { for await _ in gate { break } } } }
            while queries.counts.underWay < 1 || queries.counts.waiting < 1 { await Task.yield() }
            for path in Self.paths {
                let refused = try await get(path, ann)
                #expect(refused.status == .tooManyRequests && refused.headers[.retryAfter] == "1", "\(path)")
                #expect(try await get(path, ben).status == .ok, "\(path)")
            }
            group.addTask { [ben] in try await queries.inTurn(of: ben) { for await _ in gate { break } } }
            while queries.counts.underWay < 2 { await Task.yield() }
            for path in Self.paths {
                let refused = try await get(path, ben)
                #expect(refused.status == .serviceUnavailable && refused.headers[.retryAfter] == "1", "\(path)")
            }
            open.finish()
            try await group.waitForAll()
        }
        for path in Self.paths { #expect(try await get(path, ann).status == .ok, "\(path)") }
        #expect(queries.counts.refusedOfUser == 5 && queries.counts.refused == 5)
        let exposition = await routes.metrics.exposition()
        #expect(exposition.contains("dattss_queries_refused_total{limit=\"user\"} 5\n"))
    }

    @Test("of connections that are gone are not worked out")
    func abandoned() async throws {
        for path in Self.paths { #expect(try await get(path, ann, isConnected: false).status == .serviceUnavailable, "\(path)") }
        #expect(routes.pipeline.queries.counts.abandoned == 5)
    }

    /// Goal: nobody who is in a team can keep its owner from asking.
    @Test("about another user's statistics take the turns of whoever is signed in")
    func teams() async throws {
        let (accounts, now, queries) = (routes.accounts, routes.clock.now(), routes.pipeline.queries)
        let (_, token) = try accounts.invite(nil, as: .view, toTeamOf: ann, by: .commandLine, at: now)
        _ = try accounts.join(by: #require(Secret(token)), ben, by: .commandLine, at: now)
        let session = try accounts.signIn(ben, Accounts.Visitor(address: "127.0.0.1", agent: ""), at: now)
        let paths = Self.teamPaths
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup { group in
            for _ in 0..<2 { group.addTask { [ben] in try await queries.inTurn(of: ben) { for await _ in gate { break } } } }
            while queries.counts.underWay < 1 || queries.counts.waiting < 1 { await Task.yield() }
            for path in paths {
                let asked = path + (path.contains("?") ? "&" : "?") + "user=ann"
                #expect(try await get(asked, ben, session).status == .tooManyRequests, "\(path)")
                #expect(try await get(path, ann).status == .ok, "\(path)")
            }
            open.finish()
            try await group.waitForAll()
        }
    }

    private static let teamPaths = [
        "status", "silent", "series/c/hits", "day/c/hits", "unusual", "alerts", "status?at=1795329000", "unusual?at=1795329000",
        "query?kind=c&pattern=*&figure=sum&from=1795320000&to=1795323600&step=60",
        "heatmap?pattern=*&from=1795320000&to=1795323600&step=60",
        "export/prometheus",
    ]

    /// Goal: an integer is written with all its digits, whatever a reader makes of them; nothing here goes by way of a double.
    @Test("counts above 2^53 are told with all their digits", arguments: [(1 << 53) + 1, (1 << 62) + 1, Int64.max] as [Int64])
    func largeCounts(count: Int64) {
        var aggregate = Aggregate(sample: 1)
        aggregate.count = count
        let points = Series.points([MinutePoint(minute: Minute(0), aggregate: aggregate)], stepMinutes: 1)
        let json = String(decoding: StatusJSON.write(points, of: StatisticKey(.counter, "a"), stepMinutes: 1).bytes, as: UTF8.self)
        #expect(json.contains(#""cnt":\#(count),"#), "\(json)")
        // Merged, they stop at what an integer holds.
        let twice = Series.points(
            [MinutePoint(minute: Minute(0), aggregate: aggregate), MinutePoint(minute: Minute(1), aggregate: aggregate)],
            stepMinutes: 2)
        #expect(twice.map(\.aggregate.count) == [count.saturatingAdd(count)])
    }
}
