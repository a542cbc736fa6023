import DattssCore

/// The names that Graphite knows a statistic by: statsd's, its older ones, and our own.
///
///     counter hits    stats.counters.hits.count  stats.counters.hits.rate  stats_counts.hits  stats.hits  hits
///     gauge load      stats.gauges.load  load
///     timer wait      stats.timers.wait.FIELD  wait.FIELD
enum GraphiteNamespace: CaseIterable, Sendable {
    // A name that two of them make is that of the first one.
    case ownGauge, ownCounter, ownTimer, counters, gauges, timers, oldCounts, oldRates

    /// What stands in front of the path.
    var prefix: [String] {
        switch self {
        case .ownGauge, .ownCounter, .ownTimer: []
        case .counters: ["stats", "counters"]
        case .gauges: ["stats", "gauges"]
        case .timers: ["stats", "timers"]
        case .oldCounts: ["stats_counts"]
        case .oldRates: ["stats"]
        }
    }

    var kind: Kind {
        switch self {
        case .ownGauge, .gauges: .gauge
        case .ownTimer, .timers: .timer
        default: .counter
        }
    }

    /// What may stand behind the path; empty where nothing does.
    var suffixes: [(name: String, field: GraphiteField)] {
        switch self {
        case .counters: [("count", .count), ("rate", .rate)]
        case .timers, .ownTimer: GraphiteField.ofTimers
        default: []
        }
    }

    /// Where nothing stands behind the path.
    private var plainField: GraphiteField {
        switch self {
        case .gauges: .heldGauge
        case .oldRates: .rate
        case .ownCounter, .oldCounts: .count
        default: .gauge
        }
    }

    /// The fields that the last component of a pattern means, with their names.
    func fields(_ last: GraphitePattern) -> [(name: String?, field: GraphiteField)] {
        if suffixes.isEmpty { return [(nil, plainField)] }
        if let literal = last.literal, kind == .timer {
            return GraphiteField.ofTimer(literal).map { [(literal, $0)] } ?? []
        }
        return suffixes.filter { last.matches($0.name) }.map { ($0.name, $0.field) }
    }

    /// The name of a field.
    func name(_ path: String, _ suffix: String?) -> String {
        (prefix + [path] + (suffix.map { [$0] } ?? [])).joined(separator: ".")
    }
}

/// A pattern, made into what it means in each namespace.
struct GraphiteQuery: Sendable {
    let components: [GraphitePattern]
    private let views: [View]

    /// What there is behind the prefix of a namespace.
    private struct View: Sendable {
        let namespace: GraphiteNamespace
        let path: ArraySlice<GraphitePattern>
        let fields: [(name: String?, field: GraphiteField)]
        /// What the paths begin with.
        let literal: String
    }

    /// A series that a statistic has.
    struct Found: Sendable {
        let name: String
        let field: GraphiteField
        let namespace: GraphiteNamespace
    }

    static let componentsMax = 130

    /// - Throws: ``QueryError/Code/malformed`` and ``QueryError/Code/limit``.
    init(_ pattern: String) throws(QueryError) {
        var components: [GraphitePattern] = []
        for part in Self.parts(pattern) { components.append(try GraphitePattern(part)) }
        guard components.count <= Self.componentsMax else {
            throw QueryError(.limit, "a path has more than \(Self.componentsMax) components")
        }
        self.components = components
        views = GraphiteNamespace.allCases.compactMap { Self.view($0, components) }
    }

    /// At the dots that are not in braces.
    private static func parts(_ pattern: String) -> [String] {
        var parts: [[UInt8]] = [[]]
        var inBraces = false
        for byte in pattern.utf8 {
            if byte == UInt8(ascii: "{") { inBraces = true }
            if byte == UInt8(ascii: "}") { inBraces = false }
            if byte == UInt8(ascii: "."), !inBraces { parts.append([]) } else { parts[parts.count - 1].append(byte) }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func view(_ namespace: GraphiteNamespace, _ components: [GraphitePattern]) -> View? {
        let prefix = namespace.prefix
        let suffixCount = namespace.suffixes.isEmpty ? 0 : 1
        guard let last = components.last, components.count > prefix.count + suffixCount,
            zip(prefix, components).allSatisfy({ $1.matches($0) })
        else { return nil }
        let fields = namespace.fields(last)
        if fields.isEmpty { return nil }
        let path = components[prefix.count..<(components.count - suffixCount)]
        let literals = path.prefix { $0.literal != nil }.compactMap(\.literal)
        return View(namespace: namespace, path: path, fields: fields, literal: literals.joined(separator: "."))
    }

    /// All that may be asked of some statistic.
    var fields: [GraphiteField] { views.flatMap { $0.fields.map(\.field) } }

    /// Whether nothing can match it.
    var isEmpty: Bool { views.isEmpty }

    /// What all paths begin with that may be meant.
    var pathPrefix: String {
        guard var common = views.first?.literal[...] else { return "" }
        for view in views.dropFirst() { while !view.literal.hasPrefix(common) { common = common.dropLast() } }
        return String(common)
    }

    /// The series of a statistic that are meant.
    func series(of key: StatisticKey) -> [Found] {
        var components: [Substring]?
        var found: [Found] = []
        for view in views where view.namespace.kind == key.kind && key.path.hasPrefix(view.literal) {
            let parts = components ?? key.path.split(separator: ".", omittingEmptySubsequences: false)
            components = parts
            guard parts.count == view.path.count, zip(view.path, parts).allSatisfy({ $0.matches($1) }) else { continue }
            for (suffix, field) in view.fields {
                found.append(
                    Found(name: view.namespace.name(key.path, suffix), field: field, namespace: view.namespace))
            }
        }
        return found
    }

    /// What statsd would have here, and this has not.
    var missingField: String? {
        guard let last = components.last?.literal, GraphiteField.isNotKept(last), components.count > 3,
            components[0].literal == "stats", components[1].literal == "timers"
        else { return nil }
        return last
    }
}
