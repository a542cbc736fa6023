import DattssCore
import DattssQuery
import Testing

/// The engine against a program that keeps every sample and looks at all of them at each instant.
@Suite struct EngineOracleTests {
    @Test("sums, rates, means and extremes are those of all samples in the span", arguments: 0..<8)
    func readings(seed: UInt64) async throws {
        var scene = Scene(seed)
        for _ in 0..<3 {
            let (grid, span) = (scene.grid(), scene.span())
            for (name, field, kind) in Scene.questions {
                let text =
                    "\(name)({__name__=~\"\(kind)[0-9]\(field)\"}[\(span.milliseconds)ms] offset \(span.offsetMilliseconds)ms)"
                // A name is needed, because the function takes it away: one statistic after the other.
                for number in 0..<3 {
                    let one = text.replacing("[0-9]", with: "\(number)")
                    let found = try await answer(one, scene.source, grid).byText.values.first
                    for instant in 0..<grid.count {
                        let expected = scene.expected(name, "\(kind)\(number)", field, grid.instant(instant), span)
                        let value = found?[instant] ?? .gap
                        #expect(
                            isClose(value, expected),
                            "seed \(seed): \(one) at \(grid.instant(instant)): \(value), expected \(expected)")
                    }
                }
            }
        }
    }

    @Test("percentiles of a fleet are those of all its samples, within the error of a sketch", arguments: 0..<8)
    func percentiles(seed: UInt64) async throws {
        var scene = Scene(seed)
        for _ in 0..<3 {
            let (grid, span) = (scene.grid(), scene.span())
            for quantile in [0, 0.1, 0.5, 0.9, 0.99, 1] {
                let text =
                    "histogram_quantile(\(quantile), sum(rate({__name__=~\"t[0-9]_ms\"}[\(span.milliseconds)ms] offset \(span.offsetMilliseconds)ms)))"
                let values = try await answer(text, scene.source, grid).byText[""]
                for instant in 0..<grid.count {
                    let samples = (0..<3).flatMap { scene.samples(.timer, "t\($0)", grid.instant(instant), span) }.sorted()
                    let value = values?[instant] ?? .gap
                    if samples.isEmpty {
                        #expect(value.isGap, "seed \(seed)")
                        continue
                    }
                    let expected = samples[Int(nearestRank(quantile, of: Int64(samples.count))) - 1]
                    #expect(
                        abs(value - expected) <= SketchIndex.relativeError * abs(expected) + 1e-12,
                        "seed \(seed): \(text): \(value), expected \(expected) of \(samples.count)")
                }
            }
        }
    }

    @Test("the totals of counters at any instant are what was counted until then", arguments: 0..<5)
    func totals(seed: UInt64) async throws {
        var scene = Scene(seed)
        for _ in 0..<10 {
            let grid = scene.grid()
            for number in 0..<3 {
                let values = try await answer("c\(number)_total", scene.source, grid).byText["c\(number)_total"]
                for instant in 0..<grid.count {
                    let end = grid.instant(instant).minute.index
                    let all = scene.source.samples[StatisticKey(.counter, "c\(number)")] ?? []
                    let before = all.filter { $0.minute < end }
                    let isThere =
                        before.contains { $0.minute >= end - 60 }
                        && scene.active(in: scene.minutes(grid.instant(instant), Span()))
                    let expected = isThere ? before.reduce(0) { $0 + $1.value } : .gap
                    let value = values?[instant] ?? .gap
                    #expect(isClose(value, expected), "seed \(seed): \(value), expected \(expected)")
                }
            }
        }
    }

    @Test("a counter grows by as much over any cuts of a range as over the whole", arguments: 0..<5)
    func cuts(seed: UInt64) async throws {
        let scene = Scene(seed)
        let end = Timestamp(milliseconds: (Scene.first + Scene.length) * 60_000)
        let whole = try await answer("increase(c0_total[\(Scene.length)m])", scene.source, TimeGrid(at: end)).byText[""]
        for pieces in [2, 5, 10, 60] {
            let step = Scene.length / Int64(pieces)
            let start = Timestamp(milliseconds: (Scene.first + step) * 60_000)
            let grid = try TimeGrid(from: start, through: end, stepMilliseconds: step * 60_000, QueryLimits())
            let parts = try await answer("increase(c0_total[\(step)m])", scene.source, grid).byText[""] ?? []
            #expect(isClose(parts.filter { !$0.isGap }.reduce(0, +), whole?[0] ?? 0), "seed \(seed)")
        }
    }

    /// A few hours of three counters, gauges and timers, with silences of each and of all.
    private struct Scene {
        static let first: Int64 = 29_000_040
        static let length: Int64 = 600
        static let questions: [(String, String, String)] = [
            ("rate", "_total", "c"), ("increase", "_total", "c"), ("irate", "_total", "c"), ("increase", "_ms_count", "t"),
            ("rate", "_ms_sum", "t"), ("avg_over_time", "", "g"), ("min_over_time", "", "g"), ("max_over_time", "", "g"),
            ("sum_over_time", "", "g"), ("count_over_time", "", "g"), ("last_over_time", "", "g"),
            ("max_over_time", "_ms_max", "t"),
            ("min_over_time", "_ms_min", "t"),
        ]

        var source = MemorySource()
        private var random: Seeded
        private let activeMinutes: Set<Int64>

        init(_ seed: UInt64) {
            random = Seeded(seed)
            var active: Set<Int64> = []
            for number in 0..<3 {
                for kind in Kind.allCases {
                    let isRare = Bool.random(using: &random)
                    for minute in Self.first..<Self.first + Self.length {
                        // Somebody was silent for a while altogether.
                        if (Self.first + 200..<Self.first + 230).contains(minute) { continue }
                        guard Int.random(in: 0..<(isRare ? 40 : 2), using: &random) == 0 else { continue }
                        active.insert(minute)
                        for _ in 0..<Int.random(in: 1...4, using: &random) {
                            let value =
                                kind == .counter
                                ? Double(Int.random(in: 1...9, using: &random)) : Self.value(kind, using: &random)
                            source.add(kind, "\(kind == .timer ? "t" : kind.symbol)\(number)", minute, value)
                        }
                    }
                }
            }
            activeMinutes = active
        }

        private static func value(_ kind: Kind, using random: inout Seeded) -> Double {
            let magnitude = Double.random(in: 0...1, using: &random) * (Int.random(in: 0..<10, using: &random) == 0 ? 10_000 : 100)
            return kind == .gauge && Bool.random(using: &random)
                ? -magnitude : Int.random(in: 0..<20, using: &random) == 0 ? 0 : magnitude
        }

        mutating func grid() -> TimeGrid {
            let start = (Self.first + Int64.random(in: -20...Self.length, using: &random)) * 60_000
            let isAligned = Bool.random(using: &random)
            var grid = TimeGrid(at: Timestamp(milliseconds: start + (isAligned ? 0 : Int64.random(in: 1..<60_000, using: &random))))
            grid.count = Int.random(in: 1...12, using: &random)
            grid.stepMilliseconds = [15_000, 60_000, 90_000, 300_000, 420_000, 3_600_000].randomElement(using: &random) ?? 1
            return grid
        }

        mutating func span() -> Span {
            Span(
                milliseconds: [30_000, 60_000, 90_000, 300_000, 3_600_000, 5_400_000].randomElement(using: &random) ?? 1,
                offsetMilliseconds: [0, 0, 60_000, 100_000, 3_600_000].randomElement(using: &random) ?? 0)
        }

        func minutes(_ instant: Timestamp, _ span: Span) -> Range<Int64> {
            let end = instant.milliseconds - span.offsetMilliseconds
            let last = end.flooredQuotient(by: 60_000)
            return min((end - span.milliseconds).flooredQuotient(by: 60_000), last - 1)..<last
        }

        func active(in minutes: Range<Int64>) -> Bool { minutes.contains(where: activeMinutes.contains) }

        func samples(_ kind: Kind, _ path: String, _ instant: Timestamp, _ span: Span) -> [Double] {
            let minutes = minutes(instant, span)
            return (source.samples[StatisticKey(kind, path)] ?? []).filter { minutes.contains($0.minute) }.map(\.value)
        }

        func expected(_ name: String, _ path: String, _ field: String, _ instant: Timestamp, _ span: Span) -> Double {
            let kind: Kind = path.hasPrefix("c") ? .counter : path.hasPrefix("g") ? .gauge : .timer
            let minutes = minutes(instant, span)
            let values = samples(kind, path, instant, span)
            if ["rate", "increase", "irate"].contains(name) {
                let wide = min(minutes.lowerBound, minutes.upperBound - 60)..<minutes.upperBound
                let isThere = (source.samples[StatisticKey(kind, path)] ?? []).contains { wide.contains($0.minute) }
                guard isThere, active(in: minutes) else { return .gap }
                if name == "irate" {
                    let last = minutes.last(where: activeMinutes.contains) ?? 0
                    let all = source.samples[StatisticKey(kind, path)] ?? []
                    return all.filter { $0.minute == last }.reduce(0) { $0 + $1.value } / 60
                }
                let grown = field == "_ms_count" ? Double(values.count) : values.reduce(0, +)
                let bySecond = grown / Double(minutes.count * 60)
                return name == "rate" ? bySecond : bySecond * Double(span.milliseconds) / 1000
            }
            guard let last = values.last else { return .gap }
            switch name {
            case "avg_over_time": return values.reduce(0, +) / Double(values.count)
            case "min_over_time": return values.min() ?? .gap
            case "max_over_time": return values.max() ?? .gap
            case "sum_over_time": return values.reduce(0, +)
            case "count_over_time": return Double(values.count)
            default: return last
            }
        }
    }
}
