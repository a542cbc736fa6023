/// What somebody may do with the statistics of a user: each role may do what those before it may, too.
public enum TeamRole: String, Sendable, Hashable, CaseIterable {
    /// Looks at everything, and changes nothing. Sees no keys.
    case view
    /// Also changes what is kept beside the statistics: alerts, silences, marks, favourites and units; and stops programs.
    case edit
    /// Also has the keys, and says who is in the team.
    case administer
    /// Whose the statistics are. Nobody is given this role, and nobody loses it.
    case owner

    /// Those that can be given.
    public static let given: [TeamRole] = [.view, .edit, .administer]

    /// What somebody of this role does, as the end of a sentence.
    public var words: String {
        switch self {
        case .view: "to look at them"
        case .edit: "to look at them and to change alerts, marks and favourites"
        case .administer: "to look at them, to change alerts, marks and favourites, and to administer keys and the team"
        case .owner: "which are yours"
        }
    }

    /// A role that can be given, by its name; nil for any other.
    public init?(given name: String) {
        guard let role = Self.given.first(where: { $0.rawValue == name }) else { return nil }
        self = role
    }
}

extension TeamRole: Comparable {
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (a: TeamRole, b: TeamRole) -> Bool { a.rank < b.rank }
}
