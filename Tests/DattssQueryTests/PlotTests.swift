import DattssCore
import DattssQuery
import Synchronization
import Testing

/// Goal: what a plot shows is what was sent, merged before a number is made of it.
@Suite("A plot")
struct PlotTests {
    private static let first: Int64 = 29_000_000

    private static func grid(steps: Int, minutes: Int64 = 1) -> TimeGrid {
        var grid = TimeGrid(at: Timestamp(milliseconds: (first + minutes) * 60_000))
        (grid.count, grid.stepMilliseconds) = (steps, minutes * 60_000)
        return grid
    }

    /// The series by their names.
    private func answer(
        _ source: MemorySource, _ kind: Kind, _ pattern: String, _ figure: String, fold: PlotQuestion.Fold = .none,
        by component: String? = nil, top: Int? = nil, _ grid: TimeGrid, nowMinute: Int64 = 1000, limits: QueryLimits = QueryLimits()
    ) async throws -> PlotAnswer {
        let question = try PlotQuestion(
            kind, try PathPattern(pattern), try #require(Figure(figure)), fold: fold, component: component, top: top)
        return try await Evaluator(source, limits, QueryWatch(limits))
            .plot(question, on: grid, now: Timestamp(milliseconds: (Self.first + nowMinute) * 60_000))
    }

    private static func values(_ answer: PlotAnswer) -> [String: [Double]] {
        Dictionary(answer.series.map { ($0.name, $0.values) }) { _, last in last }
    }

    private static func isSame(_ a: [Double]?, _ b: [Double]) -> Bool {
        a.map { $0.count == b.count && zip($0, b).allSatisfy { isClose($0, $1) } } ?? false
    }

    /// Goal: a source knows what it may merge, and nothing is merged that a number needs.
    @Test(
        "says which minutes need not be told apart",
        arguments: [
            (.timer, "p99", 60, 60), (.timer, "p99", 5, 5), (.timer, "p99", 1, nil), (.counter, "per-minute", 1440, 1440),
            (.gauge, "max", 30, 30),
        ] as [(Kind, String, Int64, Int64?)])
    func spans(kind: Kind, figure: String, minutes: Int64, expected: Int64?) async throws {
        let source = RequestedSource()
        let question = try PlotQuestion(kind, PathPattern("*"), try #require(Figure(figure)))
        let (grid, limits) = (Self.grid(steps: 4, minutes: minutes), QueryLimits())
        _ = try await Evaluator(source, limits, QueryWatch(limits)).plot(question, on: grid, now: grid.end)
        let requests = source.requests.withLock { $0 }
        let request = try #require(requests.first)
        #expect(request.spans == expected.map { MinuteSpans(from: request.minutes.lowerBound, minutes: $0) })
    }

    /// It has nothing, and keeps what it is asked.
    private final class RequestedSource: SeriesSource {
        let requests = Mutex<[SeriesRequest]>([])

        func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
            requests.withLock { $0.append(request) }
            return MinuteRuns()
        }
    }

    @Test("of a counter has zeros where it was silent, gaps where nobody was heard, and nothing before it was new")
    func silence() async throws {
        var source = MemorySource()
        source.add(.counter, "hits", Self.first + 1, 2, 4)
        source.add(.counter, "hits", Self.first + 4, 1)
        for minute in [0, 1, 2, 4] { source.add(.gauge, "alive", Self.first + Int64(minute), 1) }
        let gap = Double.gap
        let cases: [(String, [Double])] = [
            ("sum", [gap, 6, 0, gap, 1]), ("per-minute", [gap, 6, 0, gap, 1]), ("per-second", [gap, 0.1, 0, gap, 1.0 / 60]),
            ("count", [gap, 2, 0, gap, 1]), ("average", [gap, 3, gap, gap, 1]), ("min", [gap, 2, gap, gap, 1]),
            ("max", [gap, 4, gap, gap, 1]),
        ]
        for (figure, expected) in cases {
            let found = try await answer(source, .counter, "hits", figure, Self.grid(steps: 5))
            #expect(found.statisticCount == 1 && Self.isSame(found.series.first?.values, expected), "\(figure): \(found.series)")
        }
    }

    @Test("divides a step that is not over by the time that has passed of it, a minute at least")
    func openStep() async throws {
        var source = MemorySource()
        for minute in 0..<12 { source.add(.counter, "hits", Self.first + Int64(minute), 6) }
        let grid = Self.grid(steps: 2, minutes: 10)
        let found = try await answer(source, .counter, "hits", "per-minute", grid, nowMinute: 12)
        #expect(Self.isSame(found.series.first?.values, [6, 6]))
        let early = try await answer(source, .counter, "hits", "per-minute", grid, nowMinute: 10)
        #expect(Self.isSame(early.series.first?.values, [6, 12]))
    }

    @Test("folds the statistics of a pattern, all together or by a component or a tag of their names")
    func folds() async throws {
        var source = MemorySource()
        for (path, value) in [("shop.a.cpu", 1.0), ("shop.b.cpu", 3), ("shop.b.disk", 10), ("other.a.cpu", 100)] {
            source.add(.gauge, path, Self.first, value)
        }
        source.add(.gauge, "shop.b.cpu", Self.first, 5)
        let cases: [(PlotQuestion.Fold, String?, [String: Double])] = [
            (.none, nil, ["shop.a.cpu": 1, "shop.b.cpu": 4, "shop.b.disk": 10]),
            (.sum, nil, ["": 15]), (.mean, nil, ["": 5]), (.min, nil, ["": 1]), (.max, nil, ["": 10]),
            // The mean of all samples is (1 + 3 + 5 + 10) / 4.
            (.merge, nil, ["": 4.75]), (.merge, "n2", ["cpu": 3, "disk": 10]), (.sum, "n1", ["a": 1, "b": 14]),
        ]
        for (fold, component, expected) in cases {
            let found = try await answer(
                source, .gauge, "shop.**", "average", fold: fold, by: component, Self.grid(steps: 1))
            #expect(found.statisticCount == 3)
            let numbers: [String: Double] = Self.values(found).mapValues { $0[0] }
            #expect(numbers == expected, "\(fold) \(component ?? "")")
        }
    }

    /// Known by hand: the 50th and the 99th of a hundred samples, whichever statistic they came from.
    @Test("has the percentiles of all samples, not the mean of percentiles")
    func percentiles() async throws {
        var source = MemorySource()
        for value in 1...100 { source.add(.timer, value <= 90 ? "web.a" : "web.b", Self.first, Double(value)) }
        for (figure, expected) in [("p50", 50.0), ("p99", 99)] {
            let found = try await answer(source, .timer, "web.*", figure, fold: .merge, Self.grid(steps: 1))
            let value = try #require(found.series.first?.values.first)
            #expect(abs(value - expected) <= expected * 0.0109, "\(figure): \(value)")
            #expect(!found.isApproximate)
        }
        source.hasSketches = false
        #expect(try await answer(source, .timer, "web.*", "p99", fold: .merge, Self.grid(steps: 1)).isApproximate)
    }

    @Test("of the highest has as many as asked for, and says how many there were")
    func top() async throws {
        var source = MemorySource()
        for number in 0..<10 { source.add(.gauge, "g.\(number)", Self.first, Double(number)) }
        let found = try await answer(source, .gauge, "g.*", "average", top: 3, Self.grid(steps: 1))
        #expect(found.series.map(\.name) == ["g.9", "g.8", "g.7"] && found.seriesCount == 10 && found.statisticCount == 10)
    }

    @Test("is refused by the limit's name where there is too much")
    func limits() async throws {
        var source = MemorySource()
        for number in 0..<10 { source.add(.gauge, "g.\(number)", Self.first, 1) }
        var limits = QueryLimits()
        limits.series = 9
        let (found, most) = (source, limits)
        await #expect(throws: QueryError.self) {
            _ = try await self.answer(found, .gauge, "g.*", "average", Self.grid(steps: 1), limits: most)
        }
    }

