import DattssCore

/// The numbers that a rule looked at in the past, as they are drawn: bins of some minutes, each from its smallest number to its largest.
///
/// A rule may fire because of a single minute, which a mean over its bin would not show.
struct BacktestCurve: Sendable {
    /// So many bins there are at most: more than a plot has pixels for.
    static let binsMax = 720

    let key: StatisticKey
    private let range: Range<Minute>
    private let stepMinutes: Int64
    private var bins: [(low: Double, high: Double)?]

    /// - Parameter minutes: of the statistic, sorted by minute.
    init(_ key: StatisticKey, _ measure: AlertMeasure, _ minutes: [MinutePoint], active: MinuteRuns, range: Range<Minute>) {
        (self.key, self.range) = (key, range)
        let count = range.upperBound.index - range.lowerBound.index
        stepMinutes = max(1, (count + Int64(Self.binsMax) - 1) / Int64(Self.binsMax))
        bins = Array(repeating: nil, count: Int((count + stepMinutes - 1) / stepMinutes))
        let points = Series.points(minutes, stepMinutes: 1)
        var next = 0
        for minute in active.clamped(to: range).minutes {
            var aggregate: Aggregate?
            while next < points.count, points[next].start <= minute {
                if points[next].start == minute { aggregate = points[next].aggregate }
                next += 1
            }
            // Before its first sample nothing is known of a statistic.
            guard next > 0 else { continue }
            let window = AlertWindow(key.kind, aggregate, last: aggregate?.last, isActive: true)
            guard let number = window.number(measure), number.isFinite else { continue }
            let place = Int((minute.index - range.lowerBound.index) / stepMinutes)
            bins[place] = bins[place].map { (min($0.low, number), max($0.high, number)) } ?? (number, number)
        }
    }

    /// Writes `"curve":{"subject":"c:a","step":1200,"points":[[1795329900,0,12],…]}`: the beginning of each bin in which anything is
    /// known, its smallest and its largest number.
    func write(_ json: inout JSONWriter) {
        json.object("curve") { json in
            json.member("subject", AlertSubject.statistic(key).description)
            json.member("step", stepMinutes * 60)
            json.array("points") { json in
                for (place, bin) in bins.enumerated() {
                    guard let bin else { continue }
                    json.array { json in
                        json.value(range.lowerBound.advanced(by: Int64(place) * stepMinutes).start.seconds)
                        json.value(bin.low)
                        json.value(bin.high)
                    }
                }
            }
        }
    }
}
