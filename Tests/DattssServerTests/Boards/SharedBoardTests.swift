import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import Synchronization
import Testing

@testable import DattssServer

/// Goal: whoever has a link sees what its board's plots mean, exactly, and nothing else; and a link that is no longer good cannot be told
/// from one that never was.
@Suite("The link to a board")
struct SharedBoardTests {
    private static let start = Timestamp(seconds: 1_790_040_720)
    private static let day: Int64 = 86_400_000
    private let server: LivingServer
    private let key: String

    init() async throws {
        server = try LivingServer(at: Self.start, LivingServer.Settings())
        _ = try server.parts.server.prepareLocalUser()
        key = try #require(server.parts.accounts.key(of: .local))
        let partials = [("shop.orders", 2.0), ("shop.returns", 5), ("secret", 7)].map {
            Partial(StatisticKey(.counter, $0.0), Aggregate(sample: $0.1))
        }
        let time = Partial(StatisticKey(.timer, "shop.time"), Aggregate(sample: 12))
        #expect(await server.parts.pipeline.ingest.submit(Batch(partials: partials + [time]), of: .local) == .accepted)
        // What is asked for is what minutes have that are over.
        let minute = server.clock.now().minute
        server.clock.set(minute.end.advanced(byMilliseconds: 10_000))
        try await server.lookAtClock()
        let pipeline = server.parts.pipeline
        #expect(try await eventually { pipeline.minutes.last.map { $0 >= minute } ?? false })
        try keep("Shop", ["q=c:shop.*;sum;top=1&vs=day", "q=ms:shop.time&draw=heatmap"])
        try keep("Other", ["q=c:secret"])
    }

    private var accounts: Accounts { server.parts.accounts }

    private func keep(_ name: String, _ addresses: [String], of user: UserID = .local) throws {
        let panels = addresses.map { Board.Panel(content: .plot(address: $0), title: "", width: .half) }
        let text = Board.Panel(content: .text("hello"), title: "", width: .full)
        try accounts.addBoard(Board(name: name, panels: panels + [text]), of: user, at: server.clock.now())
    }

    private func share(_ name: String = "Shop", days: Int64? = nil) throws -> (id: String, token: String) {
        let made = try accounts.shareBoard(name, of: .local, by: "ann", days: days, at: server.clock.now())
        return try #require(made.map { ($0.share.id, $0.token.text) })
    }

