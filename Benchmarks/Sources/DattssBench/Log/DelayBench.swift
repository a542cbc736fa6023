import DattssCore
import DattssLog

/// By how much sealing delays the acknowledgements of a server that is sent a thousand batches a second meanwhile.
enum DelayBench {
    static func figures(_ generator: SampleStatistics, statistics: Int, days: Int, in directory: String) throws -> [Figure] {
        let folder = BenchFolder(directory: directory)
        let lane = folder.lane()
        for day in 0..<days {
            try SampleDay(generator, day: day, count: statistics).forEachBlock(withSketches: false) { try lane.append($0) }
        }
        let values = try MeasuredProcess.run([
            "measured-delay", "--data-dir", folder.directory, "--days", String(days),
        ])
        func text(_ name: String) -> String { (values[name] ?? .nan).text() }
        return [
            Figure(
                name:
                    "acknowledgements while \(Int(values["sealedRows"] ?? 0)) aggregates are sealed (\(text("seconds")) s), ms: p50",
                value: text("duringP50"), floor: "\(text("afterP50")) (without sealing)"),
            Figure(
                name: "… p99.9", value: text("duringP999"), floor: "\(text("afterP999")) (without sealing)",
                target: "≤ 10 more"),
            Figure(name: "… longest", value: text("duringMax"), floor: "\(text("afterMax")) (without sealing)"),
        ]
    }
}
