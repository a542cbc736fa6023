import DattssCore
import DattssQuery

/// Statistics in memory, of which every sample is kept.
struct MemorySource: SeriesSource {
    struct Sample {
        var minute: Int64
        var value: Double
    }

    /// In the order of their minutes.
    var samples: [StatisticKey: [Sample]] = [:]
    /// Minutes before are kept as hours only.
    var hoursBefore: Int64 = .min
    /// Whether timers come with sketches.
    var hasSketches = true

    var active: MinuteRuns {
        var minutes: Set<Int64> = []
        for sample in samples.values.joined() {
            if sample.minute >= hoursBefore { minutes.insert(sample.minute) } else { minutes.formUnion(hour(of: sample.minute)) }
        }
        return MinuteRuns(minutes.map { Minute($0) })
    }

    private func hour(of minute: Int64) -> Range<Int64> {
        let start = minute.flooredQuotient(by: 60) * 60
        return start..<start + 60
    }

    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
        for (key, samples) in samples where key.path.hasPrefix(request.pathPrefix) {
            let slot = sink.slot(of: key)
            if slot == SeriesSink.refused { continue }
            let points = Dictionary(grouping: samples) { $0.minute >= hoursBefore ? $0.minute : hour(of: $0.minute).lowerBound }
            for (minute, samples) in points.sorted(by: { $0.key < $1.key }) {
                let isHour = minute < hoursBefore
                let covered = minute..<minute + (isHour ? 60 : 1)
                guard request.withTotals || covered.overlaps(request.minutes.lowerBound.index..<request.minutes.upperBound.index)
                else {
                    continue
                }
                let aggregate = Self.aggregate(samples.map(\.value), withSketch: hasSketches && request.withSketches)
                guard sink.add(MinutePoint(minute: Minute(minute), aggregate: aggregate), isHour: isHour, to: slot) else {
                    return MinuteRuns()
                }
            }
            if request.withTotals {
                sink.setTotal(of: slot, sum: samples.reduce(0) { $0 + $1.value })
            }
        }
        return active
    }

    static func aggregate(_ values: [Double], withSketch: Bool) -> Aggregate {
        let sorted = values.sorted()
        var sketch = Sketch()
        for value in values { sketch.add(value) }
        let count = Int64(values.count)
        return Aggregate(
            sum: values.reduce(0, +), count: count, max: sorted[sorted.count - 1], min: sorted[0], first: values[0],
            last: values[values.count - 1], bottom: sorted[Int(nearestRank(0.1, of: count)) - 1],
            top: sorted[Int(nearestRank(0.9, of: count)) - 1], sketch: withSketch ? sketch : nil)
    }

    mutating func add(_ kind: Kind, _ path: String, _ minute: Int64, _ values: Double...) {
        samples[StatisticKey(kind, path), default: []] += values.map { Sample(minute: minute, value: $0) }
    }
}

/// Numbers that are the same every time.
struct Seeded: RandomNumberGenerator {
    private var numbers: SplitMix64

    init(_ seed: UInt64) { numbers = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { numbers.next() }
}

extension QueryAnswer {
    /// The series, by their labels as text: `a{b="c"}`.
    var byText: [String: [Double]] {
        guard case .series(let series) = value else { return [:] }
        return Dictionary(series.map { ($0.labels.text, $0.values) }) { _, last in last }
    }
}

extension Labels {
    var text: String {
        let others = all.filter { $0.name != Labels.nameLabel }.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ")
        return self[Labels.nameLabel] + (others.isEmpty ? "" : "{\(others)}")
    }
}

/// Works out PromQL over some statistics.
func answer(
    _ text: String, _ source: MemorySource, _ grid: TimeGrid, _ limits: QueryLimits = QueryLimits(),
    isWanted: @escaping @Sendable () -> Bool = { true }
) async throws -> QueryAnswer {
    try await Evaluator(source, limits, QueryWatch(limits, isWanted: isWanted))
        .answer(try PromQL.expression(text), on: grid)
}

/// Whether two numbers are the same but for rounding.
func isClose(_ a: Double, _ b: Double, relative: Double = 1e-9) -> Bool {
    if a.isGap || b.isGap { return a.isGap && b.isGap }
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
    return a == b || abs(a - b) <= relative * max(abs(a), abs(b), 1e-9)
}
