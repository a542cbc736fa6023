public import DattssCore

/// Which series are meant: of the statistics whose path, kind and labels are as wanted, certain fields.
public struct Selection: Sendable, Hashable {
    /// What the path has to be like; nil for any.
    public var pattern: PathPattern?
    /// The kinds; nil for all.
    public var kinds: Set<Kind>?
    /// Which fields; nil for those that the matchers say.
    public var fields: Set<MetricField>?
    /// All of them have to hold.
    public var matchers: [LabelMatcher]

    /// Makes a selection of its parts.
    public init(
        _ pattern: PathPattern? = nil, kinds: Set<Kind>? = nil, fields: Set<MetricField>? = nil, matchers: [LabelMatcher] = []
    ) {
        (self.pattern, self.kinds, self.fields, self.matchers) = (pattern, kinds, fields, matchers)
    }

    /// The fields of a statistic that are meant, with the labels that tell them.
    /// - Parameter distributions: whether those are wanted that are distributions, or the others.
    func names(of key: StatisticKey, distributions: Bool) -> [MetricName] {
        if let kinds, !kinds.contains(key.kind) { return [] }
        if let pattern, !pattern.matches(key.path) { return [] }
        let possible = possibleFields
        return MetricField.of(key.kind).filter { $0.isDistribution == distributions && possible.contains($0) }
            .map { MetricName(key, $0) }
            .filter { name in
                let labels = name.labels
                return matchers.allSatisfy { $0.matches(labels, base: name.base) }
            }
    }

    /// The fields that there may be, as far as the metric's name tells.
    var possibleFields: Set<MetricField> {
        let fields = fields ?? Set(MetricField.allCases)
        guard let name = exactName else { return fields }
        guard let field = MetricName.parse(name)?.field else { return [] }
        return fields.intersection([field])
    }

    /// What all paths begin with that may be meant.
    var pathPrefix: String {
        if let name = exactName, let base = MetricName.parse(name)?.base { return base }
        return pattern?.prefix ?? ""
    }

    private var exactName: String? {
        matchers.first { $0.name == Labels.nameLabel && $0.comparison == .equal && !$0.value.isEmpty }?.value
    }
}

/// A condition on a label. A label that is not there has the empty value.
///
/// `n0`, `n1`, … are the components of the path that are no tags; they can be asked for though they are no labels of the series.
public struct LabelMatcher: Sendable, Hashable {
    /// The name of the label.
    public let name: String
    /// How its value is compared.
    public let comparison: Comparison
    /// What it is compared with: a value, or a regular expression that has to match the whole of it.
    public let value: String
    private let pattern: LinearPattern?

    /// How values are compared.
    public enum Comparison: String, Sendable, Hashable {
        case equal = "="
        case unequal = "!="
        case like = "=~"
        case unlike = "!~"
    }

    /// - Throws: for a regular expression that is none.
    public init(_ name: String, _ comparison: Comparison, _ value: String) throws(QueryError) {
        (self.name, self.comparison, self.value) = (name, comparison, value)
        pattern = comparison == .like || comparison == .unlike ? try LinearPattern(value) : nil
    }

    /// Whether it holds for the empty value, so that it selects nothing by itself.
    public var matchesEmpty: Bool { matches("") }

    func matches(_ labels: Labels, base: String) -> Bool {
        matches(PathLabel.value(of: name, in: labels, base: base))
    }

    private func matches(_ actual: String) -> Bool {
        switch comparison {
        case .equal: actual == value
        case .unequal: actual != value
        case .like: pattern?.matches(actual) ?? false
        case .unlike: !(pattern?.matches(actual) ?? true)
        }
    }
}

/// The components of a path as labels.
enum PathLabel {
    /// A label, or a component of the path.
    /// - Parameter base: the path without tags; nil for what is not of a single statistic any more.
    static func value(of name: String, in labels: Labels, base: String?) -> String {
        let value = labels[name]
        guard value.isEmpty, let base, let index = index(name) else { return value }
        return MetricName.component(index, ofBase: base) ?? ""
    }

    /// `n0` to `n99`
    static func index(_ name: String) -> Int? {
        guard name.utf8.count <= 3, name.hasPrefix("n"), let index = Int(name.dropFirst()), index >= 0, "n\(index)" == name else {
            return nil
        }
        return index
    }
}
