import DattssCore
import Synchronization

/// Up to which batch the minutes are on disk and in the history's index: set by the writer, read by the aggregators, which
/// until then answer for these minutes out of memory.
final class WrittenMark: Sendable {
    private let value: Atomic<UInt64>
    /// The last minute that was written since the start, or the least there is.
    private let latest = Atomic(Int64.min)

    init(_ through: LSN) { value = Atomic(through.value) }

    var through: LSN { LSN(value.load(ordering: .acquiring)) }

    /// nil before the first minute that ends after the start.
    var minute: Minute? {
        let index = latest.load(ordering: .acquiring)
        return index == .min ? nil : Minute(index)
    }

    func advance(to through: LSN, _ minute: Minute) {
        value.store(through.value, ordering: .releasing)
        latest.store(minute.index, ordering: .releasing)
    }
}