    @Test(
        "is of what a kind has",
        arguments: [("p99", Kind.counter), ("p50", .gauge), ("per-minute", .gauge), ("per-second", .gauge)])
    func figures(figure: String, kind: Kind) throws {
        let (pattern, figure) = (try PathPattern("a"), try #require(Figure(figure)))
        #expect(throws: QueryError.self) { try PlotQuestion(kind, pattern, figure) }
        #expect(throws: QueryError.self) { try PlotQuestion(.timer, pattern, figure, component: "n0") }
    }

    @Test("has no figure of another name", arguments: ["", "p", "p0", "p100", "p-1", "p9e1", "pnan", "p99.99999", "Sum", "median"])
    func noFigure(text: String) {
        #expect(Figure(text) == nil)
    }

    @Test("of a distribution has each sample in one band, and bands that end with the largest")
    func heatmap() async throws {
        var source = MemorySource()
        let steps: [[Double]] = [[1, 2, 4, 8, 1000], [], [3, 3, 3]]
        for (minute, values) in steps.enumerated() {
            for value in values { source.add(.timer, "t", Self.first + Int64(minute), value) }
        }
        let limits = QueryLimits()
        let found = try await Evaluator(source, limits, QueryWatch(limits))
            .heatmap(try PathPattern("t"), on: Self.grid(steps: 3), bandsMax: 12)
        #expect(found.bounds.count == 13 && found.bounds == found.bounds.sorted())
        let lowest = try #require(found.bounds.first)
        #expect(lowest <= 1)
        let sums: [Double] = found.counts.map { $0.reduce(0, +) }
        #expect(sums == [5, 0, 3])
        #expect(found.counts[1].isEmpty && found.counts[0].last == 1)
        let nothing = try await Evaluator(source, limits, QueryWatch(limits))
            .heatmap(try PathPattern("none"), on: Self.grid(steps: 3), bandsMax: 12)
        #expect(nothing.bounds.isEmpty && nothing.counts == [[], [], []] && nothing.statisticCount == 0)
    }
}
