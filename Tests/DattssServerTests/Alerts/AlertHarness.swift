import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Logging
import Testing

@testable import DattssServer

/// A pipeline, its accounts and what looks at alerts, on a clock that the test moves; all of it can be killed.
final class AlertHarness {
    let clock: ManualClock
    let user: UserID
    let folder: TestFolder
    private(set) var disk = SimulatedFileSystem()
    private(set) var accounts: Accounts
    private(set) var pipeline: Pipeline
    private(set) var processes: ProcessRegistry
    private(set) var evaluator: AlertEvaluator
    private var running: Task<Void, Never>

    /// The first moment of a minute.
    static let start = Minute(29_922_167).start

    init() throws {
        (clock, folder) = (ManualClock(Self.start), try TestFolder())
        user = try #require(UserID("ann"))
        (accounts, pipeline, processes, evaluator, running) = try Self.begin(folder, disk, clock)
        try accounts.add(user, at: clock.now())
    }

    private static func begin(
        _ folder: TestFolder, _ disk: SimulatedFileSystem, _ clock: ManualClock
    ) throws -> (Accounts, Pipeline, ProcessRegistry, AlertEvaluator, Task<Void, Never>) {
        let accounts = try Accounts(directory: folder.path)
        try DataFolder.lock("/data", fileSystem: disk).release()
        var configuration = PipelineConfiguration(directory: "/data", syncMode: .never, fileSystem: disk, clock: clock)
        // Tests leave no processor idle.
        (configuration.housekeepingNiceness, configuration.queryNiceness) = (0, 0)
        let pipeline = try Pipeline(configuration) { _ in }
        let processes = ProcessRegistry(clock: clock)
        let evaluator = AlertEvaluator(accounts, pipeline.queries, processes, clock: clock, logger: Logger(label: "test"))
        return (accounts, pipeline, processes, evaluator, Task { await pipeline.run() })
    }

    func stop() async {
        pipeline.finish()
        await running.value
    }

    /// What `kill -9` and a new start do: everything that is not in a file is gone.
    func killAndRestart() async throws {
        let remains = disk.copy()
        await stop()
        disk = remains
        (accounts, pipeline, processes, evaluator, running) = try Self.begin(folder, disk, clock)
    }

    func setRules(_ texts: [String]) async throws {
        let rules = try texts.map { text in
            try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertRule(&cursor, id: "r") }
            }
        }
        try await evaluator.changeRules(of: user, by: "test") { $0 = rules }
    }

    func send(_ value: Double, _ path: String = "a", _ kind: Kind = .counter) async throws {
        let answer = await pipeline.ingest.submit(
            Batch(partials: [Partial(StatisticKey(kind, path), Aggregate(sample: value))]), of: user)
        guard case .accepted = answer else { throw Unexpected(description: "\(answer)") }
    }

    /// For some slots, in each of which a sample is sent; by a program, if one has a name.
    func live(_ value: Double = 1, slots: Int, program: String? = "shop") async throws {
        for _ in 0..<slots {
            if let program { processes.note(program, of: user, client: "1") }
            try await send(value)
            try await endSlot()
        }
    }

    struct Unexpected: Error, CustomStringConvertible { var description: String }

    /// The slot of the clock's time is over, and looked at: what it takes for that runs by itself.
    func endSlot() async throws {
        let slot = Window.slotNumber(at: clock.now())
        clock.set(Timestamp(milliseconds: (slot + 1) * Window.slotMilliseconds + AlertEvaluator.lateMilliseconds))
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            await evaluator.turn()
            if try accounts.alertState(of: user).slot ?? 0 >= slot { return }
            // Waits: others need the processor more than a look that comes too early.
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Unexpected(description: "slot \(slot) is not looked at")
    }

    /// The minute of the clock's time is over, and rules about what is usual were looked at.
    func endMinute() async throws {
        let minute = clock.now().minute
        clock.set(minute.end.advanced(byMilliseconds: AlertEvaluator.usualLateMilliseconds))
        let deadline = ContinuousClock.now + .seconds(300)
        while ContinuousClock.now < deadline {
            await evaluator.turn()
            if accounts.usualAlertSlot() ?? 0 >= SlotView.lastSlot(of: minute) { return }
            // Waits: others need the processor more than a look that comes too early.
            try await Task.sleep(for: .milliseconds(1))
        }
        throw Unexpected(description: "minute \(minute.index) is not looked at")
    }

    /// `fired a`, `resolved a`, …: what was told, in order.
    func told(_ channel: String = "ops") throws -> [String] {
        try accounts.outbox(of: user, limit: 10_000).reversed().filter { $0.channel == channel }.flatMap { line in
            line.message.entries.map { "\($0.event) \($0.subject.split(separator: ":").last ?? "")" }
        }
    }
}
