import DattssCore
package import DattssLog
import Synchronization

/// A replicated engine in memory that keeps what it has acknowledged and is otherwise as bad as can be: requests and answers are lost,
/// requests arrive late, replicas lag behind, ids are forgotten, leaders fall and nobody answers for a while.
///
/// Several pipelines may be on it at once: those of whom nobody has told that they are deposed, too.
package final class SimulatedEngine: ReplicatedStream {
    package let name = "simulated"
    package let identity: String
    package let messageBytesMax: Int
    private let state: Mutex<State>

    fileprivate struct State {
        var random: SeededGenerator
        /// Everything that was ever stored, what is purged included.
        var history: [(id: String, bytes: [UInt8])] = []
        var first = StreamPosition(1)
        var known: [String: StreamPosition] = [:]
        /// Requests that are still on their way.
        var late: [StreamOwner.Publication] = []
        /// Requests that nobody will answer, before a leader is found again.
        var silentRequests = 0
        var isCalm: Bool
        var isAway = false
        var unanswered = 0
        var refusals = 0
        var purges = 0
    }

    /// - Parameter isCalm: whether nothing goes wrong.
    package init(seed: UInt64, isCalm: Bool = false, messageBytesMax: Int = 8 << 20) {
        identity = "simulated \(seed)"
        self.messageBytesMax = messageBytesMax
        state = Mutex(State(random: SeededGenerator(seed: seed), isCalm: isCalm))
    }

    /// What went wrong so far, so that a test can see that something did.
    package var faults: (unanswered: Int, refusals: Int, purges: Int) {
        state.withLock { ($0.unanswered, $0.refusals, $0.purges) }
    }

    package var largestMessage: Int { state.withLock { $0.history.map(\.bytes.count).max() ?? 0 } }
    package var messageCount: Int { state.withLock { $0.history.count } }
    package var firstPosition: StreamPosition { state.withLock { $0.first } }

    /// From now on nothing goes wrong.
    package func calm() { state.withLock { $0.isCalm = true } }

    /// Whether nobody answers.
    package func setAway(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// Damages a message, as a disk does.
    package func flipBit(in position: StreamPosition) {
        state.withLock { $0.history[Int(position.value) - 1].bytes[20] ^= 1 }
    }

    /// Forgets the last messages, as no engine may that keeps its word.
    package func lose(_ count: Int) { state.withLock { $0.history.removeLast(count) } }

    // MARK: Requests

    package func publish(_ publication: StreamOwner.Publication) async -> StreamAnswer {
        await travel()
        return state.withLock { state in
            let fate = state.fate
            if fate == .late { state.late.append(publication) }
            if fate == .lost || fate == .late {
                state.unanswered += 1
                return .missing
            }
            let answer = state.store(publication)
            if answer == .refused { state.refusals += 1 }
            if fate == .unheard { state.unanswered += 1 }
            return fate == .unheard ? .missing : answer
        }
    }

    package func find(_ position: StreamPosition) async -> StreamOwner.Found {
        await travel()
        return state.withLock { state in
            guard state.fate == .answered else { return .unanswered }
            let lag = !state.isCalm && state.random.oneIn(4) ? 1 : 0
            if position < state.first { return .purged }
            guard Int(position.value) <= state.history.count - lag else { return .nothing }
            return .message(id: state.history[Int(position.value) - 1].id)
        }
    }

    package func bounds() async throws(LogError) -> (first: StreamPosition, last: StreamPosition) {
        await travel()
        return state.withLock { ($0.first, StreamPosition(UInt64($0.history.count))) }
    }

    package func message(from position: StreamPosition) async throws(LogError) -> StreamMessage? {
        await travel()
        return state.withLock { state in
            let found = max(position, state.first)
            guard Int(found.value) <= state.history.count else { return nil }
            var record: StreamRecord?
            do throws(LogError) { record = try StreamRecord(decoding: state.history[Int(found.value) - 1].bytes) } catch {
                record = nil
            }
            return StreamMessage(position: found, record: record)
        }
    }

    package func purge(below position: StreamPosition) async {
        await travel()
        state.withLock { state in
            guard state.fate != .lost else { return }
            state.first = max(state.first, min(position, StreamPosition(UInt64(state.history.count) + 1)))
            state.purges += 1
        }
    }

    package func pause() async { await Task.yield() }

    /// Others go on meanwhile.
    private func travel() async {
        let hops = state.withLock { $0.isCalm ? 1 : Int.random(in: 1...4, using: &$0.random) }
        for _ in 0..<hops { await Task.yield() }
    }
}

extension SimulatedEngine.State {
    enum Fate { case answered, lost, unheard, late }

    /// What becomes of a request.
    fileprivate var fate: Fate {
        mutating get {
            if isAway { return .lost }
            if isCalm { return .answered }
            arrive()
            if random.oneIn(60) { silentRequests = Int.random(in: 1...12, using: &random) }
            if random.oneIn(40) { known = [:] }
            if silentRequests > 0 {
                silentRequests -= 1
                // A leader that is about to fall may still have stored it.
                return random.oneIn(2) ? .lost : .unheard
            }
            return random.oneIn(12) ? .lost : random.oneIn(12) ? .unheard : random.oneIn(16) ? .late : .answered
        }
    }

    /// Requests that were on their way for long arrive.
    private mutating func arrive() {
        guard !late.isEmpty, random.oneIn(6) else { return }
        let publication = late.removeFirst()
        _ = store(publication)
    }

    fileprivate mutating func store(_ publication: StreamOwner.Publication) -> StreamAnswer {
        if let position = known[publication.id] { return .stored(position) }
        let last = StreamPosition(UInt64(history.count))
        guard publication.expectedLast == last else { return .refused }
        history.append((publication.id, publication.record.encoded()))
        known[publication.id] = last.next
        return .stored(last.next)
    }
}
