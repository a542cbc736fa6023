import DattssCore
import DattssPipeline
import HummingbirdCore
import NIOCore
import Synchronization

/// What changes of one user, once a second, for everybody who looks: worked out and written as JSON once, however many they are.
///
///     begin ──► everything there is, shared by those who come at the same time
///     next  ──► the next turn, or all turns that the reader has missed at once; everything if those are too many
///
/// So a reader that is slow gets fewer events, never fewer changes, and costs no more than others.
final class LiveFeed: Sendable {
    private let queries: Queries
    private let processes: ProcessRegistry
    private let unsent: ByteBudget
    private let user: UserID
    private let state: Mutex<State>
    private let beginnings = SharedWork<UserID, Turn>()

    /// One second's events, or those of some.
    struct Turn: Sendable {
        /// Whoever has been told this goes on behind this number.
        var number: Int
        fileprivate var events: Rendering

        /// - Returns: the number.
        consuming func write(to writer: inout any ResponseBodyWriter) async throws -> Int {
            try await writer.writeInPieces(events.bytes)
            return number
        }
    }

    private struct State {
        var reader: LiveReader
        var isPrepared = false
        var toldProcesses: [ProcessRegistry.Process] = []
        var recent = RecentTurns()
        var waiting: [Int: CheckedContinuation<Turn?, Never>] = [:]
        var nextWaiter = 0
        var isFinished = false
    }

    /// After so many turns without news there is an event without any: a reader that hears none for seconds knows that the
    /// server hangs, and a proxy sees that the stream is alive.
    private static let quietTurnsMax = 2

    init(_ queries: Queries, _ processes: ProcessRegistry, unsent: ByteBudget, of user: UserID) {
        (self.queries, self.processes, self.unsent, self.user) = (queries, processes, unsent, user)
        state = Mutex(State(reader: queries.live(of: user)))
    }

    /// A reader's first events, which are all there is.
    /// - Throws: ``TurnRefusal``, or a `WireError` when there is no room for an answer.
    func begin(isWanted: @escaping @Sendable () -> Bool) async throws -> Turn {
        try await beginnings.value(of: user, isWanted: isWanted) { [self] group in
            try await queries.inTurn(of: user, isWanted: group.isWanted) { [self] in
                group.begin()
                await prepare()
                let number = state.withLock { $0.recent.last }
                var reader = queries.live(of: user)
                let (at, statistics) = await reader.next()
                var bytes: [UInt8] = []
                Self.append("status", StatusJSON.write(statistics, at: at), to: &bytes)
                Self.append("processes", StatusJSON.write(processes.processes(of: user)), to: &bytes)
                return Turn(number: number, events: try Rendering(ByteBuffer(bytes: bytes), within: unsent))
            }
        }
    }

    /// The feed has to be somewhere before a reader asks, so that no change falls in between.
    private func prepare() async {
        guard state.withLock({ !$0.isPrepared }) else { return }
        var reader = state.withLock { $0.reader }
        _ = await reader.next()
        state.withLock { state in
            if !state.isPrepared { (state.reader, state.isPrepared) = (reader, true) }
        }
    }

    /// The events of a reader that was told those up to a turn; nil when there are no more, or no room for them.
    func next(after number: Int, isWanted: @escaping @Sendable () -> Bool) async -> Turn? {
        switch state.withLock({ $0.recent.missed(since: number) }) {
        case .nothing:
            let turn = await nextTurn()
            // Another one came while the reader looked.
            if let turn, turn.number != number + 1 { return await next(after: number, isWanted: isWanted) }
            return turn
        case .some(let bytes, let last): return (try? Rendering(bytes, within: unsent)).map { Turn(number: last, events: $0) }
        case .tooMuch: return try? await begin(isWanted: isWanted)
        }
    }

    // MARK: Turns

    /// Tells everybody who waits what changed since the last turn.
    func turn() async {
        guard state.withLock({ $0.isPrepared }) else { return }
        var reader = state.withLock { $0.reader }
        let (at, statistics) = await reader.next()
        let processes = processes.processes(of: user)
        var bytes: [UInt8] = []
        if !statistics.isEmpty { Self.append("status", StatusJSON.write(statistics, at: at), to: &bytes) }
        let (turn, waiting) = state.withLock { state in
            state.reader = reader
            if Self.differ(state.toldProcesses, processes) {
                Self.append("processes", StatusJSON.write(processes), to: &bytes)
                state.toldProcesses = processes
            }
            if bytes.isEmpty, (state.recent.last + 1).isMultiple(of: Self.quietTurnsMax) {
                bytes += "event: beat\ndata: \(at.seconds)\n\n".utf8
            }
            let events = ByteBuffer(bytes: bytes)
            state.recent.add(events)
            defer { state.waiting = [:] }
            // Without room for them the streams end; whoever comes again is told when there is some.
            let turn = (try? Rendering(events, within: unsent)).map { Turn(number: state.recent.last, events: $0) }
            return (turn, Array(state.waiting.values))
        }
        // Each writes it out in its turn (``LoopTurns``).
        for waiter in waiting { waiter.resume(returning: turn) }
    }

    /// There are no more turns.
    func finish() {
        let waiting = state.withLock { state in
            state.isFinished = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for waiter in waiting.values { waiter.resume(returning: nil) }
    }

    private func nextTurn() async -> Turn? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isFinished || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume(returning: nil) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: nil)
        }
    }

    /// That a process was seen again is no news.
    private static func differ(_ a: [ProcessRegistry.Process], _ b: [ProcessRegistry.Process]) -> Bool {
        a.count != b.count
            || zip(a, b).contains {
                $0.name != $1.name || $0.isUp != $1.isUp || $0.stop != $1.stop || $0.since != $1.since
                    || $0.restarts.count != $1.restarts.count || $0.isPolling != $1.isPolling
            }
    }

    private static func append(_ event: String, _ json: JSONWriter, to bytes: inout [UInt8]) {
        bytes += "event: \(event)\ndata: ".utf8
        bytes += json.bytes
        bytes += "\n\n".utf8
    }
}
