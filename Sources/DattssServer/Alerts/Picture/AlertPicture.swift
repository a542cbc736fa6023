import DattssCore
import DattssPipeline

/// The picture of a letter, and what stands in its place where none is shown.
struct AlertPicture: Sendable, Hashable {
    let png: [UInt8]
    let text: String

    /// So far back it goes.
    private static let minutes: Int64 = 360

    /// Draws what the first statistic of a message did.
    /// - Returns: nil when none of its entries is about a statistic of which there is anything to draw.
    /// - Throws: as reading the log does.
    static func of(_ message: AlertMessage, _ queries: Queries, _ user: UserID) async throws -> AlertPicture? {
        let entries = message.entries.filter { AlertSubject($0.subject)?.key != nil }
        guard !message.isTest, let entry = entries.first(where: \.isFiring) ?? entries.first,
            let key = AlertSubject(entry.subject)?.key
        else { return nil }
        let end = Timestamp(seconds: entry.at)
        let range = end.minute.advanced(by: -minutes)..<end.minute.advanced(by: 1)
        let found = try await queries.minutes(of: key, user: user, in: range)
        return AlertPicture(entry, key, found.aggregates, active: found.active, in: range)
    }

    /// - Parameter minutes: of the statistic, sorted by minute.
    init?(_ entry: AlertMessage.Entry, _ key: StatisticKey, _ minutes: [MinutePoint], active: MinuteRuns, in range: Range<Minute>) {
        let measure = AlertMeasure(rawValue: entry.measure)
        let isCompared = measure.map { $0.isNumber && $0 != .usual } ?? false
        // What has no number, or a score, is shown by what is mostly looked at of its kind.
        let usual: AlertMeasure =
            switch key.kind {
            case .counter: .sum
            case .gauge: .value
            case .timer: .average
            }
        let shown = isCompared ? measure ?? usual : usual
        let curve = BacktestCurve(key, shown, minutes, active: active, range: range)
        guard !curve.points.isEmpty else { return nil }
        let plot = AlertPlot(
            range: range.lowerBound.start.seconds..<entry.at, points: curve.points, stepSeconds: curve.stepSeconds,
            threshold: isCompared ? entry.threshold : nil, fired: entry.isFiring ? entry.since..<max(entry.since, entry.at) : 0..<0,
            value: isCompared ? entry.value : nil)
        guard let png = PNG.encode(plot.drawn()) else { return nil }
        self.png = png
        let (low, high) = (curve.points.map(\.low).min() ?? 0, curve.points.map(\.high).max() ?? 0)
        let limit = isCompared ? entry.threshold.map { "; the threshold is \(AlertMessage.Entry.short($0))" } ?? "" : ""
        text =
            "\(key.path) in the last hours: \(shown.rawValue) from \(AlertMessage.Entry.short(low)) to "
            + "\(AlertMessage.Entry.short(high))\(limit)"
    }
}

extension AlertSubject {
    /// The statistic, if it is one.
    fileprivate var key: StatisticKey? { if case .statistic(let key) = self { key } else { nil } }
}
