import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "replay is idempotent". Segments are there one to three times, under new names and in any order, as after a
/// restore from backups that went wrong; what comes back is the same to the last bit.
@Suite struct ReplayTests {
    /// Four segments a lane, two of them of one day, written by three processes that named things in another order.
    private func log() throws -> WrittenLog {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        return try WrittenLog(questions: 1) { author in
            for life in 0...2 as ClosedRange<Int64> {
                if life > 0 { try author.restart(partBytes: life == 1 ? 200 : 4 << 20) }
                for _ in 0..<2 { try author.accept([(values.user(), values.batch(), time(life))]) }
                try author.append(
                    values.block(minute: midnight.advanced(by: life), through: LSN(UInt64(life)), users: 1...2, statistics: 0...3))
                if life == 1 { try author.append(values.checkpoint(through: LSN(1))) }
                try author.append(block(life == 2 ? 1440 : life + 10, through: UInt64(life) + 1, statistics: 5 - Int(life)))
            }
        }
    }

    @Test("segments copied one to three times and shuffled: the same calls, the same history, and writing goes on behind them")
    func shuffled() throws {
        let log = try log()
        let whole = Judgement(of: log.disk.copy(), from: log)
        #expect(whole.isExact && !whole.isFlagged)
        let digest = Fingerprint(whole.calls)
        for seed in Campaign.seeds("DATTSS_SHUFFLES", default: 1000) {
            var random = SeededGenerator(seed: seed)
            let disk = SimulatedFileSystem()
            var lastSequence: [Lane: UInt64] = [:]
            for lane in Lane.allCases {
                let folder = LogLayout.folder(of: lane, in: data)
                var copies: [[UInt8]] = []
                for path in log.paths where path.hasPrefix(folder) {
                    let bytes = try #require(log.disk.bytes(of: path))
                    copies += Array(repeating: bytes, count: Int.random(in: 1...3, using: &random))
                }
                var sequence: UInt64 = 0
                for bytes in copies.shuffled(using: &random) {
                    sequence += UInt64.random(in: 1...9, using: &random)
                    disk.write(bytes, to: segmentPath(lane, sequence))
                }
                lastSequence[lane] = sequence
            }
            let judgement = Judgement(of: disk, from: log)
            #expect(Fingerprint(judgement.calls) == digest, "seed \(seed): \(judgement.problems)")
            #expect(judgement.isExact && !judgement.isFlagged, "seed \(seed): \(judgement.problems)")
            #expect(judgement.report?.accepted.nextSequence == lastSequence[.accepted].map { $0 + 1 })
            #expect(judgement.report?.minutes.nextLSN == whole.report?.minutes.nextLSN, "seed \(seed)")
        }
    }

    @Test("replaying once or thrice gives the same and changes nothing")
    func thrice() throws {
        let disk = try log().disk
        let files = disk.files
        let digests = try (0..<3).map { _ in Fingerprint(try recover(disk).calls) }
        #expect(Set(digests).count == 1)
        #expect(disk.files == files)
    }
}
