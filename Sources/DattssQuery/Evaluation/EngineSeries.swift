/// A series of an answer: a number, or a gap, for each instant.
public struct ResultSeries: Sendable, Hashable {
    /// What tells it from the others.
    public var labels: Labels
    /// For each instant; see ``Swift/Double/isGap``.
    public var values: [Double]
    /// The path without tags, as long as it is of one statistic only: for grouping by its components.
    var base: String?

    func label(_ name: String) -> String { PathLabel.value(of: name, in: labels, base: base) }

    /// The labels that tell its group.
    func labels(in grouping: Grouping) -> Labels {
        switch grouping {
        case .by(let names): Labels(names.map { Label($0, label($0)) })
        case .without(let names): labels.filtered { $0 != Labels.nameLabel && !names.contains($0) }
        }
    }
}

/// What an expression comes to.
public enum QueryValue: Sendable, Hashable {
    /// A number for each instant.
    case scalar([Double])
    case series([ResultSeries])
}

/// An answer, and what has to be said about it.
public struct QueryAnswer: Sendable, Hashable {
    /// The instants.
    public var grid: TimeGrid
    /// What was found for each of them.
    public var value: QueryValue
    /// Sentences about what is not exact.
    public var warnings: [String]
}
