public import DattssCore
public import DattssLog
import Synchronization

/// The counters of all stages at one moment.
public struct PipelineSnapshot: Sendable {
    public var ingest: IngestCounters
    /// The books of every link, those of all users' links as one.
    public var links: [(name: String, ledger: LinkLedger)]
    public var userCount: Int
    /// Live statistics of all users.
    public var statisticCount: Int
    public var accepted: LaneMetrics
    public var minutes: LaneMetrics
    public var corruptFrameReads: Int
    public var failedMinuteWrites: Int
}

/// Set once, when the disk has failed.
final class FailureFlag: Sendable {
    private let state = Mutex<String?>(nil)
    private let onFailure: @Sendable (String) -> Void

    init(_ onFailure: @escaping @Sendable (String) -> Void) { self.onFailure = onFailure }

    var message: String? { state.withLock { $0 } }

    func set(_ error: any Error) {
        let message = String(describing: error)
        let isFirst = state.withLock { known in
            defer { known = known ?? message }
            return known == nil
        }
        if isFirst { onFailure(message) }
    }
}

extension SyncMode {
    var policy: SyncPolicy { self == .never ? .never : .whenAsked }
}
