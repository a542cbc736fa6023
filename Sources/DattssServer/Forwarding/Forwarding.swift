import DattssCore
import DattssLog
import DattssPipeline
import Logging
import ServiceLifecycle
import Synchronization

/// Forwards minutes to all targets, each at its own pace, on a thread of the lowest priority.
struct Forwarding: Service {
    let forwarders: [Forwarder]

    init(_ configuration: ServerConfiguration, _ accounts: Accounts, _ pipeline: Pipeline, _ logger: Logger) {
        let threads = QueryThreads(count: 1, niceness: configuration.housekeepingNiceness)
        // What is made up is nobody's statistics.
        let isKnown: @Sendable (UserID) -> Bool = { user in
            accounts.key(of: user) != nil || (accounts.isInternal(user) && user != .demo)
        }
        let base = ForwardBase(queries: pipeline.queries) { try accounts.users().map(\.id) + [.dattss] }
        forwarders = configuration.forwardTargets.map { target in
            let sender: any ForwardSender =
                target.speech == .graphite ? ForwardConnections(target) : ForwardRequests(target: target)
            return Forwarder(
                target, sender, pipeline.minutes, base,
                ForwardFiles(target, directory: configuration.dataDirectory, configuration.fileSystem), isKnown: isKnown,
                threads: threads, clock: configuration.clock, logger: logger)
        }
    }

    /// Returns as soon as the server is to end: what is under way then is sent again by the next one.
    func run() async throws {
        let tasks = forwarders.map { forwarder in
            Task { await forwarder.run() }
        }
        // (A cancellation has the same meaning.)
        try? await gracefulShutdown()
        for task in tasks { task.cancel() }
    }

    /// What `/metrics` shows of each target.
    var counts: [(target: String, counts: ForwardCounters.Counts)] {
        forwarders.map { ($0.target.description, $0.counters.snapshot) }
    }

    /// By how much a target is behind the minutes that are written.
    static func lagSeconds(_ counts: ForwardCounters.Counts) -> Int64 {
        guard let written = counts.written, let delivered = counts.delivered else { return 0 }
        return max(0, delivered.distance(to: written)) * 60
    }
}

/// What became of what was to be forwarded to a target, since the start.
final class ForwardCounters: Sendable {
    struct Counts: Sendable, Hashable {
        var sent = 0
        var failures = 0
        var refused = 0
        var overLimit = 0
        var expiredMinutes = 0
        var expiredStatistics = 0
        var written: Minute?
        var delivered: Minute?
        var latestFailure: String?
    }

    private let counts = Mutex(Counts())

    var snapshot: Counts { counts.withLock { $0 } }

    func addSent(_ samples: Int) { counts.withLock { $0.sent += samples } }
    func addFailure(_ text: String) {
        counts.withLock { counts in
            counts.failures += 1
            counts.latestFailure = text
        }
    }
    func addDropped(refused samples: Int) { counts.withLock { $0.refused += samples } }
    func addDropped(limit statistics: Int) { counts.withLock { $0.overLimit += statistics } }
    func addExpired(minutes: Int) { counts.withLock { $0.expiredMinutes += minutes } }
    func addExpired(statistics: Int) { counts.withLock { $0.expiredStatistics += statistics } }
    func note(written minute: Minute) { counts.withLock { $0.written = minute } }
    func note(delivered minute: Minute) { counts.withLock { $0.delivered = minute } }
}
