import DattssCore
import DattssImport
import DattssLog

/// How many bytes real series take: files of lines `timestamp,value`, each a gauge.
struct SeriesBench {
    static func figures(of files: String, in temporary: String) throws -> [Figure] {
        let folder = BenchFolder(directory: temporary + "/series")
        let names = try folder.fileSystem.list(files).filter { $0.hasSuffix(".csv") }
        let always = Retention.Limits(minuteDays: 1 << 30, hourDays: 1 << 30)
        var builder = MinuteBuilder(now: Timestamp(seconds: 1 << 40), limits: always)
        for name in names {
            var format = SeparatedValues(key: StatisticKey(.gauge, Name.rewritten(name.dropLast(4).utf8) ?? "_"))
            var report = LineReport<LineProblem>()
            var samples: [ImportSample] = []
            try LineFile("\(files)/\(name)").forEachLine { line in
                samples.removeAll(keepingCapacity: true)
                report.read(line, by: &format, into: &samples)
                for sample in samples { builder.add(sample) }
            }
            builder.endFile()
        }
        let history = try folder.history()
        let lane = folder.lane(history)
        var table = AggregateLineWriter(AggregateColumns(hasSketch: false, hasExtras: false))
        var series: [StatisticKey: [HistorySlice.Point]] = [:]
        var count = 0
        for block in builder.blocks(for: SampleDay.user) {
            try lane.append(block)
            for partial in block.users[0].aggregates {
                table.append(block.minute, partial.key, partial.aggregate)
                series[partial.key, default: []].append(HistorySlice.Point(minute: block.minute, aggregate: partial.aggregate))
                count += 1
            }
        }
        var sorted = AggregateLineWriter(AggregateColumns(hasSketch: false, hasExtras: false))
        for (key, points) in series.sorted(by: { $0.key < $1.key }) {
            for point in points { sorted.append(point.minute, key, point.aggregate) }
        }
        let sealer = Sealer(
            fileSystem: folder.fileSystem, directory: folder.directory, history: history, policy: .never)
        for day in history.unsealedDays { _ = try sealer.seal(day: day) }
        let sizes = try LogSizes.of(fileSystem: folder.fileSystem, directory: folder.directory)
        let days = sizes.sections.first { $0.name == "days/" }
        let around = days?.parts.filter { LogSizes.partsAroundChunks.contains($0.name) }.reduce(0) { $0 + $1.bytes } ?? 0
        func perAggregate(_ bytes: Int) -> String { (Double(bytes) / Double(max(1, count))).text() }
        return [
            Figure(
                name: "\(names.count) real series, \(count) aggregates: sealed, bytes each",
                value: perAggregate(try folder.bytes(of: "days")),
                floor: "\(perAggregate(try ZstdCompressor(level: 19).compress(sorted.bytes).count)) (CSV, zstd -19)"),
            Figure(
                name: "… of it what stands around the chunks of \(days?.files ?? 0) days", value: perAggregate(around)),
            Figure(
                name: "… unsealed", value: perAggregate(try folder.bytes(of: "minutes")),
                floor: "\(perAggregate(try ZstdCompressor(level: 3).compress(table.bytes).count)) (CSV, zstd -3)"),
        ]
    }
}
