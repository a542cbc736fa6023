import ArgumentParser
import DattssCore
import DattssLog
import DattssPipeline

/// Acknowledges a steady stream of batches while the days of a data folder are sealed, and after that, and prints how long each
/// took: in a process of its own.
///
/// Batches are due at fixed times, and a delay counts from when one was due, so that a stall counts for all that came in it.
struct MeasuredDelay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "measured-delay", shouldDisplay: false)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "Days in the folder.") var days = 8

    private static let interval = Duration.milliseconds(1)
    private static let partials = 20

    func run() async throws {
        let directory = dataDirectory.resolved
        let fileSystem = POSIXFileSystem()
        let lock = try DataFolder.lock(directory, fileSystem: fileSystem)
        defer { lock.release() }
        let pipeline = try Pipeline(
            PipelineConfiguration(
                directory: directory, retention: { .forEver }, fileSystem: fileSystem,
                clock: ShiftedClock(showing: Minute((SampleStatistics.firstDay + Int64(days)) * Minute.perDay + 10).start))
        ) { print($0) }
        // Sealing begins by itself, at once.
        let sealing = Stopwatch()
        async let running: Void = pipeline.run()
        var during: [Double] = []
        while await pipeline.snapshot().housekeeping.passes == 0 { during += try await delays(pipeline, count: 100) }
        let seconds = sealing.seconds
        let after = try await delays(pipeline, count: during.count)
        print("sealedRows \(await pipeline.snapshot().housekeeping.sealedRows)")
        print("seconds \(seconds)")
        Self.printPercentiles("during", during)
        Self.printPercentiles("after", after)
        pipeline.finish()
        await running
    }

    /// Milliseconds from when a batch was due to its acknowledgement.
    private func delays(_ pipeline: Pipeline, count: Int) async throws -> [Double] {
        let clock = ContinuousClock()
        let start = clock.now
        return try await withThrowingTaskGroup(of: Double.self) { group in
            for number in 0..<count {
                let due = start + Self.interval * number
                try await clock.sleep(until: due, tolerance: .zero)
                group.addTask {
                    let answer = await pipeline.ingest.submit(Self.batch(number), of: SampleDay.user)
                    guard answer == .accepted else { throw MeasuredProcessError(problem: "a batch was answered \(answer)") }
                    return Double((clock.now - due) / .microseconds(1)) / 1000
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func batch(_ number: Int) -> Batch {
        Batch(
            partials: (0..<partials).map { Partial(StatisticKey(.counter, "bench.delay.\($0)"), Aggregate(sample: Double(number))) }
        )
    }

    private static func printPercentiles(_ name: String, _ milliseconds: [Double]) {
        let sorted = milliseconds.sorted()
        guard let last = sorted.last else { return }
        print("\(name)Count \(sorted.count)")
        print("\(name)P50 \(sorted[sorted.count / 2])")
        print("\(name)P999 \(sorted[sorted.count * 999 / 1000])")
        print("\(name)Max \(last)")
    }
}

/// The system's clock as if it had been another time when this was made.
private struct ShiftedClock: WallClock {
    private let system = SystemClock()
    private let aheadMilliseconds: Int64

    init(showing time: Timestamp) { aheadMilliseconds = time.milliseconds - system.now().milliseconds }

    func now() -> Timestamp { system.now().advanced(byMilliseconds: aheadMilliseconds) }

    func uptimeMilliseconds() -> Int64 { system.uptimeMilliseconds() }

    func sleep(until deadline: Timestamp, since seen: Timestamp) async throws {
        try await system.sleep(
            until: deadline.advanced(byMilliseconds: -aheadMilliseconds),
            since: seen.advanced(byMilliseconds: -aheadMilliseconds))
    }
}
