/// Finds the rules that are about a name without asking each of them.
///
/// Rules about one name are found by it. Patterns are found by what stands in front of their first wildcard, for each length that
/// there is of that: with many patterns, few of them are tried.
public struct AlertRuleIndex: Sendable {
    private var byName: [String: [Int]] = [:]
    private var byPrefix: [Int: [[UInt8]: [Int]]] = [:]
    private let rules: [AlertRule]

    /// An index of rules about statistics.
    public init(_ rules: [AlertRule]) {
        self.rules = rules
        for (position, rule) in rules.enumerated() where rule.measure != .process && rule.isEnabled {
            if rule.match.isName {
                byName[rule.match.description, default: []].append(position)
            } else {
                let prefix = rule.match.literalPrefix
                byPrefix[prefix.count, default: [:]][prefix, default: []].append(position)
            }
        }
    }

    /// Whether there is no rule about any statistic.
    public var isEmpty: Bool { byName.isEmpty && byPrefix.isEmpty }

    /// How many rules have a pattern, which has to be tried.
    public var patternCount: Int { byPrefix.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1.count } } }

    /// The positions of the rules that are about a statistic, ascending.
    public func rules(of key: StatisticKey) -> [Int] { candidates(of: key).filter { rules[$0].matches(key) }.sorted() }

    /// Whether any rule is about a statistic.
    public func hasRule(of key: StatisticKey) -> Bool { candidates(of: key).contains { rules[$0].matches(key) } }

    /// Rules of this name, and those whose patterns begin as it does.
    private func candidates(of key: StatisticKey) -> [Int] {
        var found = byName[key.path] ?? []
        if !byPrefix.isEmpty {
            let path = Array(key.path.utf8)
            for (length, prefixes) in byPrefix where length <= path.count {
                found += prefixes[Array(path[..<length])] ?? []
            }
        }
        return found
    }
}
