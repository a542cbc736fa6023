import DattssCore
import DattssLog
import DattssPipeline
import Synchronization

/// Plays the accepted lane of one data folder into a fresh pipeline on another.
///
/// Batches go in one after the other, each when the one before is written, so that they get the same order as in the log that
/// is played. Nothing is left out for being too much: the limits of the server that took them in have had their say.
struct AcceptedReplay {
    private let fileSystem: any FileSystem
    private let source: String
    private let target: String
    private let speed: ReplaySpeed

    struct Outcome: Sendable, CustomStringConvertible {
        var batches = 0
        var partials = 0
        var users: Set<UserID> = []
        var times: ClosedRange<Timestamp>?
        var took = Duration.zero
        /// How many batches were not taken in, by reason.
        var refused: [String: Int] = [:]
        /// Batches that the log had twice under different LSNs.
        var duplicates = 0
        /// What could not be read of the log that was played.
        var findings: [Finding] = []
        var digest = MinuteDigest.Value()

        /// Whether the log was readable, and all of it was taken in.
        var isComplete: Bool { refused.isEmpty && findings.allSatisfy { $0.kind == .tornTail } }

        var description: String {
            let seconds = took / .seconds(1)
            let rate = seconds > 0 ? Double(partials) / seconds : 0
            let minutes = times.map { ($0.upperBound.milliseconds - $0.lowerBound.milliseconds) / 60_000 } ?? 0
            return """
                played     \(batches) batches, \(partials) partials of \(users.count) users and \(minutes + 1) minutes
                took       \((seconds * 100).rounded() / 100) s: \(Int(rate)) partials/s
                wrote      \(digest.aggregates) minute aggregates
                digest     \(digest)
                """
        }
    }

    init(fileSystem: any FileSystem, from source: String, to target: String, speed: ReplaySpeed) {
        self.fileSystem = fileSystem
        self.source = source
        self.target = target
        self.speed = speed
    }

    func run() async throws -> Outcome {
        let reader = try AcceptedLaneReader(fileSystem: fileSystem, directory: source)
        var outcome = Outcome()
        let lock = try DataFolder.lock(target, fileSystem: fileSystem)
        defer { lock.release() }
        if let first = try reader.next() {
            let clock = ReplayClock(first.at)
            let failure = Mutex<String?>(nil)
            let pipeline = try Pipeline(configuration(clock)) { problem in
                failure.withLock { $0 = $0 ?? problem }
            }
            async let running: Void = pipeline.run()
            let played: Result<Void, any Error>
            do {
                played = .success(try await play(first, reader, into: pipeline, clock, &outcome))
            } catch {
                played = .failure(error)
            }
            // Whatever happened, the pipeline comes to its end first.
            pipeline.finish()
            await running
            try played.get()
            if let problem = failure.withLock({ $0 }) { throw ReplayFailure(problem: problem) }
        }
        outcome.findings = reader.findings
        outcome.digest = try MinuteDigest.of(
            outcome.users, in: try History.open(fileSystem: fileSystem, directory: target))
        return outcome
    }

    private func play(
        _ first: AcceptedBatch, _ reader: AcceptedLaneReader, into pipeline: Pipeline, _ clock: ReplayClock,
        _ outcome: inout Outcome
    ) async throws {
        let began = ContinuousClock.now
        var next: AcceptedBatch? = first
        while let batch = next {
            if case .factor(let factor) = speed {
                let due = Double(batch.at.milliseconds - first.at.milliseconds) / factor
                try await Task.sleep(until: began + .milliseconds(due), clock: .continuous)
            }
            clock.set(batch.at)
            switch await accept(batch, into: pipeline) {
            case .accepted: break
            case .duplicate: outcome.duplicates += 1
            case .refused(let error): outcome.refused[error.message, default: 0] += 1
            }
            outcome.batches += 1
            outcome.partials += batch.batch.partials.count
            outcome.users.insert(batch.user)
            outcome.times =
                min(outcome.times?.lowerBound ?? batch.at, batch.at)...max(outcome.times?.upperBound ?? batch.at, batch.at)
            next = try reader.next()
        }
        outcome.took = ContinuousClock.now - began
    }

    /// A pipeline that is full for the moment is asked again.
    private func accept(_ batch: AcceptedBatch, into pipeline: Pipeline) async -> IngestAnswer {
        while true {
            let answer = await pipeline.ingest.submit(batch.batch, of: batch.user)
            guard case .refused(let error) = answer, error.reason == .overloaded else { return answer }
            await Task.yield()
        }
    }

    private func configuration(_ clock: ReplayClock) -> PipelineConfiguration {
        var limits = Limits()
        limits.liveStatisticsPerUser = .max / 2
        return PipelineConfiguration(
            directory: target, syncMode: .never, limits: limits, retention: { .forEver }, fileSystem: fileSystem, clock: clock)
    }
}

extension Retention {
    /// Nothing goes, however long a recording is.
    static var forEver: Retention { Retention(limits: Limits(minuteDays: 1 << 30, hourDays: 1 << 30)) }
}

/// The disk failed while a log was played.
struct ReplayFailure: Error, CustomStringConvertible {
    var problem: String
    var description: String { "the disk failed: \(problem)" }
}
