/// A small number for each live statistic of a user, so that everything behind it works on arrays.
///
/// Numbers are dense and re-used after ``remove(_:)``.
public struct StatisticTable: Sendable {
    private var ids: [StatisticKey: Int32] = [:]
    private var keys: [StatisticKey?] = []
    private var free: [Int32] = []

    public init() {}

    /// How many statistics are live.
    public var count: Int { ids.count }

    public func id(of key: StatisticKey) -> StatisticID? { ids[key].map(StatisticID.init) }

    public mutating func intern(_ key: StatisticKey) -> StatisticID {
        if let id = ids[key] { return StatisticID(index: id) }
        let id = free.popLast() ?? Int32(keys.count)
        if Int(id) == keys.count { keys.append(key) } else { keys[Int(id)] = key }
        ids[key] = id
        return StatisticID(index: id)
    }

    public mutating func remove(_ id: StatisticID) {
        guard let key = keys[Int(id.index)].take() else { return }
        ids[key] = nil
        free.append(id.index)
    }
}

/// A live statistic of one user; see ``StatisticTable``.
public struct StatisticID: Sendable, Hashable {
    public var index: Int32

    public init(index: Int32) { self.index = index }
}
