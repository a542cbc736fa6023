import DattssCore
import DattssQuery
import Testing

@Suite struct PromQLTests {
    private static let now = Timestamp(milliseconds: 29_000_010 * 60_000)

    /// Ten minutes of a small shop.
    private static let shop: MemorySource = {
        var shop = MemorySource()
        for minute: Int64 in 29_000_000..<29_000_010 {
            shop.add(.counter, "hits.code:200.host:a", minute, 60)
            shop.add(.counter, "hits.code:200.host:b", minute, 30)
            shop.add(.counter, "hits.code:500.host:b", minute, 6)
            shop.add(.counter, "all.host:a", minute, 120)
            shop.add(.counter, "all.host:b", minute, 72)
            shop.add(.gauge, "host.web1.cpu", minute, Double(minute - 29_000_000))
            shop.add(.gauge, "host.web2.cpu", minute, 100)
            shop.add(.gauge, "host.web2.disk", minute, 7)
            shop.add(.timer, "wait.host:a", minute, 10, 20, 30, 40)
            shop.add(.timer, "wait.host:b", minute, 1000)
        }
        return shop
    }()

    @Test(
        "expressions come to what Prometheus would say",
        arguments: [
            ("1 + 2 * 3 ^ 2 ^ 0.5 - -4 % 3", ["": 1 + 2 * 4.728804387837415 + 1]), ("-2 ^ 2", ["": -4]), ("1 == bool 2", ["": 0]),
            ("vector(2) * 3", ["": 6]), ("sum(rate(hits_total[5m]))", ["": 1.6]),
            ("sum by (host) (increase(hits_total[5m]))", [#"{host="a"}"#: 300, #"{host="b"}"#: 180]),
            ("sum without (code) (rate(hits_total[5m]))", [#"{host="a"}"#: 1, #"{host="b"}"#: 0.6]),
            (#"rate(hits_total{code=~"5.."}[5m])"#, [#"{code="500", host="b"}"#: 0.1]),
            (#"rate(hits_total{code!="500",host="b"}[5m])"#, [#"{code="200", host="b"}"#: 0.5]),
            (
                "sum by (host) (rate(hits_total[5m])) / on(host) sum by (host) (rate(all_total[5m]))",
                [#"{host="a"}"#: 0.5, #"{host="b"}"#: 0.5]
            ),
            (
                "rate(hits_total[5m]) / on(host) group_left rate(all_total[5m])",
                [#"{code="200", host="a"}"#: 0.5, #"{code="200", host="b"}"#: 30.0 / 72, #"{code="500", host="b"}"#: 6.0 / 72]
            ),
            ("host:web1:cpu", ["host:web1:cpu": 9]), ("host:web1:cpu offset 4m", ["host:web1:cpu": 5]),
            ("avg_over_time(host:web1:cpu[5m])", ["": 7]),
            ("max_over_time(host:web1:cpu[3m] offset 2m)", ["": 7]), ("delta(host:web1:cpu[5m])", ["": 5]),
            ("deriv(host:web1:cpu[5m])", ["": 1.0 / 60]),
            ("changes(host:web1:cpu[5m])", ["": 4]), ("quantile_over_time(0.5, host:web1:cpu[5m])", ["": 7]),
            ("predict_linear(host:web1:cpu[5m], 60)", ["": 10]),
            (#"sum by (n1) ({__name__=~"host:.*:(cpu|disk)"})"#, [#"{n1="web1"}"#: 9, #"{n1="web2"}"#: 107]),
            (#"sum({n0="host", n2="cpu"})"#, ["": 109]), ("topk(1, {__name__=~\"host:.*:cpu\"})", ["host:web2:cpu": 100]),
            ("host:web1:cpu or host:web2:cpu", ["host:web1:cpu": 9]),
            (#"bottomk(1, {__name__=~"host:.*"})"#, ["host:web2:disk": 7]), ("host:web2:cpu > 50", ["host:web2:cpu": 100]),
            ("host:web2:cpu > 500", [:]),
            ("host:web2:cpu > bool 500", ["": 0]), ("host:web2:cpu and host:web1:cpu", ["host:web2:cpu": 100]),
            ("host:web2:cpu unless host:web1:cpu", [:]),
            ("histogram_quantile(0.5, sum(rate(wait_ms[5m])))", ["": 30]),
            ("histogram_quantile(0.75, sum by (host, le) (rate(wait_ms_bucket[5m])))", [#"{host="a"}"#: 30, #"{host="b"}"#: 1000]),
            ("histogram_count(sum(increase(wait_ms[5m])))", ["": 25]), ("histogram_sum(sum(increase(wait_ms[5m])))", ["": 5500]),
            ("histogram_avg(rate(wait_ms[5m]))", [#"{host="a"}"#: 25, #"{host="b"}"#: 1000]),
            ("histogram_fraction(0, 25, sum(rate(wait_ms[5m])))", ["": 0.4]),
            ("quantile_over_time(1, wait_ms[5m])", [#"{host="a"}"#: 40, #"{host="b"}"#: 1000]),
            (#"increase(wait_ms_count{host="a"}[1m])"#, [#"{host="a"}"#: 4]),
            (#"wait_ms_max{host="a"}"#, [#"wait_ms_max{host="a"}"#: 40]),
            (#"all_total{host="a"}"#, [#"all_total{host="a"}"#: 1200]),
            (#"absent(nothing{a="b"})"#, [#"{a="b"}"#: 1]), ("absent(host:web1:cpu)", [:]),
            ("scalar(host:web2:cpu) + 1", ["": 101]), ("clamp_max(host:web2:cpu, 3)", ["": 3]),
            ("round(host:web2:disk / 2, 0.1)", ["": 3.5]), ("count({__name__=~\"host:.*\"})", ["": 3]),
            ("quantile(0.5, {__name__=~\"host:.*\"})", ["": 9]), ("stddev(all_total)", ["": 240]),
            ("sum(rate(hits_total[5m])) # and so on\n", ["": 1.6]), ("time()", ["": 29_000_010 * 60]), ("nothing", [:]),
        ] as [(String, [String: Double])])
    func answers(_ text: String, _ expected: [String: Double]) async throws {
        let answer = try await answer(text, Self.shop, TimeGrid(at: Self.now))
        var found: [String: Double] = [:]
        switch answer.value {
        case .scalar(let values): found[""] = values[0]
        case .series(let series): for one in series { found[one.labels.text] = one.values[0] }
        }
        #expect(found.keys.sorted() == expected.keys.sorted(), "\(text)")
        for (labels, value) in expected {
            // Percentiles are within a sketch's error.
            let allowed = text.contains("quantile(0.") || text.contains("quantile_over_time(1") ? 0.0109 : 1e-9
            #expect(isClose(found[labels] ?? .gap, value, relative: allowed), "\(text) \(labels): \(found[labels] ?? .gap)")
        }
    }

    @Test(
        "what is no expression is refused, with its place",
        arguments: [
            ("", "1:1: parse error: expected an expression, found the end"),
            ("sum(", "1:5: parse error: expected an expression, found the end"),
            ("a +\n  )", "2:3: parse error: expected an expression, found ')'"),
            ("a[5m", "1:5: parse error: expected ']', found the end"), ("a[5]", "1:3"),
            ("rate(a)", "1:6: parse error: rate needs a range behind the selector, such as [5m]"), ("a[5m]", "1:1"),
            ("a{b=c}", "1:5: parse error: expected a text, found 'c'"),
            ("{}", "1:1"), (#"{a=""}"#, "1:1"), (#"a{b=~"("}"#, "1:6: parse error: a regular expression has a ( without a )"),
            ("1 and 2", "1:1"), ("1 == 2", "1:1"),
            ("a group_left b", "1:3"), ("topk(a_total)", "1:1"), ("sum(1)", "1:5: parse error: expected series, found a scalar"),
            ("a offset 5", "1:10"), ("\"text", "1:1"),
            ("a $ b", "1:3"), ("5mx", "1:1"), ("a offset 1h offset 2h", "1:13"),
            ("histogram_quantile(0.9, rate(a_total[5m]))", "1:30"),
        ])
    func malformed(_ text: String, _ message: String) {
        let error = #expect(throws: QueryError.self) { try PromQL.expression(text) }
        #expect(error?.code == .malformed && error?.message.hasPrefix(message) == true, "\(text): \(error?.message ?? "")")
    }

    @Test(
        "what is not there is named",
        arguments: [
            ("rate(a_total[1h:5m])", "subqueries"), ("a @ 5", "@"),
            ("label_replace(a, \"b\", \"c\", \"d\", \"e\")", "label_replace"), ("count_values(\"a\", b)", "count_values"),
            ("holt_winters(a[5m], 1, 1)", "holt_winters"), ("wait_ms", "histogram_quantile"), ("rate(host:web1:cpu[5m])", "rate"),
            ("histogram_quantile(0.9, wait_ms)", "histogram_quantile"),
            ("topk(scalar(a), b)", "constant"), ("day_of_week()", "day_of_week"), (#"a{b=~"\\b"}"#, "\\b"),
        ])
    func unsupported(_ text: String, _ name: String) {
        let error = #expect(throws: QueryError.self) { try PromQL.expression(text) }
        #expect(error?.code == .unsupported && error?.message.contains(name) == true, "\(text): \(error?.message ?? "")")
    }

    @Test("series that only a name told apart cannot be answered, and several partners neither")
    func ambiguous() async {
        for text in [#"avg_over_time({__name__=~"host:.*"}[5m])"#, "rate(all_total[5m]) / on() rate(all_total[5m])"] {
            let error = await #expect(throws: QueryError.self) { try await answer(text, Self.shop, TimeGrid(at: Self.now)) }
            #expect(error?.code == .invalid, "\(text)")
        }
    }

    @Test("limits are named when they bite")
    func limits() async throws {
        let grid = try TimeGrid(
            from: Self.now, through: Self.now.advanced(byMilliseconds: 3_600_000), stepMilliseconds: 60_000, QueryLimits())
        let cases: [(String, String, (inout QueryLimits) -> Void)] = [
            ("hits_total", "limit of series", { $0.series = 2 }), ("hits_total", "limit of numbers", { $0.numbers = 200 }),
            ("rate(hits_total[500d])", "limit of days", { _ in }),
            ("histogram_quantile(0.5, rate(wait_ms[5m]))", "limit of distributions", { $0.distributionBytes = 0 }),
            (String(repeating: "sum(hits_total) + ", count: 12) + "1", "limit of numbers", { $0.numbers = 900 }),
            ("sum(hits_total)", "limit of milliseconds", { $0.milliseconds = 0 }),
        ]
        for (text, name, set) in cases {
            var limits = QueryLimits()
            set(&limits)
            var source = Self.shop
            for minute: Int64 in 29_000_010..<29_000_600 { source.add(.timer, "wait.host:a", minute, 1, 2, 3) }
            let (bounds, shop) = (limits, source)
            let error = await #expect(throws: QueryError.self, "\(name)") { try await answer(text, shop, grid, bounds) }
            #expect(error?.code == .limit && error?.message.contains(name) == true, "\(name): \(error?.message ?? "")")
        }
        #expect(throws: QueryError.self) {
            try TimeGrid(
                from: Self.now, through: Self.now.advanced(byMilliseconds: 11_000_000), stepMilliseconds: 1000, QueryLimits())
        }
        #expect(throws: QueryError.self) {
            try PromQL.expression(String(repeating: "(", count: 200) + "1" + String(repeating: ")", count: 200))
        }
        #expect(throws: QueryError.self) { try PromQL.expression(String(repeating: " ", count: 20_000)) }
    }

    @Test("a query that nobody waits for any more ends")
    func cancelled() async {
        let error = await #expect(throws: QueryError.self) {
            try await answer("hits_total", Self.shop, TimeGrid(at: Self.now), isWanted: { false })
        }
        #expect(error?.code == .cancelled)
    }

    @Test("text of any kind is read or refused", arguments: 0..<20)
    func anyText(seed: UInt64) {
        var random = Seeded(seed)
        let words = [
            "sum", "rate", "(", ")", "{", "}", "[", "]", "5m", "a_total", "by", "on", ",", "=", "=~", "\"x\"", "\"(\"", "1", "-",
            "^", "and", "offset", "topk",
            "histogram_quantile", "bool", "==", " ", "group_left", "@", ":", "é", "'", "0x", "1e", ".", "#",
        ]
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0..<14, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }.joined(
                separator: " ")
            do { _ = try PromQL.expression(text) } catch { #expect(!error.message.isEmpty) }
        }
    }

    @Test("hours of old days answer for their minutes: the rate of an hour, its last value, and the percentiles of its samples")
    func hours() async throws {
        var source = MemorySource()
        for minute: Int64 in 28_999_980..<29_000_100 {
            source.add(.counter, "hits", minute, 6)
            source.add(.gauge, "load", minute, Double(minute))
            source.add(.timer, "wait", minute, Double(minute % 60 + 1))
        }
        source.hoursBefore = 29_000_040
        let at = TimeGrid(at: Timestamp(milliseconds: 29_000_010 * 60_000))
        #expect(isClose(try await answer("rate(hits_total[5m])", source, at).byText[""]?[0] ?? .gap, 0.1))
        #expect(isClose(try await answer("increase(hits_total[7m])", source, at).byText[""]?[0] ?? .gap, 42))
        #expect(try await answer("load", source, at).byText["load"]?[0] == 29_000_039)
        let median = try await answer("histogram_quantile(0.5, rate(wait_ms[5m]))", source, at).byText[""]?[0] ?? .gap
        #expect(isClose(median, 30, relative: 0.0109))
        #expect(isClose(try await answer("hits_total", source, at).byText["hits_total"]?[0] ?? .gap, 180))
    }

    @Test("percentiles of statistics without sketches are said to be approximate")
    func approximate() async throws {
        var source = Self.shop
        source.hasSketches = false
        let answer = try await answer("histogram_quantile(0.5, sum(rate(wait_ms[5m])))", source, TimeGrid(at: Self.now))
        #expect(answer.warnings.count == 1)
        #expect(
            try await DattssQueryTests.answer("histogram_quantile(0.5, sum(rate(wait_ms[5m])))", Self.shop, TimeGrid(at: Self.now))
                .warnings.isEmpty)
    }
}
