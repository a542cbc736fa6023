import DattssCore
import Testing

@testable import DattssQuery

/// Goal: what graphite-web's own functions cannot show: names, limits, times, and what is refused. That values are the same is shown by
/// `Tests/Clients/test_graphite_api.py`.
@Suite("Graphite")
struct GraphiteTests {
    private static let first: Int64 = 29_900_000

    private var source: MemorySource {
        var source = MemorySource()
        for minute in 0..<10 {
            source.add(.counter, "hits.web1", Self.first + Int64(minute), Double(minute + 1), 1)
            source.add(.gauge, "load", Self.first + Int64(minute), Double(minute * 10))
            source.add(.timer, "wait", Self.first + Int64(minute), 10, 20, 30)
        }
        source.add(.gauge, "hits.web1", Self.first, 7)
        source.add(.counter, "tagged.az:b.host:a", Self.first, 1)
        return source
    }

    private var now: Timestamp { Timestamp(milliseconds: (Self.first + 10) * 60_000 + 500) }

    private func render(
        _ target: String, _ range: Range<Int>? = nil, limits: QueryLimits = QueryLimits(),
        isWanted: @escaping @Sendable () -> Bool = { true }
    ) async throws -> [GraphiteSeries] {
        let start = Int(Self.first) * 60
        return try await GraphiteEvaluator(source, limits, QueryWatch(limits, isWanted: isWanted), now: now)
            .series(target, in: range ?? (start - 60)..<(start + 720))
    }

    private func find(_ query: String) async throws -> [String] {
        let limits = QueryLimits()
        let range = Minute(Self.first)..<Minute(Self.first + 10)
        return try await GraphiteTree(source, limits, QueryWatch(limits)).nodes(query, in: range)
            .map { $0.path + ($0.isLeaf ? "" : ".") }
    }

    @Test(
        "a statistic has statsd's names, its older ones, and its own",
        arguments: [
            ("stats.counters.hits.web1.count", [2, 3, 4], 1), ("stats.counters.hits.web1.rate", [2, 3, 4], 60),
            ("stats_counts.hits.web1", [2, 3, 4], 1), ("stats.hits.web1", [2, 3, 4], 60), ("load", [0, 10, 20], 1),
            ("stats.gauges.load", [0, 10, 20], 1), ("stats.timers.wait.count", [3, 3, 3], 1), ("wait.mean", [20, 20, 20], 1),
            ("wait.sum", [60, 60, 60], 1), ("wait.lower", [10, 10, 10], 1), ("stats.timers.wait.upper", [30, 30, 30], 1),
            ("wait.count_ps", [3, 3, 3], 60),
        ] as [(String, [Double], Double)])
    func names(target: String, values: [Double], divisor: Double) async throws {
        let series = try await render(target)
        #expect(series.map(\.name) == [target])
        let points = try #require(series.first?.points)
        // From the first minute behind the beginning to the last one that is over.
        #expect(series.first?.start == Int(Self.first) * 60 && points.count == 10)
        for (found, expected) in zip(points, values) { #expect(isClose(found, expected / divisor)) }
    }

    @Test("a gauge goes before a counter of the same name, a percentile may be any")
    func precedence() async throws {
        #expect(try await render("hits.web1").map { $0.points[0] } == [7])
        #expect(try await render("hits.web1").map { $0.points[1].isNaN } == [true])
        // As statsd repeats it.
        #expect(try await render("stats.gauges.hits.web1").map { $0.points[9] } == [7])
        for (name, value) in [("median", 20.0), ("upper_50", 20), ("upper_99_9", 30), ("upper_33", 10)] {
            let found = try await render("stats.timers.wait.\(name)").first?.points[0] ?? .nan
            #expect(isClose(found, value, relative: 0.0109), "\(name)")
        }
        #expect(try await render("stats.timers.wait.upper_101").isEmpty)
        #expect(try await render("stats.timers.wait.upper_*").count == 3)
        #expect(try await render("tagged.*.*").first?.tags == ["az": "b", "host": "a"])
        #expect(try await render("aliasByNode(stats.counters.tagged.*.*.count, 'host', 2)").first?.name == "a.tagged")
    }

    @Test("the tree has branches and leaves of all names")
    func tree() async throws {
        #expect(try await find("*") == ["hits.", "load", "stats.", "stats_counts.", "tagged.", "wait."])
        #expect(try await find("stats.*") == ["stats.counters.", "stats.gauges.", "stats.hits.", "stats.tagged.", "stats.timers."])
        #expect(try await find("stats.gauges.*") == ["stats.gauges.hits.", "stats.gauges.load"])
        #expect(
            try await find("stats.counters.hits.web1.*") == ["stats.counters.hits.web1.count", "stats.counters.hits.web1.rate"])
        #expect(try await find("hits.w?b[0-9]") == ["hits.web1"])
        #expect(try await find("").isEmpty)
    }

