import DattssCore
import Synchronization

/// What a program records between two pushes, and what of it was dropped.
///
/// A lock rather than an actor: callers are synchronous code, and the lock is held for one look-up and a few
/// additions, or for the walk over the statistics once a period.
final class Recorder: Sendable {
    private let state: Mutex<State>

    private struct State: Sendable {
        var table: AccumulatorTable
        var drops = Drops()
    }

    init(fraction: Double) {
        state = Mutex(State(table: AccumulatorTable(fraction: fraction)))
    }

    func add(_ sample: SampleValue, to path: String) {
        guard Self.isValid(path) else { return drop(1, .badPath) }
        guard sample.value.isFinite else { return drop(1, .badSample) }
        state.withLock { state in
            if !state.table.add(sample, to: path) { state.drops.note(1, .tooManyStatistics) }
        }
    }

    /// ``Name/isValidPath(_:)`` over the bytes in memory, which the compiler turns into a tight loop: a call from another
    /// module, a byte at a time, takes longer than everything else that recording does.
    private static func isValid(_ path: String) -> Bool {
        path.utf8.withContiguousStorageIfAvailable { bytes in
            1...Name.pathBytesMax ~= bytes.count && bytes.allSatisfy(Name.isNameByte)
        } ?? Name.isValidPath(path.utf8)
    }

    func drop(_ samples: Int64, _ reason: DropReason, alreadyReported: Int64 = 0) {
        state.withLock { $0.drops.note(samples, reason, alreadyReported: alreadyReported) }
    }

    var drops: Drops { state.withLock { $0.drops } }

    /// The partials of the period that ends now, and how many drops have not been reported yet.
    /// - Parameter reportsDrops: whether to take the latter; else 0 is answered and they wait.
    func flush(reportsDrops: Bool) -> (partials: [Partial], unreportedDrops: Int64) {
        state.withLock { state in
            let partials = state.table.flush()
            state.table.forgetIdle()
            return (partials, reportsDrops ? state.drops.takeUnreported() : 0)
        }
    }
}
