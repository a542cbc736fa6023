/// Statistics by their numbers. Paths and kinds are kept apart, because a kind beside each path would take eight bytes.
struct KeyColumns: Sendable {
    private var paths = ChunkedArray<String?>()
    private var kinds = ChunkedArray<Kind>()

    var count: Int { paths.count }

    /// nil for a number that no statistic has.
    subscript(index: Int) -> StatisticKey? {
        get { paths[index].map { StatisticKey(kinds[index], $0) } }
        set {
            paths[index] = newValue?.path
            if let newValue { kinds[index] = newValue.kind }
        }
    }

    mutating func append(_ key: StatisticKey?) {
        paths.append(key?.path)
        kinds.append(key?.kind ?? .counter)
    }

    @inline(__always)
    func isKey(_ key: StatisticKey, at index: Int) -> Bool {
        kinds[index] == key.kind && paths.read(index) { $0 == key.path }
    }

    /// - Precondition: there is a statistic with this number.
    func kind(at index: Int) -> Kind { kinds[index] }
}
