/// A name and what it is for a series.
public struct Label: Sendable, Hashable, Comparable {
    /// What it is called: `__name__`, or the key of a tag.
    public var name: String
    /// What it is for a series; never empty.
    public var value: String

    /// Makes a label of its parts.
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

    public static func < (a: Label, b: Label) -> Bool { (a.name, a.value) < (b.name, b.value) }
}

/// What tells a series from others: labels, sorted by name, each name once. An empty value is the same as no label.
public struct Labels: Sendable, Hashable, Comparable {
    /// Sorted by name.
    public private(set) var all: [Label]

    /// Where the name of the metric is.
    public static let nameLabel = "__name__"

    /// No labels.
    public init() { all = [] }

    /// - Parameter labels: in any order, each name once.
    public init(_ labels: [Label]) { all = labels.filter { !$0.value.isEmpty }.sorted() }

    /// The value of a label; empty where there is none.
    public subscript(name: String) -> String {
        get { all.first { $0.name == name }?.value ?? "" }
        set { self = Labels(all.filter { $0.name != name } + [Label(name, newValue)]) }
    }

    /// Without the metric's name, which what was computed has none of.
    public var withoutName: Labels { filtered { $0 != Self.nameLabel } }

    /// Only those whose name is wanted.
    public func filtered(_ isWanted: (String) -> Bool) -> Labels {
        var labels = Labels()
        labels.all = all.filter { isWanted($0.name) }
        return labels
    }

    public static func < (a: Labels, b: Labels) -> Bool { a.all.lexicographicallyPrecedes(b.all) }
}
