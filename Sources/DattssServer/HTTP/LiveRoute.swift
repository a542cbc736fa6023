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
        let seat = feeds.seat(of: user)
        let events = LiveEvents(seat: seat, first: try await seat.feed.begin(unsent)) {
            (try? viewer(request, context)) != nil
        }
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
    let first: LiveFeed.Turn
    let isAllowed: @Sendable () -> Bool

    func makeAsyncIterator() -> Iterator { Iterator(seat: seat, first: first, isAllowed: isAllowed) }

    struct Iterator: AsyncIteratorProtocol {
        let seat: LiveFeeds.Seat
        let isAllowed: @Sendable () -> Bool
        private var told: LiveFeed.Turn
        /// What is left of it, piece by piece: a piece is asked for when the one before has left.
        private var rest: ByteBuffer

        init(seat: LiveFeeds.Seat, first: LiveFeed.Turn, isAllowed: @escaping @Sendable () -> Bool) {
            (self.seat, self.isAllowed, told, rest) = (seat, isAllowed, first, first.bytes)
        }

        mutating func next() async throws -> ByteBuffer? {
            if rest.readableBytes == 0 {
                guard let turn = await seat.feed.next(after: told), isAllowed() else { return nil }
                (told, rest) = (turn, turn.bytes)
            }
            return rest.readSlice(length: Swift.min(rest.readableBytes, AnswerBudget.pieceBytes))
        }
    }
}
