import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: promise "any syscall may fail". In a scenario with everything that a log does, two starts included, each single call
/// fails, in each way, once and for long. What was acknowledged is there afterwards and counts once; what was refused does
/// not count; a log whose syncs worked goes on by itself; one with a failed sync does nothing any more.
@Suite struct FailingCallTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var effect: SimulatedFileSystem.Effect
        var times: Int
        var name: String
        var testDescription: String { name }

        /// Whether the fault may happen to such a call: nobody runs out of space by reading.
        func concerns(_ operation: FileSystemError.Operation) -> Bool {
            switch effect {
            case .shortWrite: operation == .append
            case .error(ENOSPC): ![.read, .size, .list, .remove].contains(operation)
            case .error: true
            }
        }
    }

    static let faults = [
        Fault(effect: .error(EIO), times: 1, name: "EIO once"),
        Fault(effect: .error(EIO), times: .max, name: "EIO for ever"),
        Fault(effect: .error(ENOSPC), times: 1, name: "ENOSPC once"),
        Fault(effect: .error(ENOSPC), times: .max, name: "ENOSPC for ever"),
        Fault(effect: .error(EINTR), times: 1, name: "EINTR once"),
        // Who is interrupted tries again, so for ever would be for ever.
        Fault(effect: .error(EINTR), times: 1000, name: "EINTR a thousand times"),
        Fault(effect: .shortWrite, times: 1, name: "a short write"),
        Fault(effect: .shortWrite, times: .max, name: "short writes only"),
    ]

    /// Two lives, with checkpoints, new days, an import, sealing, and retirement in both lanes.
    private struct Scenario {
        let disk: SimulatedFileSystem
        var problems: [String] = []

        /// Starting may fail, or say that it cannot read all; then the machine is mended, and it must not.
        private mutating func start(_ promises: Promises) throws -> WorkingLog {
            var broken: [String] = []
            if let log = try? WorkingLog(disk, promises, problems: &broken), log.report.history.corruptFrameReads == 0 {
                problems += broken
                return log
            }
            disk.removeFaults()
            return try WorkingLog(disk, promises, problems: &problems)
        }

        mutating func run() throws -> WorkingLog {
            var log = try start(Promises())
            log.accept(2)
            log.sync()
            log.closeMinute(wantsCheckpoint: true, skipping: 3 * 1440)
            log.accept(1)
            log.sync()
            log.closeMinute(wantsCheckpoint: true)
            log.housekeep()
            log.accept(1)
            log = try start(log.promises)
            log.importBlock(daysBack: 3)
            log.accept(1)
            log.closeMinute(skipping: 1440)
            log.accept(2)
            log.sync()
            log.housekeep()
            log.closeMinute(wantsCheckpoint: true)
            log.accept(1)
            log.sync()
            return log
        }

        /// The process ends, and perhaps the power is lost, too.
        /// - Returns: what is unreadable then.
        mutating func end(_ log: WorkingLog) throws -> [Finding] {
            let remains = disk.remainsAfterPowerLoss()
            let afterPowerLoss = try WorkingLog(remains, log.promises, isKilled: false, problems: &problems)
            let afterKill = try WorkingLog(disk, log.promises, isKilled: true, problems: &problems)
            return afterPowerLoss.report.corrupt + afterKill.report.corrupt
        }
    }

    @Test(
        "the k-th call fails, for every k: nothing acknowledged is lost, nothing refused counts, and the log heals or stops",
        arguments: faults)
    func everyCall(fault: Fault) throws {
        let healthy = SimulatedFileSystem()
        let trace = try healthy.trace {
            var scenario = Scenario(disk: healthy)
            _ = try scenario.run()
            #expect(scenario.problems.isEmpty)
        }
        #expect(healthy.count(of: .remove) > 3 && healthy.count(of: .rename) > 3, "segments are retired, days are sealed")
        for call in trace.indices where fault.concerns(trace[call]) {
            let disk = SimulatedFileSystem()
            disk.fail(operation: call + 1, with: fault.effect, times: fault.times)
            var scenario = Scenario(disk: disk)
            var log = try scenario.run()
            disk.removeFaults()
            let what = "call \(call + 1), \(trace[call]): \(fault.name)"
            if fault.times == 1 {
                let isSync = trace[call] == .sync || trace[call] == .syncDirectory
                #expect(!log.hasFailed || isSync, "\(what): the log has stopped")
            }
            let isAccepted = log.accept(1)
            #expect(isAccepted != log.hasFailed, "\(what): it neither goes on nor has stopped")
            log.work()
            log.housekeep()
            log.sync()
            if !log.hasFailed { #expect(log.isIdle, "\(what): a minute is not written") }
            let findings = try scenario.end(log)
            if !log.hasFailed { #expect(findings.isEmpty, "\(what): \(findings)") }
            #expect(scenario.problems.isEmpty, "\(what): \(scenario.problems)")
        }
    }

    @Test("a disk with room for n more bytes: batches are refused, and when there is room again the log goes on by itself")
    func outOfSpace() throws {
        for room in stride(from: 0, to: 2400, by: 13) {
            let disk = SimulatedFileSystem()
            disk.capacityBytes = room
            var scenario = Scenario(disk: disk)
            var log = try scenario.run()
            #expect(!log.hasFailed, "\(room) bytes")
            disk.capacityBytes = nil
            log.work()
            #expect(log.accept(1) && log.isIdle, "\(room) bytes")
            log.sync()
            let findings = try scenario.end(log)
            #expect(findings.isEmpty, "\(room) bytes: \(findings)")
            #expect(scenario.problems.isEmpty, "\(room) bytes: \(scenario.problems)")
        }
    }
}
