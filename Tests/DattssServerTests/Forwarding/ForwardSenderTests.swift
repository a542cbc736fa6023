import DattssTestSupport
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import DattssServer

/// Goal: whatever a target does with a batch, its sender says within the time limit whether it was taken, is in doubt, may come later or
/// never will be.
@Suite("Handing a batch over")
struct ForwardSenderTests {
    private static let batch: ForwardBatch = {
        var batch = ForwardBatch()
        batch.append(Array("stats.counters.hits.count 1 1790040720\n".utf8))
        return batch
    }()

    private static func kind(_ body: () async throws(ForwardProblem) -> Void) async -> ForwardProblem.Kind? {
        do throws(ForwardProblem) { try await body() } catch { return error.kind }
        return nil
    }

    // MARK: Requests

    private static func requests(_ port: Int, _ options: String = "") throws -> ForwardRequests {
        ForwardRequests(target: try #require(ForwardTarget("victoriametrics://127.0.0.1:\(port)\(options)")), timeoutSeconds: 1)
    }

    @Test("an answer says what becomes of a batch")
    func answers() async throws {
        let receiver = Receiver()
        try await receiver.start()
        let requests = try Self.requests(receiver.port)
        for (statuses, expected) in [
            ([200, 202, 204], nil), ([400, 409, 413, 415, 422], .refused),
            ([301, 307, 401, 403, 404, 405, 408, 429, 500, 502, 503, 504, 599], .later),
        ] as [([Int], ForwardProblem.Kind?)] {
            for status in statuses {
                receiver.set(.status(status, headers: "Retry-After: 1\r\nLocation: \(receiver.url)/elsewhere\r\n"))
                #expect(
                    await Self.kind { () throws(ForwardProblem) in try await requests.send(Self.batch) } == expected, "\(status)")
            }
        }
        #expect(
            receiver.requests.allSatisfy {
                $0.head.hasPrefix("POST /api/v1/import HTTP/1.1\r\n") && $0.body.utf8.elementsEqual(Self.batch.bytes)
            })
        try await receiver.stop()
    }

    /// What ends each of these is the limit of a second. How late a busy machine notices is not looked at.
    @Test(
        "no answer leaves a batch in doubt, and an answer without an end does not", .timeLimit(.minutes(10)), arguments: 0...4)
    func silence(_ number: Int) async throws {
        let manners: [(Receiver.Manner, ForwardProblem.Kind?)] = [
            (.hangs, .away), (.drips, .away), (.closes, .away), (.text("SSH-2.0-OpenSSH_9.2\r\n"), .away), (.endless, nil),
        ]
        let (manner, expected) = manners[number]
        let receiver = Receiver(manner)
        try await receiver.start()
        let requests = try Self.requests(receiver.port)
        #expect(await Self.kind { () throws(ForwardProblem) in try await requests.send(Self.batch) } == expected)
        try await receiver.stop()
    }

    @Test("credentials are what the first line of their file says at that moment")
    func credentials() async throws {
        let receiver = Receiver()
        try await receiver.start()
        let file = FileManager.default.temporaryDirectory.path + "/credentials-\(UUID().uuidString)"
        let basic = try Self.requests(receiver.port, "?basic-file=\(file)")
        let bearer = try Self.requests(receiver.port, "?bearer-file=\(file)")
        for (content, shown) in [
            ("ann:secret\n", "ann:secret"), ("ann:other\r\nmore\n", "ann:other"), ("ann:dé", "ann:dé"), ("", nil),
            ("\nann:secret", nil),
            ("ann:\u{7}", nil),
        ] {
            try Data(content.utf8).write(to: URL(fileURLWithPath: file))
            let before = receiver.requests.count
            let kinds = [
                await Self.kind { () throws(ForwardProblem) in try await basic.send(Self.batch) },
                await Self.kind { () throws(ForwardProblem) in try await bearer.send(Self.batch) },
            ]
            guard let shown else {
                #expect(kinds == [.later, .later] && receiver.requests.count == before, "\(content)")
                continue
            }
            #expect(kinds == [nil, nil])
            let heads = receiver.requests.suffix(2).map(\.head)
            #expect(heads[0].contains("\r\nAuthorization: Basic \(Data(shown.utf8).base64EncodedString())\r\n"), "\(heads[0])")
            #expect(heads[1].contains("\r\nAuthorization: Bearer \(shown)\r\n"), "\(heads[1])")
        }
        try FileManager.default.removeItem(atPath: file)
        let problem = await #expect(throws: ForwardProblem.self) { try await basic.send(Self.batch) }
        #expect(problem?.kind == .later && problem?.description == "\(file) cannot be read")
        try await receiver.stop()
    }

    // MARK: Connections

    /// A target of lines, which ends its half once the other has ended, or does something else.
    private final class LineTarget: Sendable {
        enum Manner: Sendable, CaseIterable {
            case takes, takesSlowly, readsNothing, neverEnds, answersForEver, closesAtOnce, resets
        }

        private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        private let seen = Seen()
        private let listening: any Channel

        init(_ manner: Manner, port: Int = 0) async throws {
            let seen = seen
            listening = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.autoRead, value: manner != .readsNothing)
                .childChannelInitializer { channel in
                    seen.channels.withLock { $0.append(channel) }
                    return channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            Handler(manner) { text in seen.text.withLock { $0 += text } })
                    }
                }
                .bind(host: "127.0.0.1", port: port).get()
        }

        /// What came, and over which connections.
        private final class Seen: Sendable {
            let text = Mutex("")
            let channels = Mutex<[any Channel]>([])
        }

        var received: String { seen.text.withLock(\.self) }
        var port: Int { listening.localAddress?.port ?? 0 }

        func stop() async throws {
            for channel in seen.channels.withLock(\.self) { try? await channel.close() }
            try await listening.close()
            try await group.shutdownGracefully()
        }

        private final class Handler: ChannelInboundHandler {
            typealias InboundIn = ByteBuffer
            typealias OutboundOut = ByteBuffer
            private let manner: Manner
            private let take: @Sendable (String) -> Void

            init(_ manner: Manner, _ take: @escaping @Sendable (String) -> Void) { (self.manner, self.take) = (manner, take) }

            func channelActive(context: ChannelHandlerContext) { if manner == .closesAtOnce { context.close(promise: nil) } }

            func channelRead(context: ChannelHandlerContext, data: NIOAny) {
                take(String(buffer: unwrapInboundIn(data)))
                guard manner == .resets else { return }
                // An end without what belongs to it: a process that was killed.
                _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                context.close(promise: nil)
            }

            func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
                guard let event = event as? ChannelEvent, case .inputClosed = event else { return }
                let (channel, bound) = (context.channel, NIOLoopBound(context, eventLoop: context.eventLoop))
                switch manner {
                case .takes: context.close(promise: nil)
                case .takesSlowly: context.eventLoop.scheduleTask(in: .milliseconds(300)) { bound.value.close(promise: nil) }
                case .answersForEver:
                    context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
                        guard channel.isActive else { return task.cancel() }
                        channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil)
                    }
                default: break
                }
            }
        }
    }

    @Test(
        "a target of lines has taken a batch when it ends its half", .timeLimit(.minutes(10)),
        arguments: LineTarget.Manner.allCases)
    private func lines(_ manner: LineTarget.Manner) async throws {
        let target = try await LineTarget(manner)
        let connections = ForwardConnections(try #require(ForwardTarget("graphite://127.0.0.1:\(target.port)")), timeoutSeconds: 1)
        var batch = Self.batch
        // More than fits into what the kernel keeps for who does not read.
        if manner == .readsNothing { batch.append([UInt8](repeating: UInt8(ascii: "x"), count: 32 << 20)) }
        let sent = batch
        let kind = await Self.kind { () throws(ForwardProblem) in try await connections.send(sent) }
        switch manner {
        case .takes, .takesSlowly:
            #expect(kind == nil)
            #expect(target.received.utf8.elementsEqual(Self.batch.bytes))
        case .readsNothing, .neverEnds, .answersForEver, .resets: #expect(kind == .away)
        // It may have taken all before it ended; nobody can tell, and the last minutes are sent again because it seems to have been started anew.
        case .closesAtOnce: #expect(kind == .away || connections.wasRestarted)
        }
        try await target.stop()
    }

    @Test("a target of lines that was started anew is noticed, once")
    func restart() async throws {
        let first = try await LineTarget(.takes)
        let port = first.port
        let connections = ForwardConnections(try #require(ForwardTarget("graphite://127.0.0.1:\(port)")), timeoutSeconds: 5)
        #expect(await Self.kind { () throws(ForwardProblem) in try await connections.send(Self.batch) } == nil)
        #expect(!connections.wasRestarted)
        try await first.stop()
        #expect(await Self.kind { () throws(ForwardProblem) in try await connections.send(Self.batch) } == .away)
        let second = try await LineTarget(.takes, port: port)
        #expect(connections.wasRestarted)
        #expect(await Self.kind { () throws(ForwardProblem) in try await connections.send(Self.batch) } == nil)
        #expect(!connections.wasRestarted)
        #expect(second.received.utf8.elementsEqual(Self.batch.bytes))
        try await second.stop()
    }
}
