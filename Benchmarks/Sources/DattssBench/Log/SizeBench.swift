import DattssCore
import DattssLog

/// How many bytes an aggregate takes: unsealed, sealed, and with sketches.
///
/// Writes the days of the generator into two data folders, one without sketches and one with; floors are taken on the way.
struct SizeBench {
    let statistics: SampleStatistics
    let days: Int
    let plain: BenchFolder
    let sketched: BenchFolder
    private(set) var aggregates = 0
    private var sketches = 0
    private var tableBytes = (byMinute: 0, byStatistic: 0)
    private var hundreds = SketchSizes()

    init(_ statistics: SampleStatistics, days: Int, in folder: String) {
        self.statistics = statistics
        self.days = days
        plain = BenchFolder(directory: folder + "/plain")
        sketched = BenchFolder(directory: folder + "/sketched")
    }

    mutating func writeMinutes() throws {
        let lanes = (plain.lane(), sketched.lane())
        let fast = ZstdCompressor(level: 3)
        let strong = ZstdCompressor(level: 19)
        for day in 0..<days {
            let sample = SampleDay(statistics, day: day, count: statistics.statistics)
            try sample.forEachBlock(withSketches: false) { try lanes.0.append($0) }
            try sample.forEachBlock(withSketches: true) { try lanes.1.append($0) }
            aggregates += sample.count
            sketches += sample.sketchCount
            tableBytes.byMinute += try fast.compress(sample.csv(byStatistic: false)).count
            tableBytes.byStatistic += try strong.compress(sample.csv(byStatistic: true)).count
            try sample.forEachSeries { key, points in try hundreds.add(key, points) }
        }
    }

    /// - Parameter sealed: whether both folders are sealed by now.
    func figures() throws -> [Figure] {
        let minutes = try plain.bytes(of: "minutes")
        let days = try plain.bytes(of: "days")
        let sketchBytes = try sketched.bytes(of: "days") - days
        let hours = try plain.bytes(of: "hours")
        return [
            Figure(
                name: "sealed, bytes an aggregate", value: perAggregate(days),
                floor: "\(perAggregate(tableBytes.byStatistic)) (CSV, zstd -19)", target: "≤ 5.0"),
            Figure(
                name: "unsealed, bytes an aggregate", value: perAggregate(minutes),
                floor: "\(perAggregate(tableBytes.byMinute)) (CSV, zstd -3)", target: "≤ 9"),
            Figure(name: "hours, bytes a minute aggregate they stand for", value: perAggregate(hours)),
            Figure(
                name: "a sketch, sealed, bytes (all, mean)",
                value: (Double(sketchBytes) / Double(max(1, sketches))).text(1)),
        ] + hundreds.figures
    }

    private func perAggregate(_ bytes: Int) -> String { (Double(bytes) / Double(max(1, aggregates))).text() }
}

/// What the sketches of timers of about 100 samples a minute add to a chunk.
private struct SketchSizes {
    private var chunkBytes = 0
    private var plainBytes = 0
    private var count = 0
    private var samples: Int64 = 0

    private static let meanRange = 80.0...125.0

    mutating func add(_ key: StatisticKey, _ points: [HistorySlice.Point]) throws {
        let sketched = points.filter { $0.aggregate.packedSketch != nil }
        let total = sketched.reduce(Int64(0)) { $0 + $1.aggregate.count }
        guard let first = sketched.first, Self.meanRange ~= Double(total) / Double(sketched.count) else { return }
        let bare = sketched.map { point in
            var bare = point
            bare.aggregate.packedSketch = nil
            return bare
        }
        let origin = Minute(first.minute.day * Minute.perDay)
        chunkBytes += ChunkCodec.encode(sketched, origin: origin).count - ChunkCodec.encode(bare, origin: origin).count
        // A record of the accepted lane has the sketch as plain varints, and all else alike.
        plainBytes += Self.recordBytes(key, sketched) - Self.recordBytes(key, bare)
        count += sketched.count
        samples += total
    }

    private static func recordBytes(_ key: StatisticKey, _ points: [HistorySlice.Point]) -> Int {
        BatchCodec.encode(
            user: SampleDay.user, batch: Batch(partials: points.map { Partial(key, $0.aggregate) })
        ).count
    }

    var figures: [Figure] {
        guard count > 0 else { return [] }
        let bytes = Double(chunkBytes) / Double(count)
        let plain = Double(plainBytes) / Double(count)
        return [
            Figure(
                name: "a sketch of \((Double(samples) / Double(count)).text(0)) samples, sealed, bytes", value: bytes.text(1),
                floor: "\(plain.text(1)) (plain varints)", target: "≤ 45"),
            Figure(name: "… as a part of its varint form", value: (bytes / max(1, plain)).text(), target: "≤ 0.6"),
        ]
    }
}
