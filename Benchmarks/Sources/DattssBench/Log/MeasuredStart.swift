import ArgumentParser
import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport

/// Starts a pipeline on the folder of ``StoreBench``, asks it, and prints how long that took: in a process of its own.
struct MeasuredStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "measured-start", shouldDisplay: false)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option var statistics = 20_000
    @Option var days = 8

    private static let questions = 1000

    func run() async throws {
        let watch = Stopwatch()
        let end = Minute((SampleStatistics.firstDay + Int64(days)) * Minute.perDay).start
        let directory = dataDirectory.resolved
        let fileSystem = POSIXFileSystem()
        let lock = try DataFolder.lock(directory, fileSystem: fileSystem)
        defer { lock.release() }
        let pipeline = try Pipeline(
            PipelineConfiguration(
                directory: directory, syncMode: .never, retention: { .forEver }, fileSystem: fileSystem,
                clock: ManualClock(end))
        ) { print($0) }
        async let running: Void = pipeline.run()
        let generator = SampleStatistics(seed: 1)
        let date = CalendarDate(dayNumber: end.minute.day - 1)
        _ = try await answer(pipeline, generator.key(0), date)
        print("startSeconds \(watch.seconds)")
        print("startBytes \(ProcessMemory.residentBytes)")
        var (reading, answering): ([Double], [Double]) = ([], [])
        let all = Stopwatch()
        for number in 0..<Self.questions {
            // Far apart, so that each is another part of the files.
            let key = generator.key((number * 7919) % statistics)
            let question = Stopwatch()
            let (day, readSeconds) = try await answer(pipeline, key, date)
            guard !day.today.isEmpty else { continue }
            reading.append(readSeconds * 1000)
            answering.append(question.seconds * 1000)
        }
        print("queries \(answering.count)")
        print("processorMilliseconds \(all.processorSeconds * 1000 / Double(Self.questions))")
        Self.printPercentiles("read", reading)
        Self.printPercentiles("answer", answering)
        print("residentBytes \(ProcessMemory.residentBytes)")
        pipeline.finish()
        await running
    }

    /// What `GET /api/v1/day` computes, and how long reading took of it.
    private func answer(
        _ pipeline: Pipeline, _ key: StatisticKey, _ date: CalendarDate
    ) async throws -> (day: DayView, readSeconds: Double) {
        let watch = Stopwatch()
        let minutes = try await pipeline.queries.minutes(of: key, user: SampleDay.user, in: DayView.minutes(for: date))
        let readSeconds = watch.seconds
        let day = DayView(
            of: key.kind, on: date, in: UniversalTime(), minutes: minutes.aggregates, active: minutes.active, stepMinutes: 5)
        return (day, readSeconds)
    }

    private static func printPercentiles(_ name: String, _ milliseconds: [Double]) {
        let sorted = milliseconds.sorted()
        guard !sorted.isEmpty else { return }
        print("\(name)P50 \(sorted[sorted.count / 2])")
        print("\(name)P99 \(sorted[sorted.count * 99 / 100])")
    }
}

private struct UniversalTime: TimeZoneRules {
    func secondsFromUTC(at time: Timestamp) -> Int64 { 0 }
}
