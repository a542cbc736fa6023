import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Testing

@testable import DattssServer

/// Goal: however many requests have arrived, an event loop begins few of them before it looks at its sockets again, and whoever
/// asks for little does not wait for all that others have written ahead.
@Suite("Turns of requests")
struct RequestTurnsTests {
    private let eventLoop = EmbeddedEventLoop()
    private let turns: RequestTurns
    private let uploads = ByteBudget(bytesMax: 10_000_000)

    init() { turns = RequestTurns(on: eventLoop) }

    private func connect() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: eventLoop)
        let requests = FastPathChannel.Deadlines(seconds: 15).request
        let heads = HeadWatch()
        try channel.pipeline.syncOperations.addHandlers([
            RequestValve(requests, turns: turns, uploads: uploads), HTTPResponseEncoder(),
            ByteToMessageHandler(RequestDecoder(limits: .init(), heads: heads)), heads, HTTP1ToHTTPServerCodec(secure: false),
            requests,
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    /// As long as a request is: only one fits into what the valve passes on at a time.
    private static let padding = String(repeating: "p", count: RequestValve.pieceBytes)

    private func ask(_ channel: EmbeddedChannel, times: Int) throws {
        let request = "GET / HTTP/1.1\r\nHost: x\r\nX-Padding: \(Self.padding)\r\n\r\n"
        try channel.writeInbound(ByteBuffer(string: String(repeating: request, count: times)))
    }

    /// Answers what has begun, and what that makes room for, without the loop having time for anything else.
    /// - Returns: how many requests of each connection.
    private func answer(_ channels: [EmbeddedChannel]) throws -> [Int] {
        var counts = channels.map { _ in 0 }
        var isDone = false
        while !isDone {
            isDone = true
            for (number, channel) in channels.enumerated() {
                while let part = try channel.readInbound(as: HTTPRequestPart.self) {
                    guard case .end = part else { continue }
                    (counts[number], isDone) = (counts[number] + 1, false)
                    let head = HTTPResponse(status: .ok, headerFields: [.contentLength: "0"])
                    try channel.writeOutbound(HTTPResponsePart.head(head))
                    try channel.writeOutbound(HTTPResponsePart.end(nil))
                }
            }
        }
        return counts
    }

    @Test("few begin before the loop has time, of all connections together, and in the end all have begun")
    func few() throws {
        let channels = try (0..<20).map { _ in try connect() }
        for channel in channels { try ask(channel, times: 10) }
        var counts = channels.map { _ in 0 }
        for round in 0..<100 where counts.reduce(0, +) < 200 {
            let more = try answer(channels)
            #expect(more.reduce(0, +) <= RequestTurns.Pace.atOnceMax, "round \(round)")
            counts = zip(counts, more).map(+)
            // Connections take turns.
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= RequestTurns.Pace.atOnceMax)
            eventLoop.advanceTime(by: RequestTurns.Pace.pause)
        }
        #expect(counts == channels.map { _ in 10 })
        eventLoop.advanceTime(by: RequestTurns.Pace.pause * 4)
        #expect(turns.waitingCount == 0 && uploads.use == (0, 0))
    }

    @Test("one who asks once waits for a turn of each other, and not for what they have written ahead")
    func one() throws {
        let flood = try (0..<12).map { _ in try connect() }
        for channel in flood { try ask(channel, times: 500) }
        _ = try answer(flood)
        let other = try connect()
        try ask(other, times: 1)
        var rounds = 0
        while try answer(flood + [other]).last == 0 {
            rounds += 1
            try #require(rounds < 100)
            eventLoop.advanceTime(by: RequestTurns.Pace.pause)
        }
        #expect(rounds <= 2)
    }

    @Test("a connection that ends while it waits takes nobody's turn for long")
    func gone() throws {
        let channels = try (0..<40).map { _ in try connect() }
        for channel in channels { try ask(channel, times: 1) }
        for channel in channels[8..<39] { try channel.close().wait() }
        for _ in 0..<6 { eventLoop.advanceTime(by: RequestTurns.Pace.pause) }
        #expect(try answer(Array(channels[..<8])) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try answer([channels[39]]) == [1])
        #expect(turns.waitingCount == 0)
    }

    @Test("a pause that ends late is followed by another, which is the last however late it is")
    func late() {
        var pace = RequestTurns.Pace()
        let most = RequestTurns.Pace.atOnceMax
        let begun = (0...most).map { _ in pace.begin() }
        #expect(begun == Array(repeating: true, count: most) + [false])
        let steps = [50, 50, 50, 0, 0].map { (late: Int64) in (pace.pauseEnds(late: .milliseconds(late)), pace.begin()) }
        #expect(steps.map(\.0) == [false, true, false, true, true])
        // The rest of what was left before the second late one may still begin.
        #expect(steps.map(\.1) == [false, true, true, true, true])
    }
}
