public import DattssCore

/// A node of the tree of names.
public struct GraphiteTreeNode: Sendable, Hashable {
    /// The last component of its path.
    public var name: String
    /// The whole path, with dots.
    public var path: String
    /// Whether there are series of this name, and not only of names behind it.
    public var isLeaf: Bool

    /// Makes a node of its parts.
    public init(name: String, path: String, isLeaf: Bool) { (self.name, self.path, self.isLeaf) = (name, path, isLeaf) }
}

/// The tree of all names that statistics have.
public struct GraphiteTree: Sendable {
    private let source: any SeriesSource
    private let limits: QueryLimits
    private let watch: QueryWatch

    /// - Parameter watch: ends the search.
    public init(_ source: some SeriesSource, _ limits: QueryLimits, _ watch: QueryWatch) {
        (self.source, self.limits, self.watch) = (source, limits, watch)
    }

    /// The nodes that a pattern matches, leaves and branches, each once, sorted by their paths.
    /// - Throws: ``QueryError``, and what the source throws.
    public func nodes(_ pattern: String, in range: Range<Minute>) async throws -> [GraphiteTreeNode] {
        guard range.count <= limits.days * Minute.perDay + Minute.perDay else {
            throw QueryError(.limit, "the query reaches over more than \(limits.days) days, the limit of days")
        }
        let components = try GraphiteQuery(pattern).components
        let end = Timestamp(milliseconds: range.upperBound.index * 60_000)
        let windows = try SpanWindows(
            Span(milliseconds: Int64(range.count) * 60_000), on: TimeGrid(at: end), presenceMinutes: 0, finest: false,
            keepsAll: false, limits)
        var found: [String: Kinds] = [:]
        let table = SeriesTable(windows, [], limits) { [limits] key throws(QueryError) in
            Self.note(key, components, &found)
            guard found.count <= limits.series else {
                throw QueryError(.limit, "more than \(limits.series) names, the limit of series: ask for fewer")
            }
            // Its name is enough; no point of it needs to be read.
            return nil
        }
        let sink = SeriesSink(table, watch)
        let request = SeriesRequest(minutes: range, pathPrefix: "", withSketches: false, withTotals: false)
        _ = try await source.read(request, into: sink)
        if let failure = sink.failure { throw failure }
        return found.sorted { $0.key < $1.key }.flatMap { path, kinds in
            let name = path.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(path[path.utf8.index(after: $0)...]) } ?? path
            return [(false, kinds.isBranch), (true, kinds.isLeaf)].filter(\.1)
                .map { GraphiteTreeNode(name: name, path: path, isLeaf: $0.0) }
        }
    }

    /// One name may be both.
    private struct Kinds {
        var isLeaf = false
        var isBranch = false
    }

    /// Notes what of a statistic's names is as long as the pattern, and matches it.
    private static func note(_ key: StatisticKey, _ pattern: [GraphitePattern], _ found: inout [String: Kinds]) {
        let path = key.path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        for namespace in GraphiteNamespace.allCases where namespace.kind == key.kind {
            let front = namespace.prefix + path
            guard zip(pattern, front).allSatisfy({ $0.matches($1) }) else { continue }
            if pattern.count < front.count || (pattern.count == front.count && !namespace.suffixes.isEmpty) {
                let branch = front.prefix(pattern.count).joined(separator: ".")
                found[branch, default: Kinds()].isBranch = true
            } else if pattern.count == front.count {
                found[front.joined(separator: "."), default: Kinds()].isLeaf = true
            } else if pattern.count == front.count + 1, !namespace.suffixes.isEmpty {
                for (suffix, _) in namespace.fields(pattern[pattern.count - 1]) {
                    found[namespace.name(key.path, suffix), default: Kinds()].isLeaf = true
                }
            }
        }
    }
}
