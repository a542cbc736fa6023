import DattssCore
import DattssPipeline
import Hummingbird
import NIOCore
import ServiceLifecycle

extension Routes {
    /// `GET /api/v1/live`: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    ///
    /// `status` carries what changed, everything the first time; `processes` all processes whenever one changes. At most one
    /// of each a second. A reader that is slow gets fewer events, never fewer changes.
    func live(_ request: Request, _ context: Context) async throws -> Response {
        let user = try viewer(request, context).user
        let events = LiveEvents(
            stream: LiveStream(reader: pipeline.queries.live(of: user), processes: processes, user: user), clock: clock,
            isAllowed: { (try? viewer(request, context)) != nil })
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(asyncSequence: events))
    }
}

/// The events of one reader, a second apart. They end with the server and with the reader's key or session, not only with the
/// reader.
private struct LiveEvents: AsyncSequence, Sendable {
    let stream: LiveStream
    let clock: any WallClock
    let isAllowed: @Sendable () -> Bool

    func makeAsyncIterator() -> Iterator { Iterator(stream: stream, clock: clock, isAllowed: isAllowed) }

    struct Iterator: AsyncIteratorProtocol {
        private var stream: LiveStream
        private let clock: any WallClock
        private let isAllowed: @Sendable () -> Bool
        private var isFirst = true

        init(stream: LiveStream, clock: any WallClock, isAllowed: @escaping @Sendable () -> Bool) {
            self.stream = stream
            self.clock = clock
            self.isAllowed = isAllowed
        }

        mutating func next() async throws -> ByteBuffer? {
            if !isFirst {
                let clock = clock
                do {
                    try await cancelWhenGracefulShutdown {
                        try await clock.sleep(until: clock.now().advanced(byMilliseconds: 1000))
                    }
                } catch is CancellationError {
                    return nil
                }
                guard isAllowed() else { return nil }
            }
            isFirst = false
            return ByteBuffer(bytes: await stream.next())
        }
    }
}

/// What one reader of `/api/v1/live` has been told.
struct LiveStream: Sendable {
    private var reader: LiveReader
    private let processes: ProcessRegistry
    private let user: UserID
    private var toldProcesses: [ProcessRegistry.Process]?
    private var isFirst = true
    private var quietTurns = 0

    private static let quietTurnsMax = 15

    init(reader: LiveReader, processes: ProcessRegistry, user: UserID) {
        self.reader = reader
        self.processes = processes
        self.user = user
    }

    /// The events since the last call; now and then a comment, so that a proxy sees that the stream is alive.
    mutating func next() async -> [UInt8] {
        var bytes: [UInt8] = []
        let (at, statistics) = await reader.next()
        if isFirst || !statistics.isEmpty {
            Self.append("status", StatusJSON.write(statistics, at: at), to: &bytes)
        }
        let processes = processes.processes(of: user)
        if toldProcesses.map({ Self.differ($0, processes) }) ?? true {
            Self.append("processes", StatusJSON.write(processes), to: &bytes)
            toldProcesses = processes
        }
        isFirst = false
        quietTurns = bytes.isEmpty ? quietTurns + 1 : 0
        if quietTurns >= Self.quietTurnsMax {
            quietTurns = 0
            bytes += ":\n\n".utf8
        }
        return bytes
    }

    /// That a process was seen again is no news.
    private static func differ(_ a: [ProcessRegistry.Process], _ b: [ProcessRegistry.Process]) -> Bool {
        a.count != b.count
            || zip(a, b).contains {
                $0.name != $1.name || $0.isUp != $1.isUp || $0.isStopping != $1.isStopping || $0.since != $1.since
            }
    }

    private static func append(_ event: String, _ json: JSONWriter, to bytes: inout [UInt8]) {
        bytes += "event: \(event)\ndata: ".utf8
        bytes += json.bytes
        bytes += "\n\n".utf8
    }
}
