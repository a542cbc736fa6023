import DattssCore
import DattssPipeline
import Hummingbird
import NIOCore

extension Routes {
    /// `GET BASE/api/v1/live`: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
    ///
    /// `status` carries what changed, everything the first time; `processes` all processes whenever one changes. At most one
    /// of each a second. A reader that is slow gets fewer events, never fewer changes.
    func live(_ request: Request, _ context: Context) async throws -> Response {
        let user = try viewer(request, context).user
        let events = LiveEvents(seat: feeds.seat(of: user)) { (try? viewer(request, context)) != nil }
        return Response(
            status: .ok,
            // nginx keeps answers back until its buffer is full, unless it is told not to.
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store", .accelBuffering: "no"],
            body: ResponseBody(asyncSequence: events))
    }
}

/// The events of one reader, a second apart. They end with the server, and with the reader's key or session.
private struct LiveEvents: AsyncSequence, Sendable {
    let seat: LiveFeeds.Seat
    let isAllowed: @Sendable () -> Bool

    func makeAsyncIterator() -> Iterator { Iterator(seat: seat, isAllowed: isAllowed) }

    struct Iterator: AsyncIteratorProtocol {
        let seat: LiveFeeds.Seat
        let isAllowed: @Sendable () -> Bool
        private var told: LiveFeed.Turn?

        init(seat: LiveFeeds.Seat, isAllowed: @escaping @Sendable () -> Bool) {
            (self.seat, self.isAllowed) = (seat, isAllowed)
        }

        mutating func next() async throws -> ByteBuffer? {
            guard let before = told else {
                told = await seat.feed.begin()
                return told?.bytes
            }
            guard let turn = await seat.feed.next(after: before), isAllowed() else { return nil }
            told = turn
            return turn.bytes
        }
    }
}
