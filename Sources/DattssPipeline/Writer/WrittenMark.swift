import DattssCore
import Synchronization

/// Up to which batch the minutes are on disk and in the history's index: set by the writer, read by the aggregators, which
/// until then answer for these minutes out of memory.
final class WrittenMark: Sendable {
    private let value: Atomic<UInt64>

    init(_ through: LSN) { value = Atomic(through.value) }

    var through: LSN { LSN(value.load(ordering: .acquiring)) }

    func advance(to through: LSN) { value.store(through.value, ordering: .releasing) }
}
