import DattssCore
import DattssPipeline
import Synchronization

/// What an export comes down to.
struct OTLPPlan: Sendable {
    var partials: [Partial] = []
    var processes: Set<String> = []
    var rejectedPoints = 0
    /// Why the first of the rejected ones was.
    var problem: String?
    /// Points that say nothing new.
    var latePoints = 0
    var repeatedPoints = 0
    private(set) var rewrittenNames = 0
    /// The first of them.
    private(set) var rewritings: [(original: String, path: String)] = []
    /// What was remembered of the series before.
    var changes: [(key: OTLPSeriesKey, before: OTLPSeries?, after: OTLPSeries)] = []

    mutating func note(rewriting original: String, to path: String) {
        rewrittenNames += 1
        if rewritings.count < NameRewritings.countMax { rewritings.append((original, path)) }
    }

    mutating func reject(_ problem: @autoclosure () -> String) {
        rejectedPoints += 1
        if self.problem == nil { self.problem = problem() }
    }
}

/// What became of the points of all users.
final class OTLPCounters: Sendable {
    struct Snapshot: Sendable, Hashable {
        var late = 0
        var repeated = 0
        var rejected = 0
        var rewrittenNames = 0
        /// The latest of them.
        var rewritings = NameRewritings()
    }

    private let state = Mutex(Snapshot())

    var snapshot: Snapshot { state.withLock { $0 } }

    /// - Parameter unfitting: how many of its partials the limit of statistics left out.
    func add(_ plan: OTLPPlan, unfitting: Int = 0) {
        state.withLock { snapshot in
            snapshot.late += plan.latePoints
            snapshot.repeated += plan.repeatedPoints
            snapshot.rejected += plan.rejectedPoints + unfitting
            snapshot.rewrittenNames += plan.rewrittenNames
            snapshot.rewritings.beginPeriod()
            for (original, path) in plan.rewritings {
                Array(path.utf8).withUnsafeBufferPointer { path in
                    snapshot.rewritings.note(path: path) { $0.append(original.utf8) }
                }
            }
        }
    }
}
