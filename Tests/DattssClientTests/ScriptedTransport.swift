import DattssClient
import DattssCore
import Synchronization

/// A transport that answers as the test says and remembers what it was asked.
final class ScriptedTransport: Transport {
    struct NoAnswer: Error {}

    enum Reply: Sendable {
        case answer(TransportAnswer)
        case noAnswer
        /// Until the task is cancelled.
        case silence
    }

    private let state: Mutex<State>

    private struct State {
        var requests: [TransportRequest] = []
        var replies: [Reply]
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// - Parameter replies: the first ones; after them everything is acknowledged.
    init(_ replies: [Reply] = []) { state = Mutex(State(replies: replies)) }

    var requests: [TransportRequest] { state.withLock { $0.requests } }

    /// The bodies of `PUT /agg`, decoded.
    func batches() throws -> [Batch] {
        try requests.filter { $0.path == "/agg" }.map { try decode($0.body) }
    }

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let (reply, watchers) = state.withLock { state -> (Reply?, [CheckedContinuation<Void, Never>]) in
            state.requests.append(request)
            let due = state.watchers.filter { $0.count <= state.requests.count }
            state.watchers.removeAll { $0.count <= state.requests.count }
            return (state.replies.isEmpty ? nil : state.replies.removeFirst(), due.map(\.continuation))
        }
        for watcher in watchers { watcher.resume() }
        switch reply {
        case nil: return TransportAnswer(status: 200, body: #"{"ok":true}"#)
        case .answer(let answer): return answer
        case .noAnswer: throw NoAnswer()
        case .silence:
            try await HandClock().sleep(until: Timestamp(milliseconds: .max))
            throw NoAnswer()
        }
    }

    /// Returns when there were `count` requests.
    func untilAsked(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.requests.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}

func decode(_ body: [UInt8]) throws -> Batch {
    try body.withUnsafeBytes { bytes throws(WireError) in try BatchDecoder.decode(bytes) }
}

extension Batch {
    func aggregate(_ kind: Kind, _ path: String) -> Aggregate? {
        partials.first { $0.key == StatisticKey(kind, path) }?.aggregate
    }
}

extension Dattss.Configuration {
    /// Says nothing on standard error.
    static func quiet(process: String? = nil) -> Dattss.Configuration {
        var configuration = Dattss.Configuration(auth: "local.key", process: process)
        configuration.log = { _ in }
        // Most tests count the requests of pushes.
        configuration.canBeStopped = false
        return configuration
    }
}
