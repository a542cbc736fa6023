import DattssCore
import DattssPipeline
import NIOCore
import Synchronization

/// What changes of one user, once a second, for all who look: worked out and written as JSON once, however many they are.
///
/// A reader that was slow, and missed a turn, catches up by itself: it gets fewer events, never fewer changes.
final class LiveFeed: Sendable {
    private let processes: ProcessRegistry
    private let user: UserID
    private let state: Mutex<State>

    /// One second's events.
    struct Turn: Sendable {
        var number: Int
        /// Where a reader is that has been told this.
        var reader: LiveReader
        var bytes: ByteBuffer
        /// Of what may wait for readers, as long as anybody has it.
        var share: ByteBudget.Share?
    }

    private struct State {
        var number = 0
        var reader: LiveReader
        var isPrepared = false
        /// What readers begin with, of this second.
        var beginning: Task<Turn, any Error>?
        var toldProcesses: [ProcessRegistry.Process] = []
        var waiting: [Int: CheckedContinuation<Turn?, Never>] = [:]
        var nextWaiter = 0
        var isFinished = false
    }

    /// After so many turns without news there is a comment, so that a proxy sees that the stream is alive.
    private static let quietTurnsMax = 15

    init(_ reader: LiveReader, _ processes: ProcessRegistry, of user: UserID) {
        self.processes = processes
        self.user = user
        state = Mutex(State(reader: reader))
    }

    /// A reader's first events, which are all there is, and where the reader is then. All who begin within a second have the
    /// same, in the same memory.
    /// - Parameter budget: for what may wait for readers who do not read.
    /// - Throws: 503 `overloaded` when there is no room for it.
    func begin(_ budget: ByteBudget) async throws -> Turn {
        let beginning = state.withLock { state in
            let beginning = state.beginning ?? Task { try await self.beginning(budget) }
            state.beginning = beginning
            return beginning
        }
        return try await beginning.value
    }

    private func beginning(_ budget: ByteBudget) async throws(WireError) -> Turn {
        // The feed has to be somewhere before the reader asks, so that no change falls in between.
        if state.withLock({ !$0.isPrepared }) {
            var reader = state.withLock { $0.reader }
            _ = await reader.next()
            state.withLock { state in
                if !state.isPrepared { (state.reader, state.isPrepared) = (reader, true) }
            }
        }
        let (number, reader) = state.withLock { ($0.number, $0.reader.fresh) }
        var turn = await everything(after: number, reader)
        let share = budget.share()
        guard share.grow(by: turn.bytes.readableBytes) else { throw .tooManyAnswers }
        turn.share = share
        return turn
    }

    /// The events of a reader that was told something earlier: when the next turn comes, nil when there are no more.
    func next(after told: Turn) async -> Turn? {
        guard let turn = await nextTurn() else { return nil }
        return turn.number == told.number + 1 ? turn : await everything(after: turn.number, told.reader)
    }

    /// What a single reader has not been told, and all processes.
    private func everything(after number: Int, _ reader: LiveReader) async -> Turn {
        var reader = reader
        let (at, statistics) = await reader.next()
        var bytes: [UInt8] = []
        Self.append("status", StatusJSON.write(statistics, at: at), to: &bytes)
        Self.append("processes", StatusJSON.write(processes.processes(of: user)), to: &bytes)
        return Turn(number: number, reader: reader, bytes: ByteBuffer(bytes: bytes))
    }

    // MARK: Turns

    /// Tells all who wait what changed since the last turn.
    func turn() async {
        state.withLock { $0.beginning = nil }
        guard state.withLock({ !$0.waiting.isEmpty }) else { return }
        var reader = state.withLock { $0.reader }
        let (at, statistics) = await reader.next()
        let processes = processes.processes(of: user)
        let (turn, waiting) = state.withLock { state in
            state.number += 1
            state.reader = reader
            state.beginning = nil
            var bytes: [UInt8] = []
            if !statistics.isEmpty { Self.append("status", StatusJSON.write(statistics, at: at), to: &bytes) }
            if Self.differ(state.toldProcesses, processes) {
                Self.append("processes", StatusJSON.write(processes), to: &bytes)
                state.toldProcesses = processes
            }
            if bytes.isEmpty, state.number.isMultiple(of: Self.quietTurnsMax) { bytes += ":\n\n".utf8 }
            let turn = Turn(number: state.number, reader: reader, bytes: ByteBuffer(bytes: bytes))
            defer { state.waiting = [:] }
            return (turn, state.waiting)
        }
        for waiter in waiting.values { waiter.resume(returning: turn) }
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
                $0.name != $1.name || $0.isUp != $1.isUp || $0.isStopping != $1.isStopping || $0.since != $1.since
            }
    }

    private static func append(_ event: String, _ json: JSONWriter, to bytes: inout [UInt8]) {
        bytes += "event: \(event)\ndata: ".utf8
        bytes += json.bytes
        bytes += "\n\n".utf8
    }
}
