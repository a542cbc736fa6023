import DattssCore
import Synchronization

/// Whether the log can be written: what `/healthz` tells.
///
/// A failed sync is for good. A full disk is a problem until a batch is written again, or until no write has been tried for a
/// while: senders that leave an unhealthy server alone would otherwise never learn that it has healed.
final class LogHealth: Sendable {
    private let state = Mutex(State())
    private let onFailure: @Sendable (String) -> Void

    private struct State {
        var failure: String?
        var absence: String?
        var refusal: (message: String, at: Timestamp)?
    }

    private static let refusalMilliseconds: Int64 = 10_000

    init(_ onFailure: @escaping @Sendable (String) -> Void) { self.onFailure = onFailure }

    func problem(at time: Timestamp) -> String? {
        state.withLock { state in
            if let problem = state.failure ?? state.absence { return problem }
            // A refusal that lies ahead was noted before the clock was set back.
            guard let refusal = state.refusal, time >= refusal.at,
                time < refusal.at.advanced(byMilliseconds: Self.refusalMilliseconds)
            else { return nil }
            return refusal.message
        }
    }

    /// A replicated log does not answer: a problem until it does, whether anybody writes or not.
    func isAway(_ message: String) { state.withLock { $0.absence = message } }

    func isBack() { state.withLock { $0.absence = nil } }

    func wrote() { state.withLock { $0.refusal = nil } }

    func refused(_ error: any Error, at time: Timestamp) {
        let message = String(describing: error)
        state.withLock { $0.refusal = (message, time) }
    }

    func failed(_ error: any Error) {
        let message = String(describing: error)
        let isFirst = state.withLock { state in
            defer { state.failure = state.failure ?? message }
            return state.failure == nil
        }
        if isFirst { onFailure(message) }
    }
}
