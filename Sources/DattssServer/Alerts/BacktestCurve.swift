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

    private init(_ key: StatisticKey, _ range: Range<Minute>) {
        (self.key, self.range) = (key, range)
        let count = range.upperBound.index - range.lowerBound.index
        stepMinutes = max(1, (count + Int64(Self.binsMax) - 1) / Int64(Self.binsMax))
        bins = Array(repeating: nil, count: Int((count + stepMinutes - 1) / stepMinutes))
    }

    /// How unusual a statistic was.
    init(_ key: StatisticKey, _ scores: UsualScores, range: Range<Minute>) {
        self.init(key, range)
        for minute in range {
            if let score = scores.score(of: key, at: SlotView.lastSlot(of: minute)) { take(score, in: minute) }
        }
    }

    /// - Parameter minutes: of the statistic, sorted by minute.
    init(_ key: StatisticKey, _ measure: AlertMeasure, _ minutes: [MinutePoint], active: MinuteRuns, range: Range<Minute>) {
        self.init(key, range)
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
            take(number, in: minute)
        }
    }

    var stepSeconds: Int64 { stepMinutes * 60 }

    /// The beginning of each bin in which anything is known, in seconds since 1970, its smallest and its largest number.
    var points: [(at: Int64, low: Double, high: Double)] {
        bins.enumerated().compactMap { place, bin in
            bin.map { (range.lowerBound.advanced(by: Int64(place) * stepMinutes).start.seconds, $0.low, $0.high) }
        }
    }

    private mutating func take(_ number: Double, in minute: Minute) {
        let place = Int((minute.index - range.lowerBound.index) / stepMinutes)
        bins[place] = bins[place].map { (min($0.low, number), max($0.high, number)) } ?? (number, number)
    }

    /// Writes `"curve":{"subject":"c:a","step":1200,"points":[[1795329900,0,12],…]}`: the beginning of each bin in which anything is
    /// known, its smallest and its largest number.
    func write(_ json: inout JSONWriter) {
        json.object("curve") { json in
            json.member("subject", AlertSubject.statistic(key).description)
            json.member("step", stepSeconds)
            json.array("points") { json in
                for point in points {
                    json.array { json in
                        json.value(point.at)
                        json.value(point.low)
                        json.value(point.high)
                    }
                }
            }
        }
    }
}
