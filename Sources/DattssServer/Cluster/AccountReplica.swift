import DattssCore
import DattssLog
import Dispatch
import LibC
import Synchronization

/// Brings every change of the accounts to the other servers before it is acknowledged: the pages that a transaction has changed are
/// stored in a stream beside the one of the batches, and only then it is committed.
///
///     begin ─► body ─► pages that differ ─► stored ──► commit, and the caller is told
///                                        ├► another's claim lies there ─► rolled back, this process ends
///                                        └► nobody answers ─► committed here, the caller hears 503; no further change until it is known
///
/// What nobody answers is stored as soon as the engine answers, unless another server has taken over: then this one's accounts are
/// replaced by what is in the stream. What changes often and matters little is committed at once and stored a little later.
final class AccountReplica: Sendable {
    enum Outcome: Sendable, Hashable {
        case confirmed
        case unconfirmed
    }

    private let stream: any ReplicatedStream
    private let writer: StreamWriter
    private let fingerprint: [UInt8]
    private let onDeposed: @Sendable (String) -> Void
    private let onConfirmed: @Sendable (AccountImage) -> Void
    private let patienceMilliseconds: Int
    private let state: Mutex<State>

    fileprivate struct State {
        /// What the stream has; nil when it has nothing of this process yet.
        var published: AccountImage?
        var isBusy = false
        var deposition: String?
        /// Since the last whole one.
        var changedBytes = 0
    }

    /// How long a caller waits for an engine that does not answer.
    static let standardPatienceMilliseconds = 6000

    /// - Parameters:
    ///   - writer: owns the stream, and has replayed it.
    ///   - fingerprint: of the secret that the keys of the accounts come from.
    ///   - onDeposed: called once when another server owns the stream.
    ///   - onConfirmed: called with each image that is in the stream.
    init(
        _ stream: any ReplicatedStream, _ writer: StreamWriter, fingerprint: [UInt8],
        patienceMilliseconds: Int = AccountReplica.standardPatienceMilliseconds,
        onDeposed: @escaping @Sendable (String) -> Void, onConfirmed: @escaping @Sendable (AccountImage) -> Void = { _ in }
    ) {
        (self.stream, self.writer, self.fingerprint) = (stream, writer, fingerprint)
        (self.patienceMilliseconds, self.onDeposed, self.onConfirmed) = (patienceMilliseconds, onDeposed, onConfirmed)
        state = Mutex(State())
    }

    /// Why nothing will be stored any more; nil as long as this process owns the stream, for all that is known.
    var deposition: String? { state.withLock { $0.deposition } }

    /// Whether a change can be stored now.
    var isReady: Bool { state.withLock { !$0.isBusy && $0.deposition == nil } }

    /// - Throws: ``AccountError`` when a change cannot be stored now.
    func requireReady() throws(AccountError) {
        let (isBusy, deposition) = state.withLock { ($0.isBusy, $0.deposition) }
        if let deposition { throw AccountError(.unavailable, deposition) }
        if isBusy {
            throw AccountError(.unavailable, "nobody knows yet what became of an earlier change: the engine does not answer")
        }
    }

    /// Stores what differs from what is stored. Blocks; never on a thread of Swift's tasks.
    /// - Returns: ``Outcome/unconfirmed`` when the engine does not answer for some seconds: it will be stored, unless another server takes over.
    /// - Throws: ``AccountError`` when another server owns the accounts. Nothing is stored then, unless even that cannot be found out.
    func publish(_ image: AccountImage) throws -> Outcome {
        try requireReady()
        let parts = state.withLock { $0.parts(of: image, fingerprint) }
        if parts.isEmpty { return .confirmed }
        let encoded = try parts.map { part throws(LogError) in try part.encoded() }
        state.withLock { $0.isBusy = true }
        let (answer, isAnswered) = (Answer(), DispatchSemaphore(value: 0))
        let isWhole = parts[0].isWhole
        Task {
            answer.set(await self.store(encoded, image, isWhole: isWhole))
            isAnswered.signal()
        }
        guard isAnswered.wait(timeout: .now() + .milliseconds(patienceMilliseconds)) == .success else { return .unconfirmed }
        if let problem = answer.problem { throw AccountError(.unavailable, problem) }
        return .confirmed
    }

    /// Why it is not stored, when that is known.
    private final class Answer: Sendable {
        private let state = Mutex<String?>(nil)

        var problem: String? { state.withLock { $0 } }
        func set(_ problem: String?) { state.withLock { $0 = problem } }
    }

    /// - Returns: why it is not stored.
    private func store(_ parts: [[UInt8]], _ image: AccountImage, isWhole: Bool) async -> String? {
        var first: StreamPosition?
        for part in parts {
            switch await writer.store(part) {
            case .written(let position): first = first ?? position
            case .notWritten, .unknown:
                let problem = "another server owns the accounts \(stream.name) now"
                depose(problem)
                return problem
            }
        }
        let bytes = parts.reduce(0) { $0 + $1.count }
        state.withLock { state in
            (state.published, state.isBusy) = (image, false)
            state.changedBytes = isWhole ? 0 : state.changedBytes + bytes
        }
        onConfirmed(image)
        // What lies before a whole one is not needed any more.
        if isWhole, let first { await stream.purge(below: first) }
        return nil
    }

    private func depose(_ problem: String) {
        let isFirst = state.withLock { state in
            defer { state.deposition = problem }
            return state.deposition == nil
        }
        if isFirst { onDeposed(problem) }
    }

    /// Looks whether another server has taken over, which one that changes nothing would not notice.
    func watch() async {
        guard isReady, let end = await writer.end, let last = try? await stream.bounds().last, last > end else { return }
        // (A message of this process may have been on its way while that was asked.)
        if await writer.end == end { depose("another server owns the accounts \(stream.name) now") }
    }
}

extension AccountReplica.State {
    /// Twice the size of the database, and some: then a whole one is less to read than its changes.
    private static let changedBytesMin = 1 << 20

    fileprivate func parts(of image: AccountImage, _ fingerprint: [UInt8]) -> [AccountChange] {
        let parts = image.parts(since: published, fingerprint: fingerprint)
        guard !parts.isEmpty, changedBytes > max(Self.changedBytesMin, 2 * image.bytes.count) else { return parts }
        return image.parts(since: nil, fingerprint: fingerprint)
    }
}
