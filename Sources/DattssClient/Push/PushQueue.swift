import DattssCore

/// A batch on its way: once numbered and encoded it never changes, so that the server knows it again.
struct Push: Sendable, Hashable {
    var sequence: Int64
    /// The body of `PUT /agg`.
    var body: [UInt8]
    /// How many samples are in it.
    var samples: Int64
    /// How many earlier drops it reports.
    var reportedDrops: Int64 = 0
}

/// The batches that the server has not acknowledged, and what to do about them next.
///
///     enqueue ──► [oldest … newest] ──► send ──► answer: 2xx            gone, next one
///                  bounded, oldest               400 413 415 422        refused: gone and counted, next one
///                  is dropped                    408 425 429 5xx, none  the same one again, after a back-off
///                                                401 and all others     the same one again, at the slow end
///
/// One batch at a time, in the order of their numbers: the server remembers the last 64 numbers of a client, and a
/// batch that overtook would make an older one look counted. A key may come back (401), an address may be mended
/// (404): their batches are kept, within the bound.
///
/// A value without clocks, tasks or sockets: every input answers what to do.
struct PushQueue: Sendable {
    private var waiting: [Push] = []
    private var waitingBytes = 0
    private var state = State.idle
    private var backoff: Backoff
    private let bufferBatches: Int
    private let bufferBytes: Int
    /// What went wrong last; nil after an acknowledged batch.
    private(set) var problem: String?

    private enum State: Sendable {
        case idle
        /// The first batch is under way.
        case sending
        /// The first batch is tried again then.
        case pausing(until: Timestamp)
    }

    enum Action: Sendable, Hashable {
        /// Nothing to do, or somebody is doing it.
        case rest
        case send(Push)
        /// Call ``PushQueue/tick(at:)`` then.
        case wait(until: Timestamp)
    }

    struct Step: Sendable, Hashable {
        var action: Action
        /// What was given up, oldest first.
        var losses: [Loss] = []
    }

    struct Loss: Sendable, Hashable {
        var push: Push
        var reason: DropReason
    }

    init(bufferBatches: Int, bufferBytes: Int, seed: UInt64) {
        self.bufferBatches = max(1, bufferBatches)
        self.bufferBytes = bufferBytes
        backoff = Backoff(seed: seed)
    }

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }
    var bytes: Int { waitingBytes }
    var isPausing: Bool { if case .pausing = state { true } else { false } }
    /// Whether the last attempt did not fail.
    var isWorking: Bool { backoff.failures == 0 }

    mutating func enqueue(_ push: Push) -> Step {
        waiting.append(push)
        waitingBytes += push.body.count
        let losses = shrink()
        if case .idle = state { return Step(action: next(), losses: losses) }
        return Step(action: .rest, losses: losses)
    }

    /// The server has answered the batch that was sent.
    mutating func answer(_ answer: TransportAnswer, at now: Timestamp) -> Step {
        guard case .sending = state else { preconditionFailure("an answer to nothing") }
        switch answer.status {
        case 200..<300:
            problem = nil
            backoff.succeeded()
            _ = removeFirst()
            return Step(action: next())
        case 400, 413, 415, 422:
            problem = Self.describe(answer)
            backoff.succeeded()
            let loss = Loss(push: removeFirst(), reason: .refused)
            return Step(action: next(), losses: [loss])
        case 408, 425, 429, 500..<600:
            problem = Self.describe(answer)
            return pause(backoff.failed(retryAfterSeconds: answer.retryAfterSeconds), from: now)
        default:
            problem = Self.describe(answer)
            return pause(backoff.failedForLong(), from: now)
        }
    }

    /// No answer came: a time-out, a lost connection, no server.
    mutating func fail(_ problem: String, at now: Timestamp) -> Step {
        guard case .sending = state else { preconditionFailure("a failure of nothing") }
        self.problem = problem
        return pause(backoff.failed(), from: now)
    }

    /// Time has passed.
    mutating func tick(at now: Timestamp) -> Step {
        guard case .pausing(let deadline) = state else { return Step(action: .rest) }
        return now < deadline ? Step(action: .wait(until: deadline)) : Step(action: next())
    }

    /// Ends a pause: there will be no later chance.
    mutating func hurry() -> Step {
        guard case .pausing = state else { return Step(action: .rest) }
        return Step(action: next())
    }

    /// Gives up what is left. What is under way may still arrive.
    mutating func abandon() -> [Loss] {
        defer {
            waiting = []
            waitingBytes = 0
            state = .idle
        }
        return waiting.map { Loss(push: $0, reason: .stopped) }
    }

    private mutating func next() -> Action {
        guard let first = waiting.first else {
            state = .idle
            return .rest
        }
        state = .sending
        return .send(first)
    }

    private mutating func pause(_ milliseconds: Int64, from now: Timestamp) -> Step {
        let deadline = now.advanced(byMilliseconds: milliseconds)
        // The first batch is no longer under way, so an overfull buffer may let go of it.
        state = .pausing(until: deadline)
        return Step(action: .wait(until: deadline), losses: shrink())
    }

    /// Drops the oldest until the bound holds. The one under way stays: it may have been counted already.
    private mutating func shrink() -> [Loss] {
        var losses: [Loss] = []
        let kept = if case .sending = state { 1 } else { 0 }
        while waiting.count > bufferBatches || waitingBytes > bufferBytes, waiting.count > kept {
            let dropped = waiting.remove(at: kept)
            waitingBytes -= dropped.body.count
            losses.append(Loss(push: dropped, reason: .bufferFull))
        }
        return losses
    }

    private mutating func removeFirst() -> Push {
        let push = waiting.removeFirst()
        waitingBytes -= push.body.count
        return push
    }

    private static func describe(_ answer: TransportAnswer) -> String {
        let body = answer.body.prefix(500)
        return body.isEmpty ? "the server answered \(answer.status)" : "the server answered \(answer.status): \(body)"
    }
}
