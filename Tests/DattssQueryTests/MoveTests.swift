import DattssCore
import Testing

@testable import DattssQuery

/// Goal: of a user's statistics those are told that moved in a window, by kind and with what they were, against the baseline that was asked
/// for, and within the limits.
@Suite("What else moved")
struct MoveTests {
    private static let first: Int64 = 29_000_000
    /// A quarter of an hour, 65 minutes after the first one.
    private static let window = Minute(first + 65)..<Minute(first + 80)

    /// `load` goes up at the beginning of the window; `time` follows three minutes later and is called less often, `free` went down two
    /// minutes before, `errors` come, `beat` is silent, and others have nothing to do with it.
    private func source() -> MemorySource {
        var (source, random) = (MemorySource(), Seeded(3))
        for minute in Int64(0)..<80 {
            let at = Self.first + minute
            func noise() -> Double { Double.random(in: 0..<1, using: &random) }
            source.add(.gauge, "load", at, (minute >= 65 ? 5 : 1) + noise())
            for _ in 0..<(minute >= 68 ? 1 : 2) { source.add(.timer, "time", at, (minute >= 68 ? 900 : 100) + 50 * noise()) }
            source.add(.gauge, "free", at, (minute >= 63 ? 10 : 90) + noise())
            if minute >= 66 { source.add(.counter, "errors", at, 3, 4) }
            if minute < 70 { source.add(.gauge, "beat", at, 1) }
            for other in 0..<20 { source.add(.counter, "other.\(other)", at, 5 + noise()) }
        }
        return source
    }

    private func answer(
        _ source: MemorySource, _ baseline: MoveLayout.Baseline = .before, in window: Range<Minute> = Self.window,
        _ rules: any TimeZoneRules = UTC(), limits: QueryLimits = QueryLimits(),
        _ change: (inout MoveQuestion) throws -> Void = { _ in }
    ) async throws -> MoveAnswer {
        var question = try MoveQuestion(try MoveLayout(window, against: baseline, in: rules), limit: 100)
        try change(&question)
        return try await Evaluator(source, limits, QueryWatch(limits)).moved(question)
    }

    // MARK: Answers

