import DattssCore
import DattssPipeline
import Synchronization

/// Does dear work on bodies on threads of its own, so that the event loops go on answering others: a few at a time, and the users who
/// wait by turns, by the bytes that they send (``TurnQueue``).
///
///     ann: ▮▮▮▮  ─┐
///     bob: ▮      ├─► ann, bob, cid, ann, cid, ann …  ─► at most `width` at once
///     cid: ▮▮    ─┘
///
/// The threads are of a lower priority than the event loops: on processors that are all busy, whoever sends little comes first.
final class DecodingPool: Sendable {
    private let queue: Mutex<TurnQueue<Work>>
    private let threads: QueryThreads

    private struct Work: Sendable {
        let user: UserID
        let body: @Sendable () -> Void
    }

    /// An export of fewer bytes, not compressed, is decoded in less time than it takes to hand it over.
    static let exportBytesMin = 8192
    /// A batch of fewer bytes keeps nobody waiting: one of less content, if it is compressed.
    static let batchBytesMin = 32_768
    /// A compressed one of more bytes has more content than that.
    private static let compressedBytesMin = 4096
    /// What a compressed body costs at least, in bytes: it may be as large as any.
    private static let compressedCost = 1 << 18

    /// - Parameters:
    ///   - width: how many threads; at least 1.
    ///   - niceness: see ``ServerConfiguration/decodingNiceness``.
    ///   - waitingMax: how much may wait for its turn, of all users; of one it is a quarter of that.
    init(width: Int = 2, niceness: Int32 = 0, waitingMax: Int = 1024) {
        queue = Mutex(
            TurnQueue(TurnBounds(atOnceMax: width, waitingMax: waitingMax, waitingPerUserMax: max(1, waitingMax / 4))))
        threads = QueryThreads(count: width, niceness: niceness)
    }

    var counts: TurnCounts { queue.withLock { $0.counts } }

    /// Whether a batch is dear to read. A compressed one of few bytes may turn out to be.
    static func isDear(batchBytes: Int, _ encoding: ContentEncoding) -> Bool {
        batchBytes >= (encoding == .identity ? batchBytesMin : compressedBytesMin)
    }

    /// What a body counts for in the turns of its user, in bytes.
    static func cost(of bytes: Int, _ encoding: ContentEncoding) -> Int {
        encoding == .identity ? bytes : max(bytes, compressedCost)
    }

    /// Does something when the user's turn has come.
    /// - Parameters:
    ///   - cost: see ``cost(of:_:)``.
    ///   - onRefusal: called instead, at once, when too much waits already.
    func start(
        of user: UserID, cost: Int, _ body: @escaping @Sendable () -> Void, onRefusal: (WireError) -> Void
    ) {
        let work = Work(user: user, body: body)
        switch queue.withLock({ $0.enter(user, cost: cost, work) }) {
        case .go: perform(work)
        case .wait: break
        case .refuse: onRefusal(.tooManyBodies)
        }
    }

    /// The same, and waits for what comes of it.
    /// - Throws: a `WireError` when too much waits already, and whatever `body` does.
    func run<Value: Sendable>(
        of user: UserID, cost: Int = 1, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            start(of: user, cost: cost) {
                continuation.resume(with: Result(catching: body))
            } onRefusal: { error in
                continuation.resume(throwing: error)
            }
        }
    }

    private func perform(_ work: Work) {
        Task(executorPreference: threads) { [self] in
            work.body()
            for next in queue.withLock({ $0.leave(work.user) }) { perform(next) }
        }
    }
}
