/// A target of Graphite, read but not worked out.
indirect enum GraphiteNode: Sendable, Hashable {
    /// Which series are meant, with globs.
    case path(String)
    case call(String, [GraphiteNode], named: [String: GraphiteNode])
    /// A number, and as Python would write it.
    case number(Double, text: String)
    case string(String)
    case boolean(Bool)
    case none

    /// What error messages call it.
    var description: String {
        switch self {
        case .path(let path): path
        case .call(let name, _, _): "\(name)(…)"
        case .number(_, let text): text
        case .string(let text): "\"\(text)\""
        case .boolean(let value): value ? "true" : "false"
        case .none: "none"
        }
    }

    /// The first path in it, depth first along the first arguments.
    var firstPath: String? {
        switch self {
        case .path(let path): path
        case .call(_, let arguments, _): arguments.first?.firstPath
        default: nil
        }
    }
}
