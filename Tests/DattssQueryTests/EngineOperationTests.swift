import DattssCore
import DattssQuery
import Testing

/// What is in the tree and not in PromQL.
@Suite struct EngineOperationTests {
    private static let first: Int64 = 29_000_000

    private func values(_ expression: Expression, _ source: MemorySource, count: Int) async throws -> [Double] {
        var grid = TimeGrid(at: Timestamp(milliseconds: (Self.first + 1) * 60_000))
        grid.count = count
        let limits = QueryLimits()
        let answer = try await Evaluator(source, limits, QueryWatch(limits)).answer(expression, on: grid)
        guard case .series(let series) = answer.value, series.count == 1 else { return [] }
        return series[0].values
    }

    private static let minute = Span(milliseconds: 60_000)
    private static let gauge = Expression.statistics(Selection(kinds: [.gauge]), .last, minute)

    @Test("each transform and each moving function is what it says, and a gap stays one")
    func transforms() async throws {
        var source = MemorySource()
        for (minute, value) in [(0, 4.0), (1, 9), (3, 1), (4, 3)] { source.add(.gauge, "g", Self.first + Int64(minute), value) }
        let gap = Double.gap
        let cases: [(Expression, [Double])] = [
            (Self.gauge, [4, 9, gap, 1, 3]), (.map(.scale(2), Self.gauge), [8, 18, gap, 2, 6]),
            (.map(.offset(-1), Self.gauge), [3, 8, gap, 0, 2]),
            (.map(.integral, Self.gauge), [4, 13, gap, 14, 17]), (.map(.difference, Self.gauge), [gap, 5, gap, gap, 2]),
            (.map(.perSecond, Self.gauge), [gap, 5.0 / 60, gap, gap, 2.0 / 60]), (.map(.fill(0), Self.gauge), [4, 9, 0, 1, 3]),
            (.map(.keepLast(instants: 1), Self.gauge), [4, 9, 9, 1, 3]),
            (.map(.removeAbove(3), Self.gauge), [gap, gap, gap, 1, 3]),
            (.map(.removeBelow(3), Self.gauge), [4, 9, gap, gap, 3]), (.moving(.mean, instants: 2, Self.gauge), [4, 6.5, 9, 1, 2]),
            (.moving(.median, instants: 3, Self.gauge), [4, 6.5, 6.5, 5, 2]),
            (.moving(.max, instants: 5, Self.gauge), [4, 9, 9, 9, 9]),
            (.shifted(milliseconds: 60_000, Self.gauge), [gap, 4, 9, gap, 1]),
            (.combine(.percentOf, Self.gauge, .number(2), Matching()), [200, 450, gap, 50, 150]),
            (.map(.nonNegativeDifference, .map(.negated, .map(.integral, .map(.scale(-1), Self.gauge)))), [gap, 9, gap, gap, 3]),
        ]
        for (expression, expected) in cases {
            let found = try await values(expression, source, count: 5)
            #expect(found.count == 5 && zip(found, expected).allSatisfy { isClose($0, $1) }, "\(expression): \(found)")
        }
    }

    @Test("the highest series by their mean are chosen whole")
    func choice() async throws {
        var source = MemorySource()
        for minute in 0..<4 {
            for (path, value) in [("a", 1), ("b", 50 - 10 * minute), ("c", 2)] {
                source.add(.gauge, path, Self.first + Int64(minute), Double(value))
            }
        }
        #expect(
            try await values(.choose(Choice(1, isHighest: true, by: .mean), .all, Self.gauge), source, count: 4) == [
                50, 40, 30, 20,
            ])
        #expect(
            try await values(.choose(Choice(1, isHighest: false, by: .max), .all, Self.gauge), source, count: 4) == [1, 1, 1, 1])
    }

    @Test("a pattern and a kind select, and sums are grouped by a component of the path")
    func patterns() async throws {
        var source = MemorySource()
        for host in ["a", "b", "c"] { source.add(.gauge, "host.\(host).cpu", Self.first, 10) }
        source.add(.gauge, "host.a.disk", Self.first, 5)
        source.add(.counter, "host.a.cpu", Self.first, 1)
        let selection = Selection(try PathPattern("host.{a,b}.*"), kinds: [.gauge])
        let expression = Expression.reduce(.sum, .by(["n2"]), .statistics(selection, .last, Self.minute))
        let limits = QueryLimits()
        let answer = try await Evaluator(source, limits, QueryWatch(limits))
            .answer(expression, on: TimeGrid(at: Timestamp(milliseconds: (Self.first + 1) * 60_000)))
        #expect(answer.byText == [#"{n2="cpu"}"#: [20], #"{n2="disk"}"#: [5]])
    }

    @Test("long spans that overlap give the same as short ones added up", arguments: 0..<5)
    func longSpans(seed: UInt64) async throws {
        var (random, source) = (Seeded(seed), MemorySource())
        var samples: [Double] = []
        for minute in 0..<300 {
            samples.append(Double(Int.random(in: 0...99, using: &random)))
            source.add(.gauge, "g", Self.first + Int64(minute), samples[minute])
        }
        for minutes in [25, 60, 137] {
            let span = Span(milliseconds: Int64(minutes) * 60_000)
            for (reading, expected) in [(Reading.sum, { $0.reduce(0, +) }), (.max, { $0.max() ?? 0 }), (.min, { $0.min() ?? 0 })]
                as [(Reading, ([Double]) -> Double)]
            {
                let found = try await values(.statistics(Selection(), reading, span), source, count: 300)
                for at in 0..<300 { #expect(found[at] == expected(Array(samples[max(0, at + 1 - minutes)...at])), "seed \(seed)") }
            }
        }
    }

    @Test("at steps longer than the span, each span has its own minutes and no others")
    func sparseSpans() async throws {
        var source = MemorySource()
        for minute in 0..<100 { source.add(.gauge, "g", Self.first + Int64(minute), Double(minute * minute)) }
        let end = Timestamp(milliseconds: (Self.first + 10) * 60_000)
        let grid = try TimeGrid(
            from: end, through: end.advanced(byMilliseconds: 5_400_000), stepMilliseconds: 900_000, QueryLimits())
        for (text, expected) in [
            ("idelta(g[5m])", { 2 * $0 - 1 }), ("changes(g[5m])", { _ in 4 }), ("max_over_time(g[5m])", { $0 * $0 }),
            ("g", { $0 * $0 }),
        ] as [(String, (Double) -> Double)] {
            let found = try await answer(text, source, grid).byText.values.first ?? []
            #expect(found == (0..<7).map { expected(Double(9 + 15 * $0)) }, "\(text): \(found)")
        }
    }

    @Test("a step is chosen so that a range has about as many points as it is wide")
    func steps() {
        #expect(TimeGrid.step(forMilliseconds: 900_000, points: 800) == 60_000)
        #expect(TimeGrid.step(forMilliseconds: 86_400_000, points: 800) == 120_000)
        #expect(TimeGrid.step(forMilliseconds: 400 * 86_400_000, points: 800) == 720 * 60_000)
    }
}
