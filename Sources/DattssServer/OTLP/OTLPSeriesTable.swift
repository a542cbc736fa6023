import DattssCore

/// The series of one user, in the order in which they were last heard of: a hash table of places in an array, in which they form
/// a list. Everything takes constant time.
///
/// A series is only forgotten to make room for another one, and only after it was silent for long. One that returns then must
/// not be counted a second time: ``knownSince`` rises to the latest start of those forgotten, and what began no later than that
/// counts from its first point on.
struct OTLPSeriesTable: Sendable {
    private var places: [OTLPSeriesKey: Int32] = [:]
    private var entries: [Entry] = []
    private var free: [Int32] = []
    /// Heard of longest ago, and last; -1 for none.
    private var (oldest, newest): (Int32, Int32) = (-1, -1)
    private var weight = 0
    private let weightMax: Int
    private(set) var knownSince: UInt64

    private struct Entry: Sendable {
        var key: OTLPSeriesKey
        var series: OTLPSeries
        var seen: Timestamp
        /// The same by the uptime, which tells how long it has been silent.
        var heardAt: Int64
        var older: Int32 = -1
        var newer: Int32 = -1
    }

    /// - Parameter weightMax: how many numbers are kept of all series; 32 MB of them.
    init(knownSince: UInt64, weightMax: Int = 4_000_000) { (self.knownSince, self.weightMax) = (knownSince, weightMax) }

    var count: Int { places.count }

    /// The latest start of any of them; of one that has none, when it was heard of.
    var latestStart: UInt64 { places.values.reduce(knownSince) { max($0, Self.start(of: entries[Int($1)])) } }

    subscript(key: OTLPSeriesKey) -> OTLPSeries? { places[key].map { entries[Int($0)].series } }

    /// - Returns: false, and nothing changed, when there is no room for it.
    mutating func set(_ key: OTLPSeriesKey, _ series: OTLPSeries, at now: Moment, limits: Limits) -> Bool {
        let place = places[key]
        let more = series.weight - (place.map { entries[Int($0)].series.weight } ?? 0)
        while weight + more > weightMax || (place == nil && count >= limits.liveStatisticsPerUser) {
            guard oldest >= 0, oldest != place, Self.isIdle(since: entries[Int(oldest)].heardAt, at: now, limits) else {
                return false
            }
            forget(oldest)
        }
        weight += more
        if let place {
            unlink(place)
            entries[Int(place)].series = series
            (entries[Int(place)].seen, entries[Int(place)].heardAt) = (now.time, now.uptimeMilliseconds)
            link(place)
        } else {
            let place = insert(Entry(key: key, series: series, seen: now.time, heardAt: now.uptimeMilliseconds))
            places[key] = place
            link(place)
        }
        return true
    }

    /// Puts back what it was before: of an export that was not taken in.
    mutating func restore(_ key: OTLPSeriesKey, _ series: OTLPSeries) {
        guard let place = places[key] else { return }
        weight += series.weight - entries[Int(place)].series.weight
        entries[Int(place)].series = series
    }

    mutating func remove(_ key: OTLPSeriesKey) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        weight -= entries[Int(place)].series.weight
        // Its memory goes now, its place with the next one.
        entries[Int(place)].series = OTLPSeries()
        free.append(place)
    }

    /// Whether nothing was heard for as long as a statistic stays in memory, wherever the clock was set to meanwhile.
    static func isIdle(since heardAt: Int64, at now: Moment, _ limits: Limits) -> Bool {
        now.uptimeMilliseconds - heardAt >= limits.idleSeconds * 1000
    }

    private mutating func forget(_ place: Int32) {
        knownSince = max(knownSince, Self.start(of: entries[Int(place)]))
        remove(entries[Int(place)].key)
    }

    private mutating func insert(_ entry: Entry) -> Int32 {
        guard let place = free.popLast() else {
            entries.append(entry)
            return Int32(entries.count - 1)
        }
        entries[Int(place)] = entry
        return place
    }

    private static func start(of entry: Entry) -> UInt64 { max(entry.series.latestStart, entry.seen.nanoseconds) }

    private mutating func link(_ place: Int32) {
        entries[Int(place)].older = newest
        entries[Int(place)].newer = -1
        if newest >= 0 { entries[Int(newest)].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func unlink(_ place: Int32) {
        let (older, newer) = (entries[Int(place)].older, entries[Int(place)].newer)
        if older >= 0 { entries[Int(older)].newer = newer } else { oldest = newer }
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
    }
}

extension Timestamp {
    /// Since 1970, as OpenTelemetry counts; 0 for what is before.
    var nanoseconds: UInt64 {
        let (nanoseconds, overflow) = UInt64(max(0, milliseconds)).multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : nanoseconds
    }
}
