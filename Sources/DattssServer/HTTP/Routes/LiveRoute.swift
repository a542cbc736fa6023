import DattssCore
import DattssPipeline
import Hummingbird
import Synchronization

extension Routes {
    /// `GET BASE/api/v1/live`: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    ///
    /// `status` carries what changed, everything the first time; `processes` all processes whenever one changes, and `beat`
    /// every other second that nothing changes. At most one of each a second. A reader that is slow gets fewer events, never fewer changes.
    func live(_ request: Request, _ context: Context) async throws -> Response {
        let user = try viewer(request, context).user
        let (seat, isConnected) = (feeds.seat(of: user), context.isConnected)
        let beginning = LiveBeginning(try await seat.feed.begin(isWanted: isConnected))
        return Response(
            status: .ok,
            // nginx keeps answers back until its buffer is full, unless it is told not to. Whoever hears nothing more is told so by the
            // end of the connection, too.
            headers: [
                .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .accelBuffering: "no",
                .connection: "close",
            ],
            body: ResponseBody { writer in
                // They end with the server, and with the reader's key or session.
                var turn = beginning.take()
                while let number = try await turn.take()?.write(to: &writer) {
                    guard let next = await seat.feed.next(after: number, isWanted: isConnected) else { break }
                    if (try? viewer(request, context)) != nil { turn = next }
                }
                try await writer.finish(nil)
            })
    }
}

/// Keeps a stream's first events until they are written, and not for as long as it lasts.
private final class LiveBeginning: Sendable {
    private let turn: Mutex<LiveFeed.Turn?>

    init(_ turn: LiveFeed.Turn) { self.turn = Mutex(turn) }

    func take() -> LiveFeed.Turn? {
        turn.withLock { turn in
            defer { turn = nil }
            return turn
        }
    }
}
