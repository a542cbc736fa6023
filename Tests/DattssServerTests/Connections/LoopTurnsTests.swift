import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization
import Testing

@testable import DattssServer

/// Goal: however many requests have arrived, and however many tasks there are, an event loop begins few of them before it looks at its
/// sockets again, and whoever asks for little does not wait for all that others have written ahead.
@Suite("Turns on an event loop")
struct LoopTurnsTests {
    private let eventLoop = EmbeddedEventLoop()
    private let turns: LoopTurns
    private let uploads = ByteBudget(bytesMax: 10_000_000)

    /// As many fit into a slice, by a clock that only goes on when it is looked at.
    private static let inSlice = 8

    init() {
        let looks = Mutex<Int64>(0)
        turns = LoopTurns(on: eventLoop, slice: .nanoseconds(Int64(Self.inSlice))) {
            looks.withLock { looks in
                looks += 1
                return .uptimeNanoseconds(UInt64(looks))
            }
        }
    }

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
            #expect(more.reduce(0, +) <= 2 * Self.inSlice, "round \(round)")
            counts = zip(counts, more).map(+)
            // Connections take turns, also in being answered here.
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= Self.inSlice)
            goOn()
        }
        #expect(counts == channels.map { _ in 10 })
        goOn()
        #expect(turns.waitingCount == 0 && uploads.use == (0, 0))
    }

    /// The loop comes to its sockets, and then does one slice more (and one before, if it had none to do).
    private func goOn() { eventLoop.advanceTime(by: LoopTurns.pause) }

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
            goOn()
        }
        #expect(rounds <= 3)
    }

    @Test("a connection that ends while it waits takes nobody's turn")
    func gone() throws {
        let channels = try (0..<40).map { _ in try connect() }
        for channel in channels { try ask(channel, times: 1) }
        for channel in channels[8..<39] { try channel.close().wait() }
        for _ in 0..<6 { goOn() }
        #expect(try answer(Array(channels[..<8])) == [1, 1, 1, 1, 1, 1, 1, 1])
        #expect(try answer([channels[39]]) == [1])
        #expect(turns.waitingCount == 0)
    }

    @Test("of many tasks a slice is done, then the loop has time, and each is done once in the order in which they came")
    func tasks() {
        let done = Done()
        for number in 0..<50 { Task(executorPreference: turns) { done.numbers.withLock { $0.append(number) } } }
        eventLoop.run()
        #expect(done.count == Self.inSlice)
        // As long as the pause lasts, nothing more is done, whatever else the loop has to do.
        for _ in 0..<5 {
            eventLoop.execute {}
            eventLoop.run()
        }
        #expect(done.count == Self.inSlice)
        for slice in 2...7 {
            goOn()
            #expect(done.count == min(50, slice * Self.inSlice))
        }
        #expect(done.numbers.withLock { $0 } == Array(0..<50))
        #expect(turns.waitingCount == 0)
    }

    @Test("a task that lets others in comes behind those that wait, and tasks are begun anew when all are done")
    func yields() {
        let done = Done()
        Task(executorPreference: turns) {
            await withCheckedContinuation { continuation in
                Task(executorPreference: turns) {
                    done.numbers.withLock { $0.append(2) }
                    continuation.resume()
                }
            }
            done.numbers.withLock { $0.append(3) }
        }
        Task(executorPreference: turns) { done.numbers.withLock { $0.append(1) } }
        eventLoop.run()
        #expect(done.numbers.withLock { $0 } == [1, 2, 3])
        Task(executorPreference: turns) { done.numbers.withLock { $0.append(4) } }
        eventLoop.run()
        #expect(done.numbers.withLock { $0 } == [1, 2, 3, 4])
    }

    @Test("a large answer, of which the connection takes each piece at once, lets others in between its pieces")
    func answers() {
        let done = Done()
        for answer in 1...2 {
            Task(executorPreference: turns) {
                var writer: any ResponseBodyWriter = NeverFull { done.numbers.withLock { $0.append(answer) } }
                try await writer.writeInPieces(ByteBuffer(repeating: 0, count: 3 * AnswerBudget.pieceBytes))
            }
        }
        eventLoop.run()
        goOn()
        #expect(done.numbers.withLock { $0 } == [1, 2, 1, 2, 1, 2])
    }

    @Test("a pause that ends late is followed by another, which is the last however late it is")
    func late() {
        var pause = LoopTurns.Pause()
        let goesOn = [50, 50, 50, 0, 0, 50].map { (late: Int64) in pause.ends(late: .milliseconds(late)) }
        #expect(goesOn == [false, true, false, true, true, false])
    }

    /// Takes whatever is written, without a wait.
    private struct NeverFull: ResponseBodyWriter {
        let wrote: @Sendable () -> Void

        mutating func write(_ buffer: ByteBuffer) async throws { wrote() }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private final class Done: Sendable {
        let numbers = Mutex<[Int]>([])
        var count: Int { numbers.withLock { $0.count } }
    }
}
