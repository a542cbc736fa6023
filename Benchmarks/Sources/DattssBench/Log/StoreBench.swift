import DattssCore
import DattssLog

/// A large data folder as a server leaves it: sealed days, and a checkpoint with the totals of all statistics.
struct StoreBench {
    let folder: BenchFolder
    let statistics: Int
    let days: Int

    /// Fills the folder, which takes some two minutes of CPU for 20 million aggregates. One that is there already is taken as it is.
    func prepare() throws {
        let history = try folder.history()
        guard history.minutes == nil else { return }
        let generator = SampleStatistics(seed: 1)
        for day in 0..<days {
            let lane = try lane(history)
            let sample = SampleDay(generator, day: day, count: statistics)
            try sample.forEachBlock(withSketches: false) { try lane.append($0) }
            let sealer = Sealer(
                fileSystem: folder.fileSystem, directory: folder.directory, history: history, policy: .never)
            let number = SampleStatistics.firstDay + Int64(day)
            _ = try sealer.seal(day: number)
            try lane.roll()
            try lane.append(checkpoint(generator, at: Minute((number + 1) * Minute.perDay).start))
            try lane.retireSealed()
        }
    }

    /// Goes on where the lane of the day before ended.
    private func lane(_ history: History) throws -> MinuteLane {
        var counting = CountingRecovery()
        let report = try Recovery.run(
            fileSystem: folder.fileSystem, directory: folder.directory, policy: .never, into: &counting)
        return MinuteLane(
            fileSystem: folder.fileSystem, directory: folder.directory, state: report.minutes, policy: .never, history: history)
    }

    private func checkpoint(_ generator: SampleStatistics, at time: Timestamp) -> Checkpoint {
        let totals = (0..<statistics).map { index in
            UserCheckpoint.StatisticTotals(
                key: generator.key(index),
                totals: StatusTotals(sum: Double(index), last: 1, seen: time, isEmphasised: false))
        }
        return Checkpoint(
            at: time, through: .zero,
            users: [UserCheckpoint(user: SampleDay.user, totals: totals.sorted { $0.key < $1.key }, clients: [])])
    }

    func figures() throws -> [Figure] {
        let values = try MeasuredProcess.run([
            "bench", "measured-start", "--data-dir", folder.directory, "--statistics", String(statistics), "--days", String(days),
        ])
        let bytes = try folder.bytes(of: "days")
        return [
            Figure(
                name: "start on \(days) days of \(statistics) statistics (\(bytes >> 20) MiB), s to the first answer",
                value: (values["startSeconds"] ?? .nan).text(), target: "≤ 2"),
            Figure(
                name: "… resident then, MiB", value: ((values["startBytes"] ?? .nan) / 1_048_576).text(0), target: "≤ 300 MB"),
            Figure(
                name: "… resident after \(Int(values["queries"] ?? 0)) questions, MiB",
                value: ((values["residentBytes"] ?? .nan) / 1_048_576).text(0)),
            Figure(
                name: "a day against the week of one statistic, ms: p50", value: (values["answerP50"] ?? .nan).text(),
                target: "≤ 1"),
            Figure(name: "… p99", value: (values["answerP99"] ?? .nan).text(), target: "≤ 5"),
            Figure(name: "… of it reading, p50", value: (values["readP50"] ?? .nan).text()),
            Figure(name: "… of it reading, p99", value: (values["readP99"] ?? .nan).text()),
            Figure(name: "… CPU in all, mean", value: (values["processorMilliseconds"] ?? .nan).text()),
        ]
    }
}