    @Test(
        "globs match within a component",
        arguments: [
            ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abcd", false), ("a?c", "abc", true), ("a?c", "ac", false),
            ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true), ("{ab,c}d", "abd", true),
            ("{ab,c}d", "bd", false), ("{a,b}{1,2}", "b2", true), ("*a*b*", "xaxbx", true), ("*aab", "aaab", true), ("", "", true),
            ("a{,b}", "a", true), ("[", "[", true),
        ] as [(String, String, Bool)])
    func globs(pattern: String, text: String, matches: Bool) throws {
        #expect(try GraphitePattern(pattern).matches(text) == matches)
    }

    @Test("braces and globs are bounded")
    func boundedGlobs() throws {
        #expect(throws: QueryError.self) { try GraphitePattern(String(repeating: "{a,b}", count: 11)) }
        let pattern = try GraphitePattern(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5000)))
    }

    @Test(
        "times are those of Graphite",
        arguments: [
            // 2026-11-07 00:26:40 UTC, a Saturday.
            ("now", 0), ("", nil), ("-1h", -3600), ("now-7d", -604800), ("+1min", 60), ("-1h30min", -5400),
            ("1794011200", 0),
            ("1794011201", 1), ("today", -1600), ("yesterday", -88000), ("midnight", -1600), ("noon", 41600),
            ("noon yesterday", -44800), ("12:30_20261106", -43000), ("20261107", -1600),
            ("11/06/26", -88000),
            ("6pm_11/06/2026", -23200), ("nov 6", -88000), ("monday", -433600),
            ("00:00_20261107+5min", -1300),
            ("tomorrow", 84800), ("soon", nil), ("25:00_20261106", nil),
            ("-1x", nil),
            ("-", nil), ("12:3", nil), ("99999999999999", nil), ("nov", nil), ("1/2", nil),
            // What is no day is no number of seconds either; what Graphite does not take for a day is one.
            ("20260230", nil), ("20260229", nil), ("20261131", nil), ("20260700", nil), ("20260007", nil), ("12:30_20260230", nil),
            ("20260230-1h", nil), ("02/30/26", nil), ("feb30", nil), ("20261301", 20_261_301 - 1_794_011_200),
            ("20260732", 20_260_732 - 1_794_011_200), ("19001231", 19_001_231 - 1_794_011_200), ("20240229", -84_846_400),
        ] as [(String, Int?)])
    func times(text: String, offset: Int?) {
        let now = 1_794_011_200
        let time = GraphiteTime(now: Timestamp(milliseconds: Int64(now) * 1000), in: UTC())
        let found = Result { () throws(QueryError) in try time.parse(text, "from") }
        if let offset { #expect((try? found.get()) == now + offset) } else { #expect(throws: QueryError.self) { try found.get() } }
    }

    /// Clocks that are five and a half hours ahead, and six and a half from Saturday, 7 November 2026, 20:30 UTC on, when they show 2:00 and
    /// then 3:00.
    private struct Ahead: TimeZoneRules {
        func secondsFromUTC(at time: Timestamp) -> Int64 { time.seconds < 1_794_083_400 ? 19_800 : 23_400 }
    }

    @Test(
        "words are those of a time zone",
        arguments: [
            // Now it is 5:56:40 there.
            ("now", 0), ("-1h", -3600), ("1794011201", 1), ("today", -21_400), ("midnight", -21_400), ("noon", 21_800),
            ("6pm_today", 43_400), ("yesterday", -107_800), ("12:30_20261106", -62_800), ("11/06/26", -107_800),
            ("monday", -453_400), ("midnight+5min", -21_100), ("tomorrow", 65_000),
            // The clocks jump over 2:30 of the day after, and then show as much more.
            ("01:30_20261108", 70_400), ("02:30_20261108", 74_000), ("03:00_20261108", 72_200), ("20261109", 147_800),
        ] as [(String, Int)])
    func zones(text: String, offset: Int) throws {
        let now = Timestamp(seconds: 1_794_011_200)
        #expect(try GraphiteTime(now: now, in: Ahead()).parse(text, "from") == Int(now.seconds) + offset)
    }

    @Test("standard deviation has two names") func deviation() {
        for name in ["std", "stddev", "stddevSeries"] {
            #expect(GraphiteAggregation(name)?.of([2, 4, .nan, 6]) == (8.0 / 3).squareRoot())
        }
    }

    @Test("a day that there is not is named", arguments: ["20260230", "12:30_20260230", "20260230+1h"])
    func noSuchDay(text: String) {
        let time = GraphiteTime(now: Timestamp(seconds: 1_794_011_200), in: UTC())
        let error = #expect(throws: QueryError.self) { try time.parse(text, "until") }
        #expect(error?.message == "until: is '\(text)', and there is no day 20260230")
    }

    @Test(
        "regular expressions find what Python finds",
        arguments: [
            ("a(.*)c", "xabbcc", "\\1", "xbbc"), ("a(.*?)c", "xabbcc", "[\\1]", "x[bb]c"), ("^a|b$", "abab", "-", "-ba-"),
            ("(a)|(b)", "ab", "\\1\\2.", "a.b."), ("x*", "axb", "-", "-a--b-"), ("\\d{2,3}", "1234512", "#", "##2"),
            ("(\\w+)\\.(\\w+)", "web.cpu", "\\g<2>.\\1", "cpu.web"), ("[^.]+$", "a.b.c", "Z", "a.b.Z"),
            ("(?:ab)+", "ababx", "y", "yx"),
        ])
    func expressions(pattern: String, text: String, template: String, expected: String) throws {
        #expect(try GraphiteExpression(pattern).replacing(in: text, with: template) == expected)
    }

    @Test(
        "regular expressions are refused or end",
        arguments: ["(a", "a)", "[a", "*a", "(?=a)", "\\b", "a{2000}", "((((a{99}){99}){99}){99})"])
    func refusedExpressions(pattern: String) {
        #expect(throws: QueryError.self) { try GraphiteExpression(pattern) }
    }

    @Test("nested repeats take no longer than the text")
    func expressionCost() throws {
        #expect(try !GraphiteExpression("(a*)*b").isIn(String(repeating: "a", count: 2000)))
        #expect(try !GraphiteExpression("(a|aa)+$").isIn(String(repeating: "a", count: 2000) + "b"))
    }

    @Test(
        "what is no target, or not there, is named",
        arguments: [
            ("", "a path or a call"), ("sumSeries(a", "',' or ')'"), ("a b", "the end"), ("alias(a, 'x", "the end of a string"),
            ("a.{b", "'}'"), ("nope(a)", "nope is not supported"), ("a | b", "a call of a function"), ("scale(a)", "'factor'"),
            ("scale(1, 2)", "is no series"), ("alias(a, b)", "a text in quotes"), ("scale(factor=2, a)", "with a name"),
            ("scale(a, factor=2, speed=3)", "'speed'"), ("scale(a, 2, factor=3)", "'factor' twice"),
            ("limit(a, 1.5)", "a whole number"),
            ("summarize(a, 'x')", "a duration"), ("summarize(a, '1h', 'p95')", "'p95' is not supported"),
            ("stats.timers.wait.std", "std of a timer"), ("movingAverage(a, 0)", "from 1"),
            (String(repeating: "absolute(", count: 60) + "a" + String(repeating: ")", count: 60), "calls in each other"),
        ])
    func refused(target: String, message: String) async {
        let error = await #expect(throws: QueryError.self) { try await render(target) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("limits are named, and an answer that nobody waits for ends")
    func limits() async throws {
        var limits = QueryLimits()
        limits.series = 2
        var error = await #expect(throws: QueryError.self) { try await render("stats.timers.wait.*", limits: limits) }
        #expect(error?.code == .limit && error?.message.contains("limit of series") == true)
        let end = Int(Self.first) * 60
        error = await #expect(throws: QueryError.self) { try await render("load", (end - 500 * 86_400)..<end) }
        #expect(error?.message.contains("limit of days") == true)
        limits = QueryLimits()
        limits.numbers = 10
        error = await #expect(throws: QueryError.self) {
            try await render("group(load, load, load, load, load, load, load, load, load, load, load)", limits: limits)
        }
        #expect(error?.message.contains("limit of numbers") == true)
        error = await #expect(throws: QueryError.self) { try await render("load", isWanted: { false }) }
        #expect(error?.code == .cancelled)
    }

    @Test("long ranges have longer steps, each of which is merged and not averaged")
    func steps() async throws {
        let end = Int(Self.first + 12) * 60
        let series = try await render("stats.counters.hits.web1.count", (end - 30 * 86_400)..<end)
        #expect(series.first?.step == 300)
        let sum = series.first?.points.filter { !$0.isNaN }.reduce(0, +)
        #expect(sum == 65)
    }

    @Test("series are consolidated in bands that begin at multiples of their width")
    func consolidation() {
        var series = GraphiteSeries("a", start: 120, end: 720, step: 60, (0..<10).map(Double.init), xFilesFactor: 0)
        series.consolidation = "max"
        series.consolidate(toPoints: 3, range: 600)
        #expect(series.start == 240 && series.pointSeconds == 240)
        #expect(series.points == [4, 8, 9])
        series = GraphiteSeries("a", start: 120, end: 720, step: 60, [1, .gap, 3], xFilesFactor: 0)
        series.consolidate(toPoints: 1, range: 600)
        #expect(series.points == [2])
    }
}
