import NIOCore
import Synchronization

/// Runs Swift's tasks on an event loop, a moment at a time, and lets requests of the router begin in the same line, so that the
/// loop looks at its sockets in between.
///
/// An event loop goes on with what it is to execute as long as there is anything, and a task that is done mostly makes room for the
/// next one: hundreds of answers would be written, and thousands of requests begin, before anybody else is heard. So all that
/// others can cause waits in one line, first come, first served. Of it a slice is done, and then nothing until the loop has had time
/// for its sockets.
///
///     enqueue(job) ──►┐
///     take ──► false ─┴► waiting ──► a slice ──► a pause for the sockets ──► a slice …
///     take ──► true       nobody waits: the request begins at once
///
/// Connections prefer that of their own loop as the executor of their tasks (SE-0417), aggregators that of any.
final class LoopTurns: TaskExecutor {
    let eventLoop: any EventLoop
    private let slice: TimeAmount
    private let now: @Sendable () -> NIODeadline
    private let line = Mutex(Line())

    private enum Piece: Sendable {
        case job(UnownedJob)
        /// A connection that is told when a request of it may begin.
        case request(NIOLoopBound<RequestValve>)
    }

    private struct Line {
        var waiting = CircularBuffer<Piece>()
        /// Whether the loop is going to look at the line.
        var isDue = false
        var pause = Pause()
    }

    /// Decides whether there is another pause.
    struct Pause: Sendable {
        /// The last one ended too late to know anything, and the one before did not.
        private var wasLate = false

        /// A pause that ends late may have ended before the loop came to its sockets, because it was busy with what else there was:
        /// then there is another one, but not a third.
        /// - Returns: whether work goes on.
        mutating func ends(late: TimeAmount) -> Bool {
            wasLate = !wasLate && late > LoopTurns.pause
            return !wasLate
        }
    }

    /// What the loop does in one go, as long as no single job takes longer.
    static let slice = TimeAmount.microseconds(500)
    /// What is needed for the loop to come to its sockets, when it has nothing else to do.
    static let pause = TimeAmount.microseconds(50)

    /// - Parameter now: what the time is, for the length of a slice.
    init(on eventLoop: any EventLoop, slice: TimeAmount = slice, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        (self.eventLoop, self.slice, self.now) = (eventLoop, slice, now)
    }

    /// How much waits for its turn.
    var waitingCount: Int { line.withLock { $0.waiting.count } }

    func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    /// Belongs to the loop.
    /// - Returns: whether a request of this connection may begin now; if not, it is told by ``RequestValve/begin()``.
    func take(_ connection: RequestValve) -> Bool {
        let request = Piece.request(NIOLoopBound(connection, eventLoop: eventLoop))
        let isFirst = line.withLock { line in
            defer { line.isDue = true }
            if line.isDue { line.waiting.append(request) }
            return !line.isDue
        }
        if isFirst { runSoon() }
        return isFirst
    }

    private func add(_ piece: Piece) {
        let isFirst = line.withLock { line in
            line.waiting.append(piece)
            defer { line.isDue = true }
            return !line.isDue
        }
        if isFirst { runSoon() }
    }

    // MARK: Slices

    private func runSoon() { eventLoop.execute { self.run() } }

    private func run() {
        let end = now() + slice
        repeat {
            guard let piece = next() else { return }
            perform(piece)
        } while now() < end
        pause()
    }

    /// - Returns: nil when nothing waits, and the loop is not to come again.
    private func next() -> Piece? {
        line.withLock { line in
            let piece = line.waiting.popFirst()
            if piece == nil { line.isDue = false }
            return piece
        }
    }

    private func perform(_ piece: Piece) {
        switch piece {
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        case .request(let connection): connection.value.begin()
        }
    }

    private func pause() {
        let due = eventLoop.now + Self.pause
        eventLoop.scheduleTask(deadline: due) { self.pauseEnds(due) }
    }

    private func pauseEnds(_ due: NIODeadline) {
        let late = eventLoop.now - due
        if line.withLock({ $0.pause.ends(late: late) }) { run() } else { pause() }
    }
}

/// A ``LoopTurns`` for each event loop.
final class LoopTurnsOfLoops: Sendable {
    private let turns = Mutex<[ObjectIdentifier: LoopTurns]>([:])

    func turns(on eventLoop: any EventLoop) -> LoopTurns {
        turns.withLock { turns in
            if let known = turns[ObjectIdentifier(eventLoop)] { return known }
            let new = LoopTurns(on: eventLoop)
            turns[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }
}
