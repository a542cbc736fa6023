internal import DattssCore

/// Builds the text that ``AggregateExport`` writes.
struct OpenMetricsText {
    var bytes: [UInt8] = []
    private(set) var valueCount = 0
    private var family = 0

    /// The eight numbers under their names on the wire.
    static let families: [(name: String, help: String)] = [
        ("sum", "The sum of the samples of a minute."),
        ("cnt", "How many samples a minute has."),
        ("max", "The largest sample of a minute."),
        ("min", "The smallest sample of a minute."),
        ("top", "The 90th percentile of the samples of a minute."),
        ("bot", "The 10th percentile of the samples of a minute."),
        ("fst", "The first sample of a minute."),
        ("lst", "The last sample of a minute."),
    ]

    /// - Parameter number: which of ``families``.
    mutating func beginFamily(_ number: Int) {
        family = number
        let (name, help) = Self.families[number]
        append("# TYPE dattss_\(name) gauge\n# HELP dattss_\(name) \(help)\n")
    }

    /// - Parameter points: one a minute, by minute.
    mutating func append(_ points: [HistorySlice.Point], of key: StatisticKey) {
        // Nothing in the alphabet of paths has to be escaped.
        let series = Array(
            "dattss_\(Self.families[family].name){type=\"\(key.kind.symbol)\",path=\"\(key.path)\"} ".utf8)
        for point in points {
            bytes.append(contentsOf: series)
            bytes.append(shortest: value(point.aggregate))
            append(" \(point.minute.index * 60)\n")
            valueCount += 1
        }
    }

    mutating func end() { append("# EOF\n") }

    private func value(_ aggregate: Aggregate) -> Double {
        switch family {
        case 0: aggregate.sum
        case 1: Double(aggregate.count)
        case 2: aggregate.max
        case 3: aggregate.min
        case 4: aggregate.top
        case 5: aggregate.bottom
        case 6: aggregate.first
        default: aggregate.last
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}
