import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import DattssQuery
@testable import DattssServer

/// Goal: whoever asks what else moved is told what is wrong with the question, by name; and nothing is worked out for who may not know, or
/// has gone.
@Suite("What else moved, over HTTP")
struct MovedRouteTests {
    private let folder: TestFolder
    private let routes: Routes
    private let key: String

    init() throws {
        folder = try TestFolder()
        routes = try RoutesTests.routes(limits: Limits(), in: folder)
        let ann = try #require(UserID("ann"))
        try routes.accounts.add(ann, at: routes.clock.now())
        key = try #require(routes.accounts.key(of: ann))
    }

    private func get(_ query: String, key: String? = nil) async throws -> (status: Int, text: String) {
        let answer = try await routes.makeRouter().buildResponder()
            .answer(to: .get, "/api/v1/moved?\(query)", key: key ?? self.key)
        return (answer.status, answer.text)
    }

    @Test(
        "a question that cannot be answered is refused by name",
        arguments: [
            ("", 400, "the baseline: hardly anything was sent in it"),
            ("from=0&to=60", 422, "a window of 1 minute: expected 5 to 1440"),
            ("from=0&to=240", 422, "a window of 4 minutes"), ("from=0&to=86460", 422, "a window of 1441 minutes"),
            ("from=0&to=900000000", 422, "the limit of minutes"), ("from=6000&to=6000", 400, "the range is empty"),
            ("from=9000000000&to=9000000900", 400, "is not over"), ("from=x", 400, "from"),
            ("baseline=never", 400, "baseline: is 'never'"),
            ("tz=Mars", 400, "tz: there is no time zone 'Mars'"), ("kind=x", 400, "kind: is 'x'"), ("pattern=shop**", 400, "**"),
            ("timers=last", 400, "timers: is 'last'"), ("timers=p50,p50", 400, "timers: is"),
            ("timers=p50,top,p95", 400, "one or two of"),
            ("timers=", 400, "timers: is ''"), ("gauges=top", 400, "gauges: is 'top', expected average or last"),
            ("limit=0", 400, "limit: is '0'"), ("limit=501", 400, "from 1 to 500"),
        ])
    func refusals(query: String, status: Int, words: String) async throws {
        let answer = try await get(query)
        #expect(answer.status == status && answer.text.contains(words), "\(query): \(answer)")
    }

    @Test("a question without a key is not worked out, nor one of a connection that is gone")
    func strangers() async throws {
        #expect(try await get("", key: "ann.wrong").status == 401)
        #expect(routes.pipeline.queries.counts.begun == 0)
        var head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/api/v1/moved")
        head.headerFields[.authorization] = "Bearer \(key)"
        let context = ServerContext(
            source: ApplicationRequestContextSource(channel: NIOAsyncTestingChannel(), logger: Logger(label: "test")))
        let answer = try await routes.makeRouter().buildResponder()
            .respond(to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), context: context)
        #expect(answer.status == .serviceUnavailable && routes.pipeline.queries.counts.abandoned == 1)
    }

    @Test("an answer has the digits of the numbers, and null where there is none")
    func json() throws {
        let question = try MoveQuestion(
            try MoveLayout(Minute(1000)..<Minute(1005), against: .before, in: try NamedTimeZone("UTC")), limit: 1)
        let move = Move(
            change: .silent, score: 12.3456, before: 0.1, after: nil, began: 60, ended: 67, isEarlier: false)
        let moved = MoveAnswer.Moved(
            key: StatisticKey(.timer, "t"), figure: .top, move: move, began: Minute(998), ended: nil,
            values: [0.1, .nan, 16_777_216])
        let answer = MoveAnswer(moved: [moved], movedCount: 3, comparedCount: 7)
        let json = String(decoding: MovedJSON.write(answer, question).bytes, as: UTF8.self)
        #expect(
            json == #"{"from":60000,"to":60300,"step":1,"baseline":[{"from":56280,"to":59880}],"compared":7,"of":3,"#
                + #""drawing":{"from":56280,"step":1},"moved":[{"typ":"ms","pth":"t","figure":"top","change":"silent","score":12.35,"#
                + #""before":0.1,"after":null,"ratio":null,"began":59880,"ended":null,"earlier":false,"values":[0.1,null,16777216]}]}"#,
            "\(json)")
    }
}
