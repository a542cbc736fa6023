public import DattssCore
import DattssLog

/// Every statistic of a user as it was at a moment that is over.
///
/// What the log has of it are minutes. So a statistic is what the last minute in which it was sent left of it, and the window of the last
/// minute is that minute; with hours instead of minutes where the time of minutes is over. A running total is not kept minute by minute:
/// there is none.
public struct PastStatus: Sendable {
    /// The moment it is of: where the last minute, or hour, ends that was over then.
    public var at: Timestamp
    /// How many minutes the window of a statistic is: 1, or 60 where only hours are left.
    public var stepMinutes: Int64
    /// Sorted by path.
    public var statistics: [StatisticStatus]
}

/// Why a question about the past is not answered.
public enum PastError: Error, Sendable, Hashable {
    /// There were more statistics than may be answered.
    case tooMany(Int)
    /// It took too long, or nobody waited for the answer any more.
    case ended
}

extension Queries {
    /// The state of a user's statistics as it was when a minute began: of all that were sent in the time before.
    ///
    /// Most were sent in the last minutes. So these are read first, with sketches; of what is older only those statistics that were not
    /// found in them.
    /// - Parameters:
    ///   - idleMinutes: how long ago a statistic may have been sent last; one that was silent for longer has left the status.
    ///   - countMax: how many statistics may be answered.
    ///   - isWanted: asked again and again; false ends it.
    /// - Throws: ``PastError``, and as reading the log does.
    public func status(
        of user: UserID, before end: Minute, idleMinutes: Int64, atMost countMax: Int, isWanted: @escaping @Sendable () -> Bool
    ) async throws -> PastStatus {
        let isHourly = try history.hasOnlyHours(of: user, at: end.advanced(by: -1))
        let step: Int64 = isHourly ? 60 : 1
        let edge = Minute(end.index.flooredQuotient(by: step) * step)
        let collector = PastCollector(countMax: countMax, isWanted: isWanted)
        // From the end backwards; each begins where the one before it ended.
        let reaches = [isHourly ? step : 2, 60, 6 * 60, idleMinutes].map { min($0, idleMinutes) }
        var later = edge
        for (place, reach) in reaches.enumerated() where edge.advanced(by: -reach) < later {
            let range = edge.advanced(by: -reach)..<later
            let request = SurveyRequest(user: user, prefix: "", minutes: range, withSketches: place == 0, withTotals: false)
            _ = try await survey(request, into: collector.reader)
            try collector.settle()
            later = range.lowerBound
        }
        let statistics = collector.statuses(before: edge, stepMinutes: step)
        return PastStatus(at: edge.start, stepMinutes: step, statistics: statistics)
    }
}