    @Test("is told of each kind, with its figure, its direction, its beginning and its minutes")
    func kinds() async throws {
        let found = try await answer(source())
        let byPath = Dictionary(uniqueKeysWithValues: found.moved.map { ($0.key.path, $0) })
        #expect(
            Set(byPath.keys) == ["load", "time", "free", "errors", "beat"] && found.movedCount == 5 && found.comparedCount == 25)
        let began = byPath.mapValues { $0.began.index - Self.window.lowerBound.index }
        #expect(began == ["load": 0, "time": 3, "free": -2, "errors": 1, "beat": 5])
        #expect(byPath["free"]?.move.after ?? 100 < 12 && byPath["free"]?.move.before ?? 0 > 89)
        #expect(
            byPath["errors"]?.move.change == .appeared && byPath["errors"]?.move.after == 7 && byPath["errors"]?.move.before == nil)
        #expect(byPath["beat"]?.move.change == .silent && byPath["beat"]?.move.after == nil && byPath["beat"]?.move.before == 1)
        #expect(byPath["time"]?.figure == .top && byPath["load"]?.figure == .average && byPath["errors"]?.figure == .perMinute)
        #expect(found.moved.map(\.move.score) == found.moved.map(\.move.score).sorted(by: >))
        let errors = try #require(byPath["errors"]?.values)
        #expect(errors.count == 80 && errors[65] == 0 && errors[66] == 7)
        #expect(byPath["beat"]?.values[69] == 1 && byPath["beat"]?.values[70].isNaN == true)
    }

    @Test("is asked by pattern, kind, figure and number")
    func choices() async throws {
        let source = source()
        func paths(_ change: (inout MoveQuestion) throws -> Void) async throws -> Set<String> {
            Set(try await answer(source) { try change(&$0) }.moved.map(\.key.path))
        }
        #expect(try await paths { $0.kinds = [.gauge] } == ["load", "free", "beat"])
        #expect(try await paths { $0.pattern = try PathPattern("{load,other.*}") } == ["load"])
        #expect(try await answer(source) { $0.limit = 2 }.moved.count == 2)
        #expect(try await answer(source) { $0.limit = 2 }.movedCount == 5)
        for (name, low, high) in [("p50", 800.0, 1000.0), ("average", 800, 1000), ("top", 800, 1000), ("per-minute", 1, 1)] {
            let found = try await answer(source) { $0.timerFigures = [try #require(MoveFigure(name))] }
            let time = try #require(found.moved.first { $0.key.path == "time" }, "\(name)")
            #expect(time.figure.description == name && low...high ~= time.move.after ?? 0, "\(name): \(time.move)")
        }
        #expect(try await answer(source) { $0.gaugeFigure = .last }.moved.contains { $0.figure == .last })
    }

    @Test("is the same whether the minutes come in one read or are begun anew")
    func restarts() async throws {
        let source = source()
        let (plain, again) = (
            try await answer(source),
            try await Evaluator(RestartingSource(source: source), QueryLimits(), QueryWatch(QueryLimits()))
                .moved(try MoveQuestion(try MoveLayout(Self.window, against: .before, in: UTC()), limit: 100))
        )
        #expect(plain.moved.map(\.move) == again.moved.map(\.move) && plain.moved.map(\.key) == again.moved.map(\.key))
    }

    // MARK: Baselines

    /// Every day, at a quarter past ten by the clocks of a zone, `job` is high for a quarter of an hour; on the last day `other` is, too,
    /// which never was before.
    private func days(_ zone: some TimeZoneRules, last: Int64) -> MemorySource {
        var source = MemorySource()
        for day in (last - 8)...last {
            for minute in Int64(8 * 60)..<12 * 60 {
                // (Not near the hours at which clocks are set.)
                let local = day * Minute.perDay + minute
                let at = local - zone.secondsFromUTC(at: Minute(local).start) / 60
                let isJob = 615..<630 ~= minute
                source.add(.gauge, "job", at, (isJob ? 80 : 10) + Double((at * 7) % 5))
                source.add(.gauge, "other", at, (isJob && day == last ? 80 : 10) + Double((at * 7) % 5))
            }
        }
        return source
    }

    @Test(
        "against yesterday or the usual day leaves out what moves at that time by the clocks of the zone, also when they were set between",
        arguments: [
            (MoveLayout.Baseline.before, ["job", "other"]), (.yesterday, ["other"]), (.usual, ["other"]),
        ])
    func sameTime(baseline: MoveLayout.Baseline, paths: [String]) async throws {
        // The last Sunday of March 2026, when the clocks of Paris went forward at 1:00 UTC; another day; and the Sunday in October.
        for last in [Int64(20_541), 20_500, 20_751] {
            let source = days(Paris(), last: last)
            let ten = last * Minute.perDay + 615
            let start = Minute(ten - Paris().secondsFromUTC(at: Minute(ten).start) / 60)
            let found = try await answer(source, baseline, in: start..<start.advanced(by: 15), Paris())
            #expect(found.moved.map(\.key.path).sorted() == paths, "day \(last): \(found.moved.map { ($0.key.path, $0.move) })")
        }
    }

    @Test("reads no minute twice and no more than it needs")
    func reads() throws {
        for minutes in [5, 15, 60, 121, 600, 1440] as [Int64] {
            for baseline in MoveLayout.Baseline.allCases {
                let window = Self.window.lowerBound..<Self.window.lowerBound.advanced(by: minutes)
                let layout = try MoveLayout(window, against: baseline, in: UTC())
                let all = layout.baseline + [layout.window]
                #expect(
                    layout.window.upperBound == window.upperBound && layout.window.lowerBound.index - window.lowerBound.index < 12)
                #expect(zip(layout.reads, layout.reads.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
                #expect(
                    all.allSatisfy { part in
                        layout.reads.contains { $0.lowerBound <= part.lowerBound && part.upperBound <= $0.upperBound }
                    })
                #expect(layout.baseline.allSatisfy { $0.upperBound < layout.window.lowerBound }, "\(minutes) \(baseline)")
                #expect(
                    layout.binCount <= 1300 && layout.binCount == layout.stretches.reduce(layout.current.count) { $0 + $1.count })
                #expect(layout.drawn.count / layout.drawnWidth <= 120 && layout.baseline.count == (baseline == .usual ? 7 : 1))
                #expect(layout.baseline.reduce(0) { $0 + $1.count } >= 60 || minutes == 1440)
            }
        }
        let long = try MoveLayout(Minute(0)..<Minute(1440), against: .before, in: UTC())
        #expect(long.binMinutes == 12 && long.minute(ofCurrent: long.windowStart) == Minute(0))
    }

    @Test("of a long window is told in steps")
    func longWindow() async throws {
        var source = MemorySource()
        for minute in Int64(0)..<1800 {
            source.add(.counter, "hits", Self.first + minute, minute >= 1500 ? 30 : 10)
            source.add(.gauge, "level", Self.first + minute, 5)
        }
        let found = try await answer(source, in: Minute(Self.first + 1440)..<Minute(Self.first + 1800))
        let hits = try #require(found.moved.first)
        #expect(
            found.moved.count == 1 && hits.move.before == 10 && hits.move.after == 30 && hits.began == Minute(Self.first + 1500))
    }

    // MARK: Refusals

    @Test("is refused by name when there is nothing to compare, only hours are left, or a limit bites")
    func refusals() async throws {
        for (minutes, words) in [(1, "a window of 1 minute: expected 5 to 1440"), (4, "of 4 minutes"), (1441, "of 1441 minutes")] {
            let error = #expect(throws: QueryError.self) {
                try MoveLayout(Minute(0)..<Minute(Int64(minutes)), against: .before, in: UTC())
            }
            #expect(error?.code == .limit && error?.message.contains(words) == true, "\(String(describing: error))")
        }
        var late = MemorySource()
        for minute in Int64(63)..<80 { late.add(.gauge, "load", Self.first + minute, 1) }
        await expect(.invalid, "the baseline: hardly anything was sent in it") { try await answer(late) }
        await expect(.invalid, "the baseline: hardly anything was sent in it") { try await answer(MemorySource()) }
        var old = source()
        old.hoursBefore = Self.first + 1000
        await expect(.invalid, "only hours are left") { try await answer(old) }
        var limits = QueryLimits()
        limits.series = 10
        await expect(.limit, "more than 10 statistics") { [limits] in try await answer(source(), limits: limits) }
        limits = QueryLimits()
        limits.numbers = 100
        await expect(.limit, "700 numbers, the limit of numbers") { [limits] in try await answer(source(), limits: limits) }
    }

    private func expect(_ code: QueryError.Code, _ words: String, _ body: () async throws -> MoveAnswer) async {
        do {
            let found = try await body()
            Issue.record("answered \(found.moved.count), expected \(words)")
        } catch let error as QueryError {
            #expect(error.code == code && error.message.contains(words), "\(error.message)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("is not worked out for somebody who is gone")
    func gone() async throws {
        let question = try MoveQuestion(try MoveLayout(Self.window, against: .before, in: UTC()), limit: 1)
        let watch = QueryWatch(QueryLimits()) { false }
        let error = await #expect(throws: QueryError.self) {
            try await Evaluator(source(), QueryLimits(), watch).moved(question)
        }
        #expect(error?.code == .cancelled)
    }
}

/// Paris in 2026: summer time from 29 March to 25 October.
private struct Paris: TimeZoneRules {
    func secondsFromUTC(at time: Timestamp) -> Int64 {
        let minute = time.minute.index
        let (spring, autumn) = (20_541 * Minute.perDay + 60, 20_751 * Minute.perDay + 60)
        return spring..<autumn ~= minute ? 7200 : 3600
    }
}

/// Hands out all points once, begins anew, and hands them out again.
private struct RestartingSource: SeriesSource {
    let source: MemorySource

    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
        _ = try await source.read(request, into: sink)
        sink.restart()
        return try await source.read(request, into: sink)
    }
}
