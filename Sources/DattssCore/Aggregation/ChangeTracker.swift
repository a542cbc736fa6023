/// Which statistics changed since a reader looked last, for any number of readers: a version for each statistic.
///
/// A status also changes when nothing arrives: averages fade, percentiles end. So once per slot of the window everything
/// that may have faded since the reader looked last counts as changed, too.
public struct ChangeTracker: Sendable {
    private var version: UInt64 = 0
    private var changes = ChunkedArray<Change>()

    private struct Change {
        var version: UInt64
        var seen: Timestamp
    }

    public init() {}

    /// What a reader has seen.
    public struct Mark: Sendable, Hashable {
        fileprivate var version: UInt64
        fileprivate var at: Timestamp
    }

    /// The mark of a reader that has seen everything up to now.
    public func mark(at time: Timestamp) -> Mark {
        Mark(version: version, at: time)
    }

    public mutating func note(_ ids: [StatisticID], at time: Timestamp) {
        version += 1
        for id in ids {
            let index = Int(id.index)
            while changes.count <= index { changes.append(Change(version: 0, seen: Timestamp(milliseconds: 0))) }
            changes.update(index) { $0 = Change(version: version, seen: time) }
        }
    }

    private static let fadingMilliseconds: Int64 = 120_000 + Window.slotMilliseconds

    public func changed(since mark: Mark, at time: Timestamp) -> ([StatisticID], Mark) {
        let isNewSlot = Window.slotNumber(at: time) != Window.slotNumber(at: mark.at)
        // A window empties a slot after its minute, percentiles end with the minute after the last sample's.
        let fading = mark.at.advanced(byMilliseconds: -Self.fadingMilliseconds)
        let ids = (0..<changes.count).filter { index in
            changes[index].version > mark.version || (isNewSlot && changes[index].seen >= fading)
        }
        return (ids.map { StatisticID(index: Int32($0)) }, self.mark(at: time))
    }
}
