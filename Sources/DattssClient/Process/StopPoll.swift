import DattssCore

/// What to do after a long poll of `PUT /process`, on which the server holds its answer until somebody asks the
/// process to stop (`KEY-name`) or it is time to ask again (nothing).
struct StopPoll: Sendable {
    private let request: String
    private var backoff: Backoff

    /// A server that does not hold its answers is not asked more often than this.
    static let intervalMilliseconds: Int64 = 1000

    enum Action: Sendable, Hashable {
        case poll
        case wait(milliseconds: Int64)
        case stop
    }

    init(auth: String, process: String, seed: UInt64) {
        request = "\(auth)-\(process)"
        backoff = Backoff(seed: seed)
    }

    mutating func answer(_ answer: TransportAnswer, afterMilliseconds elapsed: Int64) -> Action {
        switch answer.status {
        case 200..<300:
            backoff.succeeded()
            if answer.body == request { return .stop }
            return elapsed < Self.intervalMilliseconds ? .wait(milliseconds: Self.intervalMilliseconds - elapsed) : .poll
        case 408, 425, 429, 500..<600:
            return .wait(milliseconds: backoff.failed(retryAfterSeconds: answer.retryAfterSeconds))
        default:
            return .wait(milliseconds: backoff.failedForLong())
        }
    }

    /// No answer came. After a long wait that only means that nobody asked.
    mutating func fail(afterMilliseconds elapsed: Int64) -> Action {
        if elapsed >= Backoff.capMilliseconds { backoff.succeeded() }
        return .wait(milliseconds: backoff.failed())
    }
}
