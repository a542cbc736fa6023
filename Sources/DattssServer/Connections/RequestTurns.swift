import NIOCore
import Synchronization

/// Lets requests of the router begin a few at a time, so that their event loop looks at its sockets in between.
///
/// An event loop goes on with tasks as long as there are any, and a request that is answered makes room for the next one of its
/// connection, which is a task again: of a sender who does not wait for answers, and of many who do, thousands would be answered
/// before anybody else is heard. So of all connections together only few requests begin until the loop has had time for its sockets;
/// the others wait in the order in which they came, one of each connection.
///
///     take ──► true        few have begun since the loop had time
///          ──► false       the connection is told when it is its turn: ``RequestValve/begin()``
///
/// Belongs to its event loop.
final class RequestTurns {
    private let eventLoop: any EventLoop
    private var waiting = CircularBuffer<RequestValve>()
    private var pace = Pace()
    private var isPausing = false

    /// How many begin between two pauses, and when they may begin anew.
    struct Pace {
        private var left = atOnceMax
        private var wasLate = false

        /// Together they take about a millisecond.
        static let atOnceMax = 8
        static let pause = TimeAmount.microseconds(500)

        /// - Returns: whether one more may begin.
        mutating func begin() -> Bool {
            guard left > 0 else { return false }
            left -= 1
            return true
        }

        /// The pause is over.
        /// - Parameter late: by how much later than it should be. Then what has begun keeps the loop busy, which may not have come
        ///   to its sockets.
        /// - Returns: whether others may begin; if not, there is another pause, but not a third.
        mutating func pauseEnds(late: TimeAmount) -> Bool {
            wasLate = !wasLate && late > Self.pause
            if wasLate { return false }
            left = Self.atOnceMax
            return true
        }
    }

    init(on eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// How many connections wait for their turn.
    var waitingCount: Int { waiting.count }

    /// - Returns: whether a request of this connection may begin now.
    func take(_ connection: RequestValve) -> Bool {
        if !isPausing { pause() }
        if waiting.isEmpty, pace.begin() { return true }
        waiting.append(connection)
        return false
    }

    private func pause() {
        isPausing = true
        let (bound, due) = (NIOLoopBound(self, eventLoop: eventLoop), eventLoop.now + Pace.pause)
        eventLoop.scheduleTask(deadline: due) { bound.value.goOn(due) }
    }

    private func goOn(_ due: NIODeadline) {
        isPausing = false
        guard pace.pauseEnds(late: eventLoop.now - due) else { return pause() }
        guard !waiting.isEmpty else { return }
        pause()
        while !waiting.isEmpty, pace.begin() { waiting.removeFirst().begin() }
    }
}

/// A ``RequestTurns`` for each event loop.
final class RequestTurnsOfLoops: Sendable {
    private let turns = Mutex<[ObjectIdentifier: NIOLoopBound<RequestTurns>]>([:])

    /// Called on that loop.
    func turns(on eventLoop: any EventLoop) -> RequestTurns {
        let bound = turns.withLock { turns in
            if let known = turns[ObjectIdentifier(eventLoop)] { return known }
            let new = NIOLoopBound(RequestTurns(on: eventLoop), eventLoop: eventLoop)
            turns[ObjectIdentifier(eventLoop)] = new
            return new
        }
        return bound.value
    }
}
