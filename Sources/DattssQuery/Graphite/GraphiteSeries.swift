/// A series as Graphite has it: values at equal distances, with gaps (``Swift/Double/isNaN``) where there is none.
public struct GraphiteSeries: Sendable, Hashable {
    /// What it is called in an answer.
    public var name: String
    /// What it came from, for the names of what is made of it.
    var pathExpression: String
    /// The time of the first value, in seconds since 1970.
    public internal(set) var start: Int
    /// Behind the last one.
    var end: Int
    /// Seconds from one value to the next, at least 1.
    public internal(set) var step: Int
    /// Before they are consolidated.
    var values: [Double]
    /// How several values become one when there are more than are wanted.
    var consolidation = "average"
    /// How many become one.
    var valuesPerPoint = 1
    /// Which part of the values have to be there, so that one can be made of them.
    var xFilesFactor: Double
    /// The tags in its path, by their names.
    public internal(set) var tags: [String: String] = [:]

    init(_ name: String, start: Int, end: Int, step: Int, _ values: [Double], xFilesFactor: Double) {
        (self.name, pathExpression, self.start, self.end) = (name, name, start, end)
        (self.step, self.values, self.xFilesFactor) = (max(1, step), values, xFilesFactor)
    }

    /// The same with another name, which stands for all that it is made of from now on.
    func renamed(_ name: String, _ values: [Double]? = nil) -> GraphiteSeries {
        var series = self
        (series.name, series.pathExpression) = (name, name)
        if let values { series.values = values }
        return series
    }

    /// Another series in its place: its values as they are, consolidated.
    func replaced(_ name: String, start: Int? = nil, end: Int? = nil, step: Int? = nil, _ values: [Double]) -> GraphiteSeries {
        var series = GraphiteSeries(
            name, start: start ?? self.start, end: end ?? self.end, step: step ?? self.step, values, xFilesFactor: xFilesFactor)
        (series.consolidation, series.tags) = (consolidation, tags)
        return series
    }

    /// The values, as many of them together as one point stands for.
    public var points: [Double] {
        guard valuesPerPoint > 1 else { return values }
        return stride(from: 0, to: values.count, by: valuesPerPoint).map { from in
            let part = values[from..<min(from + valuesPerPoint, values.count)]
            let present = part.filter { !$0.isNaN }
            guard !present.isEmpty, Double(present.count) / Double(valuesPerPoint) >= xFilesFactor else { return .gap }
            switch consolidation {
            case "sum": return present.reduce(0, +)
            case "max": return present.max() ?? .gap
            case "min": return present.min() ?? .gap
            case "first": return present[0]
            case "last": return present[present.count - 1]
            case "avg_zero": return present.reduce(0, +) / Double(part.count)
            default: return present.reduce(0, +) / Double(present.count)
            }
        }
    }

    static let consolidations: Set<String> = ["sum", "average", "avg", "avg_zero", "max", "min", "first", "last"]

    /// Seconds from one of its ``points`` to the next.
    public var pointSeconds: Int { step * valuesPerPoint }

    /// Makes it at most so many points, as graphite-web does it: bands of points begin at multiples of their width, so that they are
    /// the same whenever somebody asks.
    /// - Parameter range: from the first value of all series to the end of the last one, in seconds.
    public mutating func consolidate(toPoints wanted: Int, range: Int) {
        guard wanted > 1 else {
            valuesPerPoint = max(1, values.count)
            return
        }
        let number = Double(range) / Double(step)
        guard Double(wanted) < number else { return }
        let perPoint = Int((number / Double(wanted)).rounded(.up))
        let width = perPoint * step
        let nudge = width + start % step - start % width
        start += nudge
        values.removeFirst(min(values.count, max(0, nudge / step - 1)))
        valuesPerPoint = perPoint
    }

    /// The end that an answer as a whole reaches to.
    public var endSeconds: Int { end }
}

/// Several series with one step, value by value.
struct NormalizedSeries {
    var start: Int
    var end: Int
    var step: Int
    /// One row a point, of as many values as there are series.
    private let columns: [[Double]]
    let count: Int

    /// nil when there is no series.
    init?(_ series: [GraphiteSeries]) {
        guard let first = series.first else { return nil }
        let step = series.dropFirst().reduce(first.step) { Self.leastCommonMultiple($0, $1.step) }
        columns = series.map { one in
            var one = one
            one.valuesPerPoint = max(1, step / one.step)
            return one.points
        }
        start = series.map(\.start).min() ?? 0
        end = series.map(\.end).max() ?? 0
        end -= (end - start) % step
        self.step = step
        count = columns.map(\.count).max() ?? 0
    }

    func row(_ index: Int) -> [Double] { columns.map { index < $0.count ? $0[index] : .gap } }

    func map(_ body: ([Double]) -> Double) -> [Double] { (0..<count).map { body(row($0)) } }

    private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
        var (x, y) = (a, b)
        while y != 0 { (x, y) = (y, x % y) }
        let (product, overflows) = (a / x).multipliedReportingOverflow(by: b)
        return overflows ? max(a, b) : product
    }
}