    private func ask(_ token: String?, _ path: String = "") async throws -> (status: Int, text: String) {
        let answer = try await server.request(.get, "/api/v1/shared" + path, key: token)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    private static let time = "from=1790040600&to=1790041200&step=10"
    private static let lines = "/panels/0/lines?\(time)"

    // MARK: What it shows

    @Test("answers what its user would be answered, of the plots of its board")
    func answers() async throws {
        let (_, token) = try share()
        let board = try await ask(token)
        #expect(board.status == 200 && board.text.contains(#""name":"Shop""#) && board.text.contains("q=c:shop.*;sum;top=1"))
        #expect(!board.text.contains("secret"))
        let lines = try await ask(token, Self.lines)
        let own = try await server.request(.get, "/api/v1/query?kind=c&pattern=shop.*&figure=sum&top=1&\(Self.time)", key: key)
        #expect(lines.status == 200 && own.status == 200 && lines.text == String(decoding: own.body, as: UTF8.self))
        #expect(
            lines.text.contains(#""series":[{"name":"shop.returns","values":[5]}]"#) && !lines.text.contains("orders"),
            "\(lines.text)")
        // The bands of a heatmap, and the percentiles over it.
        let bands = try await ask(token, "/panels/1/heatmap?\(Self.time)")
        #expect(bands.status == 200 && bands.text.contains(#""counts":[["#), "\(bands.text)")
        for query in 0...2 {
            let percentile = try await ask(token, "/panels/1/lines?query=\(query)&\(Self.time)")
            #expect(percentile.status == 200 && percentile.text.contains(#""values":[12]"#), "\(percentile.text)")
        }
    }

    @Test("compares with the days that its plot compares with, and with no other")
    func before() async throws {
        let (_, token) = try share()
        // A day later, what came the day before is all of it, also what is not the highest now.
        server.clock.advance(byMilliseconds: Self.day)
        let later = "from=1790127000&to=1790127600&step=10"
        let before = try await ask(token, "/panels/0/lines?before=1&\(later)")
        #expect(before.status == 200 && before.text.contains(#""from":1790040600"#), "\(before.text)")
        #expect(before.text.contains("shop.orders") && before.text.contains("shop.returns"))
        for query in ["before=2", "before=7"] { #expect(try await ask(token, "/panels/0/lines?\(query)&\(later)").status == 404) }
        #expect(try await ask(token, "/panels/0/lines?before=8&\(later)").status == 400)
        #expect(try await ask(token, "/panels/1/lines?before=1&\(later)").status == 404)
    }

    /// Goal: nothing that a visitor can say leads to another statistic than those of the board.
    @Test(
        "answers no question of the visitor's own",
        arguments: [
            ("/panels/0/lines?kind=c&pattern=secret&figure=sum&\(time)", 400), ("/panels/0/lines?pattern=**&\(time)", 400),
            ("/panels/0/lines?top=40&\(time)", 400), ("/panels/0/lines?address=q%3Dc:secret&\(time)", 400),
            ("/panels/0/lines?fold=merge&\(time)", 400), ("/panels/0/lines?by=n0&\(time)", 400), ("?board=Other", 400),
            ("/panels/1/heatmap?pattern=**&\(time)", 400), ("/panels/1/heatmap?bands=200&\(time)", 400),
            ("/panels/0/heatmap?\(time)", 404), ("/panels/2/lines?\(time)", 404), ("/panels/3/lines?\(time)", 404),
            ("/panels/-1/lines?\(time)", 404), ("/panels/x/lines?\(time)", 404), ("/panels/0/lines?query=1&\(time)", 404),
            ("/panels/0/lines?query=9&\(time)", 400), ("/panels/0/lines?version=0000000000000000&\(time)", 409),
            ("/panels/0/lines", 400), ("/panels/0/lines?from=5&to=4&step=1", 400),
            ("/panels/0/lines?from=0&to=1790041200&step=1", 422),
            ("/panels/%2e%2e/lines?\(time)", 404), ("/boards", 404), ("/query?\(time)", 404),
        ] as [(String, Int)])
    func questions(path: String, status: Int) async throws {
        let (_, token) = try share()
        let answer = try await ask(token, path)
        #expect(answer.status == status && !answer.text.contains("secret\""), "\(answer)")
        #expect(try await ask(token, Self.lines).status == 200)
    }

    /// Goal: a token is no key, and a key is no token.
    @Test("opens nothing but what is shared")
    func elsewhere() async throws {
        let (_, token) = try share()
        for path in ["status", "boards", "boards/Shop", "query?kind=c&pattern=**&figure=sum&\(Self.time)", "favourites", "session"]
        {
            #expect(try await server.request(.get, "/api/v1/\(path)", key: token).status == 401, "\(path)")
        }
        #expect(try await server.request(.get, "/api/v1/status?auth=\(token)").status == 401)
        for presented in [key, nil] { #expect(try await ask(presented).status == 404) }
        #expect(try await ask(nil, "?auth=\(token)").status == 404)
    }

    @Test("shows the board as it is then")
    func changes() async throws {
        let (_, token) = try share()
        let version = try #require(try accounts.board("Shop", of: .local)).version
        let counted = "\(Self.lines)&version=\(version)"
        #expect(try await ask(token, counted).status == 200)
        var board = try #require(try accounts.board("Shop", of: .local))
        board.panels.removeFirst()
        board.name = "Renamed"
        #expect(try accounts.replaceBoard("Shop", with: board, replacing: nil, of: .local, at: server.clock.now()) == .done)
        #expect(try await ask(token).text.contains(#""name":"Renamed""#))
        // What the plot showed that is gone is not shown any more; and no number leads to another plot unawares.
        #expect(try await ask(token, counted).status == 409)
        let lines = try await ask(token, Self.lines).text
        #expect(lines.contains(#""series":[{"name":"","values":[12]}]"#), "\(lines)")
    }

    @Test("tells the units of what its plots name, and of nothing else")
    func units() async throws {
        try keep("Units", ["q=c:shop.orders&q=c:shop.*"])
        for path in ["shop.orders", "shop.returns", "secret"] {
            #expect(try accounts.setUnit(.bytes, of: StatisticKey(.counter, path), user: .local) != nil)
        }
        let answer = try await ask(try share("Units").token)
        #expect(answer.text.contains(#""units":[{"typ":"c","pth":"shop.orders","unit":"bytes"}]"#), "\(answer.text)")
    }

    // MARK: Until when

    /// Goal: by no answer can it be told why a token opens nothing.
    @Test("that was revoked, is too old, or never was, is answered the same")
    func gone() async throws {
        let revoked = try share()
        let expired = try share(days: 1)
        let removed = try share("Other")
        let good = try share(days: 2)
        for one in [revoked, expired, removed, good] { #expect(try await ask(one.token).status == 200) }
        #expect(try accounts.revokeShare(revoked.id, ofBoard: "Shop", of: .local))
        #expect(try accounts.removeBoard("Other", replacing: nil, of: .local) == .done)
        // A board of the same name is another one.
        try keep("Other", ["q=c:secret"])
        server.clock.advance(byMilliseconds: Self.day - 1)
        #expect(try await ask(expired.token).status == 200)
        server.clock.advance(byMilliseconds: 1)
        let never = String(repeating: "0", count: 64)
        var answers: Set<String> = []
        for token in [revoked.token, expired.token, removed.token, never, "x", "", String(good.token.dropLast()), good.token + "0"]
        {
            for path in ["", Self.lines, "/panels/1/heatmap?\(Self.time)", "/panels/99/lines?\(Self.time)"] {
                // Those who ask too fast are answered late, and nobody moves the hands of the clock.
                server.clock.advance(byMilliseconds: 1000)
                let answer = try await ask(token, path)
                answers.insert("\(answer.status) \(answer.text)")
            }
        }
        #expect(answers.count == 1 && answers.first?.hasPrefix("404 ") == true, "\(answers)")
        #expect(try await ask(good.token).status == 200)
    }

    @Test("goes with its user, also when another user gets the name")
    func erasure() async throws {
        let ann = try #require(UserID("ann"))
        try accounts.add(ann, at: server.clock.now())
        try keep("Hers", ["q=c:a"], of: ann)
        let made = try #require(try accounts.shareBoard("Hers", of: ann, by: "ann", days: nil, at: server.clock.now()))
        #expect(try await ask(made.token.text).status == 200)
        try accounts.delete(ann, at: server.clock.now())
        #expect(try await ask(made.token.text).status == 404)
        try accounts.noteErased(ann, at: server.clock.now())
        try accounts.add(ann, at: server.clock.now())
        try keep("Hers", ["q=c:a"], of: ann)
        #expect(try await ask(made.token.text).status == 404)
    }

    @Test("that asks much too much has to wait, and others do not")
    func pace() async throws {
        let (first, second) = (try share(), try share())
        var statuses: [Int] = []
        while statuses.last != 429, statuses.count < 1100 { statuses.append(try await ask(first.token).status) }
        #expect(statuses.count == 1001 && statuses.dropLast().allSatisfy { $0 == 200 }, "\(statuses.count)")
        #expect(try await ask(second.token).status == 200)
        server.clock.advance(byMilliseconds: 1000)
        #expect(try await ask(first.token).status == 200)
    }

    @Test("is guessed slowly, and whoever has one does not wait for those who guess")
    func guesses() async throws {
        let folder = try TestFolder()
        let routes = try RoutesTests.routes(in: folder)
        let clock = try #require(routes.clock as? ManualClock)
        let ann = try #require(UserID("ann"))
        try routes.accounts.add(ann, at: clock.now())
        try routes.accounts.addBoard(Board(name: "A", panels: []), of: ann, at: clock.now())
        let token = try #require(try routes.accounts.shareBoard("A", of: ann, by: "ann", days: nil, at: clock.now())).token.text
        let responder = routes.makeRouter().buildResponder()
        func status(_ token: String) async throws -> Int {
            try await responder.answer(to: .get, "/api/v1/shared", key: token).status
        }
        let never = String(repeating: "0", count: 64)
        for _ in 0..<RefusalPace.promptPerSecond { #expect(try await status(never) == 404) }
        #expect(routes.web.refusals.lateCount == 0)
        let answered = Mutex(Int?.none)
        let late = Task {
            let status = try await responder.answer(to: .get, "/api/v1/shared", key: never).status
            answered.withLock { $0 = status }
        }
        #expect(try await eventually { routes.web.refusals.lateCount == 1 })
        #expect(try await status(token) == 200)
        #expect(answered.withLock { $0 } == nil)
        #expect(
            try await eventually {
                clock.advance(byMilliseconds: RefusalPace.delayMilliseconds)
                return answered.withLock { $0 } == 404
            })
        try await late.value
    }

    /// Goal: whoever reads the file of accounts has no link.
    @Test("is kept as a hash only, and noted to be used once a minute")
    func storage() async throws {
        let (id, token) = try share()
        let path = "\(server.folder.path)/accounts.sqlite"
        let file = try Data(contentsOf: URL(filePath: path))
        #expect(file.range(of: Data(token.utf8)) == nil)
        let bytes = try #require(AuthKeys.bytes(ofHexadecimal: token))
        #expect(file.range(of: Data(bytes)) == nil)
        func used() throws -> Timestamp? { try accounts.shares(ofBoard: "Shop", of: .local)?.first { $0.id == id }?.usedAt }
        #expect(try used() == nil)
        let first = server.clock.now()
        #expect(try await ask(token).status == 200 && used() == first)
        server.clock.advance(byMilliseconds: 59_999)
        #expect(try await ask(token).status == 200 && used() == first)
        server.clock.advance(byMilliseconds: 1)
        #expect(try await ask(token).status == 200 && used() == server.clock.now())
    }

    // MARK: Making it

    @Test("is made, listed and revoked by somebody who is signed in, each for their own boards")
    func making() async throws {
        let folder = try TestFolder()
        let routes = try RoutesTests.routes(in: folder)
        let responder = routes.makeRouter().buildResponder()
        var cookies: [String: HTTPFields] = [:]
        for name in ["ann", "bob"] {
            let user = try #require(UserID(name))
            try routes.accounts.add(user, at: routes.clock.now())
            let secret = try routes.accounts.signIn(user, Accounts.Visitor(address: "127.0.0.1", agent: ""), at: routes.clock.now())
            var fields: HTTPFields = [.cookie: "dattss_session=\(secret.text)"]
            fields[.changeToken] = routes.accounts.keys.changeToken(of: secret)
            cookies[name] = fields
        }
        func ask(_ method: HTTPRequest.Method, _ path: String, _ body: String = "", by name: String = "ann") async throws
            -> RoutedAnswer
        {
            try await responder.answer(to: method, "/api/v1/boards" + path, body: Array(body.utf8), headers: cookies[name] ?? [:])
        }
        #expect(try await ask(.post, "", #"{"name":"A","panels":[]}"#).status == 201)
        for (body, words) in [
            ("{}", "days: is missing"), (#"{"days":0}"#, "days: expected"), (#"{"days":1.5}"#, "days: expected"),
            (#"{"days":3651}"#, "days: expected"), (#"{"days":"1"}"#, "days:"), (#"{"for":1}"#, "for: is not known"),
        ] {
            let answer = try await ask(.post, "/A/shares", body)
            #expect(answer.status == 400 && answer.text.contains(words), "\(answer.text)")
        }
        let made = try await ask(.post, "/A/shares", #"{"days":30}"#)
        let share = try #require(try JSONSerialization.jsonObject(with: Data(made.body)) as? [String: Any])
        let link = try #require(share["link"] as? String)
        #expect(made.status == 201 && link.contains("/shared#") && share["by"] as? String == "ann")
        #expect(share["expiresAt"] as? Int64 == routes.clock.now().seconds + 30 * 86_400)
        let list = try await ask(.get, "/A/shares")
        let token = try #require(link.split(separator: "#").last)
        #expect(list.status == 200 && list.text.contains(#""by":"ann""#) && !list.text.contains(token))
        let id = try #require(share["id"] as? String)
        for (method, path) in [(.get, "/A/shares"), (.post, "/A/shares"), (.delete, "/A/shares/\(id)")]
            as [(HTTPRequest.Method, String)]
        {
            #expect(try await ask(method, path, #"{"days":1}"#, by: "bob").status == 404, "\(method)")
        }
        for _ in 1..<Accounts.BoardShare.perBoardMax { #expect(try await ask(.post, "/A/shares", #"{"days":null}"#).status == 201) }
        #expect(try await ask(.post, "/A/shares", #"{"days":1}"#).status == 409)
        #expect(try await ask(.delete, "/A/shares/\(id)").status == 204)
        #expect(try await ask(.delete, "/A/shares/\(id)").status == 404)
        #expect(try await ask(.post, "/A/shares", #"{"days":1}"#).status == 201)
    }
}
