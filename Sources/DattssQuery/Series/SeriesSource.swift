public import DattssCore

/// Where the engine gets statistics from: those of one user.
public protocol SeriesSource: Sendable {
    /// Hands out what there is, in whatever order, statistic by statistic or minute by minute.
    ///
    /// What a sink refuses it is not given; when it says stop, the call returns. May begin anew, with ``SeriesSink/restart()``.
    /// - Returns: the minutes in which the user sent anything; where only hours are left, all minutes of such hours.
    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns
}

/// What the engine wants to know.
public struct SeriesRequest: Sendable, Hashable {
    /// From when to when.
    public var minutes: Range<Minute>
    /// What the paths of all statistics begin with that are of interest. The sink may refuse some of them all the same.
    public var pathPrefix: String
    /// Whether aggregates are to have their sketches.
    public var withSketches: Bool
    /// Whether the totals of counters are wanted, as far as they are known: then all later points are needed, too.
    public var withTotals: Bool

    /// Minutes that need not be told apart, nor which of their samples came last: they may come as one point, or as those of whole hours.
    public var spans: MinuteSpans?

    /// Makes a request of its parts.
    public init(minutes: Range<Minute>, pathPrefix: String, withSketches: Bool, withTotals: Bool, merging spans: MinuteSpans? = nil)
    {
        (self.minutes, self.pathPrefix) = (minutes, pathPrefix)
        (self.withSketches, self.withTotals, self.spans) = (withSketches, withTotals, spans)
    }
}

/// Where the points of statistics go.
protocol PointTable: AnyObject {
    /// The number of a statistic; nil for one that is not wanted.
    func slot(of key: StatisticKey) throws(QueryError) -> Int?
    func add(_ point: borrowing MinutePoint, isHour: Bool, to slot: Int)
    func setTotal(of slot: Int, sum: Double)
    /// Forgets all points, but no number.
    func removePoints()
    /// - Throws: when the points take more than they may.
    func checkMemory() throws(QueryError)
}

/// What takes the points in. Used by one task at a time.
public final class SeriesSink {
    private let table: any PointTable
    private let watch: QueryWatch
    private var slots: [StatisticKey: Int] = [:]
    private var untilCheck = 0
    private(set) var failure: QueryError?

    /// A number for a statistic that is wanted.
    public static let refused = -1

    init(_ table: any PointTable, _ watch: QueryWatch) { (self.table, self.watch) = (table, watch) }

    /// Statistics that have a number already, from another read into the same table.
    func know(_ slot: Int, _ key: StatisticKey) { slots[key] = slot }

    /// The number of a statistic, or ``refused``.
    public func slot(of key: StatisticKey) -> Int {
        if let slot = slots[key] { return slot }
        var slot = Self.refused
        do throws(QueryError) { slot = try table.slot(of: key) ?? Self.refused } catch { failure = error }
        slots[key] = slot
        return slot
    }

    /// Takes in a point of a minute, or of an hour that begins with its minute.
    /// - Returns: false when no more is wanted.
    public func add(_ point: MinutePoint, isHour: Bool, to slot: Int) -> Bool {
        untilCheck -= 1
        if untilCheck < 0 {
            untilCheck = 1000
            do throws(QueryError) {
                try watch.check()
                try table.checkMemory()
            } catch {
                failure = error
            }
        }
        if failure == nil, slot >= 0 { table.add(point, isHour: isHour, to: slot) }
        return failure == nil
    }

    /// Whether somebody still wants more: to be asked where much is read of which nothing is handed out.
    public func isWanted() -> Bool {
        if failure == nil { do throws(QueryError) { try watch.check() } catch { failure = error } }
        return failure == nil
    }

    /// The statistics that are wanted so far, by their numbers.
    public var keys: [(slot: Int, key: StatisticKey)] { slots.filter { $0.value >= 0 }.map { ($0.value, $0.key) } }

    /// The sum of all that a counter has counted up to the last point there is, those behind the minutes asked for included.
    public func setTotal(of slot: Int, sum: Double) { table.setTotal(of: slot, sum: sum) }

    /// Forgets all points.
    public func restart() { table.removePoints() }
}
