import DattssCore
import DattssLog
import DattssQuery
import LibC

/// Measures questions about sealed files, in a release build:
///
///     QueryBench FOLDER [TIMERS]     1,000 timers by default
///
/// FOLDER keeps what is asked about: it is filled when it is not there. A line of the output is a name, a figure, its unit, what the same
/// takes when nothing is merged before it is handed out (or nothing), and what is wanted (or nothing), with tabs between. All are
/// processor time, the least of three runs, which other programs disturb less than the time on the wall.
@main enum QueryBench {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard 2...3 ~= arguments.count, let timers = arguments.count > 2 ? Int(arguments[2]) : 1000, timers > 0 else {
            print("usage: QueryBench FOLDER [TIMERS]")
            exit(64)
        }
        let store = QueryStore(folder: arguments[1], timers: timers)
        try store.prepare()
        try decoding(store)
        try await day(store)
        try year(store)
        tell("memory at most", memoryMegabytes, "MB", wanted: 256)
    }

    private static func tell(_ name: String, _ figure: Double, _ unit: String, unmerged: Double? = nil, wanted: Double? = nil) {
        let numbers = [unmerged, wanted].map { $0.map { "\($0)" } ?? "" }
        print("\(name)\t\(figure)\t\(unit)\t\(numbers[0])\t\(numbers[1])")
        fflush(nil)
    }

    /// What a sketch costs beyond the other numbers of its minute.
    private static func decoding(_ store: QueryStore) throws {
        let history = try store.history("day")
        var count = 0
        // Not whole hours: else the file of hours would be read.
        let spans = MinuteSpans(from: QueryStore.day.lowerBound.advanced(by: 7), minutes: 360)
        func seconds(withSketches: Bool, _ spans: MinuteSpans?) throws -> Double {
            try least {
                count = 0
                _ = try history.survey(
                    user: QueryStore.user, prefix: "timers.", minutes: QueryStore.day, through: nil, withSketches: withSketches,
                    merging: spans, slot: { _ in 0 },
                    body: { _, _, _ in
                        count += 1
                        return true
                    })
            }
        }
        let (merged, mergedWithout) = (try seconds(withSketches: true, spans), try seconds(withSketches: false, spans))
        let (single, singleWithout) = (try seconds(withSketches: true, nil), try seconds(withSketches: false, nil))
        tell(
            "decoding a sketch", (merged - mergedWithout) * 1e6 / Double(count), "µs",
            unmerged: (single - singleWithout) * 1e6 / Double(count), wanted: 0.5)
        tell(
            "decoding the other numbers of a minute", mergedWithout * 1e6 / Double(count), "µs",
            unmerged: singleWithout * 1e6 / Double(count))
    }

    private static func day(_ store: QueryStore) async throws {
        let history = try store.history("day")
        let (start, end) = (QueryStore.day.lowerBound, QueryStore.day.upperBound)
        let timers = try PlotQuestion(.timer, PathPattern("timers.*"), .quantile(0.99), fold: .merge)
        let counters = try PlotQuestion(.counter, PathPattern("counters.*"), .sum, fold: .merge)
        let names = ["p99 merged over \(store.timers) timers", "sum of \(store.timers) counters"]
        for (name, question, wanted) in [(names[0], timers, 2.0), (names[1], counters, 0.1)] {
            for (steps, minutes, first) in [
                ("a day as one step", Minute.perDay, 0), ("a day from 0:07 as one step", Minute.perDay - 7, 7),
                ("a day in hours", 60, 0), ("a day in steps of 5 minutes", 5, 0), ("a day in minutes", 1, 0),
            ] as [(String, Int64, Int64)] {
                let grid = try TimeGrid(
                    from: start.advanced(by: first + minutes).start, through: end.start, stepMilliseconds: minutes * 60_000,
                    QueryLimits())
                var seconds: [Double] = []
                for merges in [true, false] {
                    let source = StoredSeries(history: history, merges: merges)
                    seconds.append(
                        try await least {
                            let limits = QueryLimits()
                            _ = try await Evaluator(source, limits, QueryWatch(limits)).plot(question, on: grid, now: end.start)
                        })
                }
                tell("\(name), \(steps)", seconds[0] * 1000, "ms", unmerged: seconds[1] * 1000, wanted: wanted * 1000)
            }
        }
    }

    private static func year(_ store: QueryStore) throws {
        let history = try store.history("year")
        let key = StatisticKey(.counter, "counters.number_17")
        func ask() throws { _ = try history.read(user: QueryStore.user, key: key, minutes: QueryStore.year) }
        let first = processorSeconds
        try ask()
        tell("one statistic over a year of hours, the first time", (processorSeconds - first) * 1000, "ms")
        tell("one statistic over a year of hours", try least(ask) * 1000, "ms", wanted: 5)
    }

    /// CPU time of this process so far.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func least(_ body: () throws -> Void) rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<3 {
            let start = processorSeconds
            try body()
            least = min(least, processorSeconds - start)
        }
        return least
    }

    private static func least(_ body: () async throws -> Void) async rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<3 {
            let start = processorSeconds
            try await body()
            least = min(least, processorSeconds - start)
        }
        return least
    }

    /// The most that this process has taken of the machine's memory so far.
    private static var memoryMegabytes: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_maxrss / 1024)
    }
}
