import DattssCore
import DattssPipeline
import NIOCore
import Synchronization

/// What one event loop takes in: batches are decided on as they are read, and go to the log together at the end of the
/// loop's turn, when everything that had arrived is read, but not before those are answered that went before them
/// (``GroupFlight``). The busier the loop, the more share a hop to the log and back.
///
/// Belongs to its loop, with what is worth keeping from one body to the next.
final class AggregateIntake {
    let endpoint: AggregateEndpoint
    let exports: ExportIntake
    private let eventLoop: any EventLoop
    private let readers: BodyReaders
    private let decompressor = BodyDecompressor()
    private var paths: NameCache
    private var group = BatchGroup()
    /// Whose batches are in the group.
    private var senders: [AggregateFastPath] = []
    private var flight = GroupFlight()

    init(_ endpoint: AggregateEndpoint, on eventLoop: any EventLoop, names: SharedNames, readers: BodyReaders) {
        (self.endpoint, self.eventLoop, self.readers) = (endpoint, eventLoop, readers)
        paths = NameCache(names)
        exports = ExportIntake(endpoint, on: eventLoop)
    }

    /// What becomes of a body.
    enum Outcome {
        /// The answer is known at once.
        case answered(IngestAnswer)
        /// The fast path is told later, by ``AggregateFastPath/finish(_:at:)``.
        case answeredLater
        /// Nothing was done: to read it would take too long, see ``takeAside(_:_:_:for:)``.
        case isDear
    }

    /// Takes in a body, if it is soon read.
    func take(_ body: UnsafeRawBufferPointer, _ head: AggregateEndpoint.Head, for sender: AggregateFastPath) -> Outcome {
        if DecodingPool.isDear(batchBytes: body.count, head.encoding) { return .isDear }
        do throws(WireError) {
            let batch = try endpoint.batch(
                body, head, decompressor, paths: &paths, contentMax: DecodingPool.batchBytesMin)
            guard let batch else { return .isDear }
            let isFirst = group.isEmpty
            switch endpoint.ingest.admit(batch, of: head.user, into: &group) {
            case .answered(let answer): return .answered(answer)
            case .copyOfPending(let first): answerLater(first, sender)
            case .grouped:
                senders.append(sender)
                if group.isFull { write() } else if isFirst, flight.isOver { writeAfterThisTurn() }
            }
            return .answeredLater
        } catch {
            return .answered(.refused(error))
        }
    }

    /// Takes in a body that is dear to read, away from the event loop and when it is its user's turn. The fast path is told later,
    /// and what is decided on meanwhile is that of other connections.
    /// - Parameter share: what the body counts for until it is read.
    func takeAside(_ body: ByteBuffer, _ head: AggregateEndpoint.Head, _ share: ByteBudget.Share, for sender: AggregateFastPath) {
        let (bound, eventLoop, endpoint, readers) = (
            NIOLoopBound(sender, eventLoop: eventLoop), eventLoop, endpoint, readers
        )
        let answer: @Sendable (IngestAnswer) -> Void = { answer in
            eventLoop.execute { bound.value.finish(.batch(answer), at: .now()) }
        }
        endpoint.decoding.start(of: head.user, cost: DecodingPool.cost(of: body.readableBytes, head.encoding)) {
            readers.withOne { decompressor, paths in
                body.withUnsafeReadableBytes { endpoint.take($0, head, decompressor, paths: &paths, answer: answer) }
            }
            share.shrink()
        } onRefusal: { error in
            share.shrink()
            answer(.refused(error))
        }
    }

    /// What is executed on a loop from within runs when it has handled all that it was woken for.
    private func writeAfterThisTurn() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { bound.value.writeUnlessUnderWay() }
    }

    /// What has gathered goes with the end of the flight else.
    private func writeUnlessUnderWay() {
        if flight.isOver { write() }
    }

    private func write() {
        guard !group.isEmpty else { return }
        flight.begin()
        let (group, bound, eventLoop) = (group, NIOLoopBound((self, senders), eventLoop: eventLoop), eventLoop)
        self.group = BatchGroup()
        senders = []
        endpoint.ingest.submit(group) { answer in
            eventLoop.execute {
                let (intake, senders) = bound.value
                intake.answered()
                let now = NIODeadline.now()
                for sender in senders { sender.finish(.batch(answer), at: now) }
            }
        }
    }

    /// The log works on the next ones while these are told.
    private func answered() {
        flight.end()
        writeUnlessUnderWay()
    }

    private func answerLater(_ first: FirstCopy, _ sender: AggregateFastPath) {
        let (bound, eventLoop) = (NIOLoopBound(sender, eventLoop: eventLoop), eventLoop)
        Task {
            let answer = await first.answer()
            eventLoop.execute { bound.value.finish(.batch(answer), at: .now()) }
        }
    }
}

/// An ``AggregateIntake`` for each event loop.
final class AggregateIntakes: Sendable {
    private let endpoint: AggregateEndpoint
    private let names: SharedNames
    private let readers: BodyReaders
    private let intakes = Mutex<[ObjectIdentifier: NIOLoopBound<AggregateIntake>]>([:])

    init(_ endpoint: AggregateEndpoint) {
        self.endpoint = endpoint
        names = SharedNames()
        readers = BodyReaders(names)
    }

    /// Called on that loop.
    func intake(on eventLoop: any EventLoop) -> AggregateIntake {
        let bound = intakes.withLock { intakes in
            if let known = intakes[ObjectIdentifier(eventLoop)] { return known }
            let new = NIOLoopBound(AggregateIntake(endpoint, on: eventLoop, names: names, readers: readers), eventLoop: eventLoop)
            intakes[ObjectIdentifier(eventLoop)] = new
            return new
        }
        return bound.value
    }
}
