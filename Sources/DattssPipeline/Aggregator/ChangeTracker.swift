import DattssCore

/// Which statistics changed since a reader looked last, for any number of readers: a version for each statistic.
///
/// A moving average also changes when nothing arrives, so that once per slot of the window everything that was sent
/// within the last minute counts as changed.
struct ChangeTracker: Sendable {
    private var version: UInt64 = 0
    private var versions: [UInt64] = []
    private var seen: [Timestamp] = []

    /// What a reader has seen.
    struct Mark: Sendable, Hashable {
        fileprivate var version: UInt64
        fileprivate var slot: Int64
    }

    /// The mark of a reader that has seen everything up to now.
    func mark(at time: Timestamp) -> Mark {
        Mark(version: version, slot: Window.slotNumber(at: time))
    }

    mutating func note(_ ids: [StatisticID], at time: Timestamp) {
        version += 1
        for id in ids {
            let index = Int(id.index)
            while versions.count <= index {
                versions.append(0)
                seen.append(Timestamp(milliseconds: 0))
            }
            versions[index] = version
            seen[index] = time
        }
    }

    func changed(since mark: Mark, at time: Timestamp) -> ([StatisticID], Mark) {
        let slot = Window.slotNumber(at: time)
        // A window empties a slot after its minute; until then each new slot may change an average.
        let fading = time.advanced(byMilliseconds: -(Window.slotCount + 1) * Window.slotMilliseconds)
        let ids = versions.indices.filter { index in
            versions[index] > mark.version || (slot != mark.slot && seen[index] >= fading)
        }
        return (ids.map { StatisticID(index: Int32($0)) }, self.mark(at: time))
    }
}
