import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "power loss keeps what was synced". A log that works, over several lives, loses its power at every sync and
/// at seeded moments, with unsynced writes torn, scrambled and turned to garbage; in both lanes, while segments begin, days
/// are sealed and their segments retired. Each acknowledged batch counts exactly once, in the status and in the history.
@Suite struct PowerLossTests {
    @Test("at any moment of any life: every synced batch counts once, nothing else appears, and the log goes on")
    func seeded() throws {
        for seed in Campaign.seeds("DATTSS_POWER_LOSSES", default: 250) {
            var random = SeededGenerator(seed: seed)
            let disk = SimulatedFileSystem()
            var promises = Promises()
            var problems: [String] = []
            var isKilled = true
            for _ in 0..<3 {
                var log = try WorkingLog(disk, promises, isKilled: isKilled, problems: &problems)
                if random.oneIn(2) {
                    disk.fail(operation: Int.random(in: 1...200, using: &random), with: .inputOutputError, isPermanent: true)
                }
                for _ in 0..<Int.random(in: 2...14, using: &random) { Self.step(&log, &random) }
                promises = log.promises
                disk.removeFaults()
                isKilled = random.oneIn(5)
                let tearing = random.oneIn(4) ? nil : random.next()
                let isScrambling = random.oneIn(2)
                if !isKilled { disk.crash(tearingWith: tearing, isScrambling: isScrambling) }
            }
            _ = try WorkingLog(disk, promises, isKilled: isKilled, problems: &problems)
            #expect(problems.isEmpty, "seed \(seed): \(problems)")
        }
    }

    private static func step(_ log: inout WorkingLog, _ random: inout SeededGenerator) {
        switch Int.random(in: 0...12, using: &random) {
        case 0...3: log.accept(Int.random(in: 1...3, using: &random))
        case 4, 5: log.sync()
        case 6, 7: log.closeMinute(wantsCheckpoint: random.oneIn(3))
        case 8: log.closeMinute(wantsCheckpoint: true, skipping: Int64.random(in: 0...1440, using: &random))
        case 9: log.importBlock(daysBack: Int64.random(in: 0...3, using: &random))
        case 10, 11: log.housekeep()
        default: log.work()
        }
    }

    /// Always the same life: three days, with everything that a log does.
    static func script(_ log: inout WorkingLog) {
        for round in 0..<6 {
            log.accept(2)
            log.sync()
            log.accept(1)
            log.closeMinute(wantsCheckpoint: round % 2 == 1, skipping: round % 2 == 1 ? 1440 : 0)
            if round == 3 { log.importBlock(daysBack: 2) }
            if round % 2 == 1 { log.housekeep() }
            log.accept(1)
            log.sync()
        }
    }

    @Test("before and after each sync: every synced batch counts once")
    func everySync() throws {
        let trace = try Self.run(on: SimulatedFileSystem()).trace
        let syncs = trace.indices.filter { trace[$0] == .sync || trace[$0] == .syncDirectory }
        #expect(syncs.count > 30, "\(trace.count) calls")
        for sync in syncs {
            // The sync itself, and the first call after it, do not happen any more.
            for dead in [sync + 1, sync + 2] {
                for seed in [nil, 1, 2] as [UInt64?] {
                    let disk = SimulatedFileSystem()
                    disk.fail(operation: dead, with: .inputOutputError, isPermanent: true)
                    let promises = try? Self.run(on: disk).promises
                    disk.removeFaults()
                    disk.crash(tearingWith: seed, isScrambling: seed == 2)
                    var problems: [String] = []
                    let log = try WorkingLog(disk, promises ?? Promises(), isKilled: false, problems: &problems)
                    #expect(problems.isEmpty, "dead from call \(dead) on, seed \(String(describing: seed)): \(problems)")
                    if seed != 2 { #expect(log.report.corrupt.isEmpty, "dead from call \(dead) on: \(log.report.corrupt)") }
                }
            }
        }
    }

    static func run(on disk: SimulatedFileSystem) throws -> (promises: Promises, trace: [FileSystemError.Operation]) {
        var promises = Promises()
        let trace = try disk.trace {
            var problems: [String] = []
            var log = try WorkingLog(disk, problems: &problems)
            script(&log)
            promises = log.promises
        }
        return (promises, trace)
    }
}
