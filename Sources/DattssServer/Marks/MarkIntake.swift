import DattssCore
import DattssPipeline
import Logging
import Synchronization

/// Writes down the marks that listeners receive, behind their backs: they never wait for SQLite.
///
///     LineIntake ─► waiting, bounded ─► one transaction for all that waits ─► accounts.sqlite
final class MarkIntake: Sendable {
    private let accounts: Accounts
    private let clock: any WallClock
    private let logger: Logger
    private let state = Mutex(State())

    /// What was received and what became of it.
    struct Counts: Sendable, Hashable {
        var kept = 0
        /// There was no room, or the file of the accounts could not be written.
        var dropped = 0
    }

    private struct State {
        var waiting: [ReceivedMark] = []
        /// Ends when nothing waits.
        var writing: Task<Void, Never>?
        var counts = Counts()
        /// The statuses of service checks that are certain, so that the same again costs no look into the file.
        var known: [CheckName: UInt8] = [:]
        var knownSince = Timestamp(seconds: 0)
    }

    private struct CheckName: Hashable {
        var user: UserID
        var name: String
    }

    private static let waitingMax = 2000
    private static let knownMax = 10_000
    /// After so long what is known is asked for again: the user may be another one.
    private static let knownMilliseconds: Int64 = 600_000

    init(_ accounts: Accounts, clock: any WallClock, logger: Logger) {
        (self.accounts, self.clock, self.logger) = (accounts, clock, logger)
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// Takes what there is room for, and returns at once.
    func take(_ marks: [ReceivedMark]) {
        if marks.isEmpty { return }
        let now = clock.now()
        state.withLock { state in
            if now.milliseconds - state.knownSince.milliseconds > Self.knownMilliseconds {
                (state.known, state.knownSince) = ([:], now)
            }
            for mark in marks where !isKnown(mark, state) {
                if state.waiting.count < Self.waitingMax { state.waiting.append(mark) } else { state.counts.dropped += 1 }
            }
            if state.writing == nil, !state.waiting.isEmpty { state.writing = Task { await write() } }
        }
    }

    private func isKnown(_ mark: ReceivedMark, _ state: borrowing State) -> Bool {
        guard let check = mark.check else { return false }
        // What waits may say something else.
        let name = CheckName(user: mark.user, name: check.name)
        return state.known[name] == check.status && !state.waiting.contains { $0.user == mark.user && $0.check?.name == check.name }
    }

    /// Returns when all that was taken is written, or given up.
    func drain() async {
        while let writing = state.withLock({ $0.writing }) { await writing.value }
    }

    private func write() async {
        while true {
            let marks = state.withLock { state in
                let marks = state.waiting
                state.waiting = []
                // What is on its way is not certain.
                for mark in marks { if let check = mark.check { state.known[CheckName(user: mark.user, name: check.name)] = nil } }
                if marks.isEmpty { state.writing = nil }
                return marks
            }
            if marks.isEmpty { return }
            do {
                let kept = try await accounts.run { try $0.addMarks(marks) }
                state.withLock { state in
                    state.counts.kept += kept
                    if state.known.count > Self.knownMax { state.known = [:] }
                    for mark in marks {
                        if let check = mark.check { state.known[CheckName(user: mark.user, name: check.name)] = check.status }
                    }
                }
            } catch {
                logger.error("\(marks.count) events and service checks are not kept: \(error)")
                state.withLock { $0.counts.dropped += marks.count }
            }
        }
    }
}
