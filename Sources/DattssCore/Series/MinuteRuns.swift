/// A set of minutes, as its runs of neighbours: a user who sends all the time has few of them.
///
/// Invariant: runs are not empty, ascend, and do not touch each other.
public struct MinuteRuns: Sendable, Hashable {
    /// The runs, ascending.
    public private(set) var runs: [Range<Minute>] = []

    /// No minutes.
    public init() {}

    /// The set of some minutes, in any order; repeats count once.
    public init(_ minutes: some Sequence<Minute>) {
        for minute in minutes.sorted() { append(minute..<minute.advanced(by: 1)) }
    }

    /// Whether there is no minute.
    public var isEmpty: Bool { runs.isEmpty }

    /// How many minutes there are.
    public var count: Int { runs.reduce(0) { $0 + $1.count } }

    /// Every minute, ascending.
    public var minutes: some Sequence<Minute> { runs.lazy.joined() }

    /// Adds minutes of which the first does not lie before the start of the last run.
    public mutating func append(_ run: Range<Minute>) {
        if run.isEmpty { return }
        guard let last = runs.last, run.lowerBound <= last.upperBound else {
            runs.append(run)
            return
        }
        precondition(run.lowerBound >= last.lowerBound, "runs ascend")
        runs[runs.count - 1] = last.lowerBound..<max(last.upperBound, run.upperBound)
    }

    /// Adds all minutes of another set.
    public mutating func formUnion(_ other: MinuteRuns) {
        if other.isEmpty { return }
        let ours = runs
        runs = []
        var (a, b) = (ours[...], other.runs[...])
        while let first = a.first, let second = b.first {
            append(first.lowerBound <= second.lowerBound ? a.removeFirst() : b.removeFirst())
        }
        for run in a { append(run) }
        for run in b { append(run) }
    }

    /// The minutes that lie in a range.
    public func clamped(to range: Range<Minute>) -> MinuteRuns {
        var clamped = MinuteRuns()
        for run in runs { clamped.append(run.clamped(to: range)) }
        return clamped
    }
}
