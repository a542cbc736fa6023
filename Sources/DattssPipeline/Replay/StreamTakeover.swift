import DattssCore
package import DattssLog

/// A replicated stream that is to be a pipeline's accepted log.
package struct AcceptedStream: Sendable {
    package var stream: any ReplicatedStream
    /// What this machine is called in the stream, for people.
    package var node: String
    /// How long the stream keeps what is in this machine's blocks already: only that comes back when the machine is lost.
    package var keptMilliseconds: Int64

    package init(_ stream: any ReplicatedStream, node: String, keptMilliseconds: Int64 = Self.standardKeptMilliseconds) {
        (self.stream, self.node, self.keptMilliseconds) = (stream, node, keptMilliseconds)
    }

    /// A day.
    package static let standardKeptMilliseconds: Int64 = 86_400_000
}

/// Makes a stream this process's own and brings the folder up to its end.
///
///     folder fits? ──► claim ──► folder: blocks, checkpoint ──► stream: what is behind them ──► owned
///                                   ▲                               │ many minutes without a block, or purged under the reading
///                                   └────── blocks are written ─────┘
///
/// An empty folder may have to make a day of minutes. They are written as blocks while the stream is read, and then the folder is read
/// once more, so that never more than a few of them are in memory.
struct StreamTakeover {
    private let configuration: PipelineConfiguration
    private let accepted: AcceptedStream
    private let file: StreamFile

    private static let unwrittenMax = 16
    private static let passesMax = 20
    /// Windows are rebuilt of what came within the last minute.
    private static let horizonMilliseconds: Int64 = 120_000

    struct Found {
        var report: RecoveryReport
        var replayed: Replay.Outcome
        var newest: Timestamp?
        var owned: OwnedStream
    }

    init(_ configuration: PipelineConfiguration, _ accepted: AcceptedStream) {
        (self.configuration, self.accepted) = (configuration, accepted)
        file = StreamFile(fileSystem: configuration.fileSystem, directory: configuration.directory)
    }

    func run() async throws(LogError) -> Found {
        try await file.expect(accepted.stream) { () async throws(LogError) in try await isBlank() }
        let writer = StreamWriter(accepted.stream, node: accepted.node, nonce: UInt64.random(in: 1 ... .max))
        let claim = try await writer.claim()
        try file.write(accepted.stream.identity)
        for _ in 0..<Self.passesMax {
            guard let found = try await pass(writer, claim) else { continue }
            await writer.noteReplayed()
            return found
        }
        throw LogError(.refused, expected: "a stream that stays as it is while it is read", found: "one that changes all the time")
    }

    /// Whether the folder or the stream has no batches yet, so that their LSNs cannot contradict each other.
    private func isBlank() async throws(LogError) -> Bool {
        var replay = newReplay
        let report = try recover(into: &replay)
        guard report.accepted.nextLSN > LSN(1) else { return true }
        let bounds = try await accepted.stream.bounds()
        var next = bounds.first
        while next <= bounds.last, let message = try await accepted.stream.message(from: next) {
            if case .batches = message.record { return false }
            next = message.position.next
        }
        return true
    }

    private var newReplay: Replay { Replay(now: configuration.clock.now(), limits: configuration.limits) }

    private func recover(into replay: inout Replay) throws(LogError) -> RecoveryReport {
        try Recovery.run(
            fileSystem: configuration.fileSystem, directory: configuration.directory,
            policy: configuration.syncMode.policy, into: &replay)
    }

    /// - Returns: nil when the folder has to be read again.
    private func pass(_ writer: StreamWriter, _ claim: StreamPosition) async throws(LogError) -> Found? {
        var replay = newReplay
        var report = try recover(into: &replay)
        let now = configuration.clock.now()
        let horizon = now.advanced(byMilliseconds: -Self.horizonMilliseconds)
        let known = LSN(report.accepted.nextLSN.value - 1)
        var reader = try await StreamReader(
            accepted.stream, claim: claim, known: known, through: report.through, horizon: horizon,
            kept: horizon.advanced(byMilliseconds: -accepted.keptMilliseconds))
        guard let last = try await read(&reader, into: &replay, &report) else { return nil }
        if let next = reader.next, next <= known {
            throw LogError(
                .malformed, expected: "batches up to LSN \(known.value) in \(accepted.stream.name), as the folder has seen them",
                found: "none behind LSN \(next.value - 1)")
        }
        let end = max(last, known)
        report.noteStream(reader.findings, missing: reader.missing, of: accepted.stream.name)
        return Found(
            report: report, replayed: replay.outcome(lastLSN: end),
            newest: [report.history.minutes?.upperBound.start, replay.latest].compactMap(\.self).max(),
            owned: OwnedStream(writer: writer, claim: claim, index: reader.index, next: end.advanced(by: 1)))
    }

    /// - Returns: the last LSN; nil when blocks were written, or what was read is not there any more.
    private func read(
        _ reader: inout StreamReader, into replay: inout Replay, _ report: inout RecoveryReport
    ) async throws(LogError) -> LSN? {
        // (What the folder's own lane has came before the stream.)
        var last = LSN.zero
        var lane: MinuteLane?
        reading: while true {
            switch try await reader.step() {
            case .batches(let batches):
                for batch in batches {
                    let isCovered = batch.lsn <= report.through
                    replay.restore(batch, isCovered: isCovered)
                    report.noteBatch(isCovered: isCovered)
                    last = batch.lsn
                }
                if replay.unwrittenCount >= Self.unwrittenMax { lane = lane ?? minuteLane(report) }
                if let lane { for block in replay.takeUnwritten() { try lane.append(block) } }
            case .again:
                try lane?.sync()
                return nil
            case .end: break reading
            }
        }
        guard let lane else { return last }
        try lane.sync()
        return nil
    }

    private func minuteLane(_ report: RecoveryReport) -> MinuteLane {
        MinuteLane(
            fileSystem: configuration.fileSystem, directory: configuration.directory, state: report.minutes,
            policy: configuration.syncMode.policy, history: report.history)
    }
}

extension Pipeline {
    /// Makes a pipeline with a replicated stream as accepted log: takes it over, and replays what the folder does not have of it.
    /// - Throws: also when the stream cannot be asked, or has lost something.
    package convenience init(
        _ configuration: PipelineConfiguration, owning stream: AcceptedStream, onFailure: @escaping @Sendable (String) -> Void
    ) async throws(LogError) {
        let log = try await OpenedLog(configuration, owning: stream)
        try self.init(log, configuration, onFailure: onFailure)
    }
}
