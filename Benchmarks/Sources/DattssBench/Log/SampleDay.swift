import DattssCore
import DattssServer
import DattssLog

/// One day of ``SampleStatistics``, in the forms in which it is measured.
struct SampleDay {
    private let points: [[(minute: Minute, aggregate: Aggregate)]]
    /// Sorted by key, as a block has them; several may share the points of one.
    private let rows: [(key: StatisticKey, source: Int)]
    private let midnight: Minute

    static let user = UserID.local

    /// - Parameters:
    ///   - day: counted from the first.
    ///   - count: how many statistics; where that is more than the generator has, its points are used again under other names.
    init(_ statistics: SampleStatistics, day: Int, count: Int) {
        points = (0..<min(count, statistics.statistics)).map { statistics.points(of: $0, day: day) }
        let sources = points.count
        rows = (0..<count).map { (statistics.key($0), $0 % sources) }.sorted { $0.key < $1.key }
        midnight = Minute((SampleStatistics.firstDay + Int64(day)) * Minute.perDay)
    }

    /// How many aggregates it has.
    var count: Int { rows.reduce(0) { $0 + points[$1.source].count } }

    /// How many of them have a sketch.
    var sketchCount: Int {
        rows.reduce(0) { $0 + (points[$1.source].first?.aggregate.packedSketch == nil ? 0 : points[$1.source].count) }
    }

    /// Minute by minute, as a server writes them.
    func forEachBlock(withSketches: Bool, _ body: (MinuteBlock) throws -> Void) rethrows {
        var positions = [Int](repeating: 0, count: points.count)
        for minute in 0..<Minute.perDay {
            let minute = midnight.advanced(by: minute)
            let current = points.indices.map { source -> Aggregate? in
                let position = positions[source]
                guard position < points[source].count, points[source][position].minute == minute else { return nil }
                positions[source] += 1
                var aggregate = points[source][position].aggregate
                if !withSketches { aggregate.packedSketch = nil }
                return aggregate
            }
            let partials = rows.compactMap { row in current[row.source].map { Partial(row.key, $0) } }
            guard !partials.isEmpty else { continue }
            try body(
                MinuteBlock(minute: minute, through: nil, users: [UserMinute(user: Self.user, aggregates: partials)]))
        }
    }

    /// Statistic by statistic.
    func forEachSeries(_ body: (StatisticKey, [HistorySlice.Point]) throws -> Void) rethrows {
        for row in rows {
            try body(row.key, points[row.source].map { HistorySlice.Point(minute: $0.minute, aggregate: $0.aggregate) })
        }
    }

    /// The table of `dattss log export`, minute by minute or statistic by statistic, without sketches.
    func csv(byStatistic: Bool) -> [UInt8] {
        var table = AggregateLineWriter(AggregateColumns(hasSketch: false, hasExtras: false))
        table.appendHeader()
        if byStatistic {
            forEachSeries { key, points in for point in points { table.append(point.minute, key, point.aggregate) } }
        } else {
            forEachBlock(withSketches: false) { block in
                for partial in block.users[0].aggregates { table.append(block.minute, partial.key, partial.aggregate) }
            }
        }
        return table.bytes
    }
}
