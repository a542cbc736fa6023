/// An expression of PromQL as it is written.
struct PromQLNode: Hashable {
    indirect enum Kind: Hashable {
        case number(Double)
        case string(String)
        case selector(PromQLSelector)
        case call(String, [PromQLNode])
        case aggregation(String, Grouping, parameter: PromQLNode?, PromQLNode)
        case binary(Operator, Matching?, PromQLNode, PromQLNode)
        case negated(PromQLNode)
    }

    var kind: Kind
    /// Where it begins.
    var offset: Int
}

/// `name{label="value"}[range] offset duration`
struct PromQLSelector: Hashable {
    var matchers: [LabelMatcher]
    /// nil: of an instant.
    var rangeMilliseconds: Int64?
    var offsetMilliseconds: Int64 = 0
}
