/// A small number for each live statistic of a user, so that everything behind it works on arrays.
///
/// Numbers are dense and re-used after ``remove(_:)``. A look-up hashes the path's bytes and touches one slot and the key.
public struct StatisticTable: Sendable {
    private var slots = SlotTable()
    private var keys = KeyColumns()
    private var free: [Int32] = []
    private let hash = NameHash()

    /// A table of no statistics.
    public init() {}

    /// How many statistics are live.
    public var count: Int { slots.count }

    /// The number of a statistic; nil when it is not live.
    public func id(of key: StatisticKey) -> StatisticID? { find(key, hash(of: key)) }

    /// The numbers of the statistics of some partials, nil for those that have none.
    ///
    /// With many statistics their slots are asked for together: they lie anywhere, and one after another each would be waited
    /// for.
    func ids(of partials: ArraySlice<Partial>, _ body: (Int, StatisticID?) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: partials.count) { hashes in
            // (By position: to look at a partial would copy it.)
            for (offset, position) in partials.indices.enumerated() {
                hashes.initializeElement(at: offset, to: hash(of: partials[position].key))
                slots.prefetch(hashes[offset])
            }
            for (offset, position) in partials.indices.enumerated() { body(position, find(partials[position].key, hashes[offset])) }
        }
    }

    /// The number of a statistic, which is live from now on.
    public mutating func intern(_ key: StatisticKey) -> StatisticID {
        let hash = hash(of: key)
        if let id = find(key, hash) { return id }
        let id = free.popLast() ?? Int32(keys.count)
        if Int(id) == keys.count { keys.append(key) } else { keys[Int(id)] = key }
        slots.insert(Int(id), hash)
        return StatisticID(index: id)
    }

    /// Forgets a statistic; its number may be given to another.
    public mutating func remove(_ id: StatisticID) {
        guard let key = keys[Int(id.index)] else { return }
        keys[Int(id.index)] = nil
        slots.remove(Int(id.index), hash(of: key))
        free.append(id.index)
    }

    @inline(__always)
    private func find(_ key: StatisticKey, _ hash: UInt32) -> StatisticID? {
        slots.find(hash) { keys.isKey(key, at: $0) }.map { StatisticID(index: Int32($0)) }
    }

    @inline(__always)
    private func hash(of key: StatisticKey) -> UInt32 {
        // (First as it is: `withUTF8` needs a copy that it may change.)
        if let hash = key.path.utf8.withContiguousStorageIfAvailable({ hash($0, key.kind.rawValue) }) { return hash }
        var path = key.path
        return path.withUTF8 { hash($0, key.kind.rawValue) }
    }
}

/// A live statistic of one user; see ``StatisticTable``.
public struct StatisticID: Sendable, Hashable {
    /// Below the number of statistics that were ever live at once.
    public var index: Int32

    /// The statistic with this number.
    public init(index: Int32) { self.index = index }
}
