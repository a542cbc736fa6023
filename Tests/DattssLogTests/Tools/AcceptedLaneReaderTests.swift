import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: the reader gives what recovery would, without touching anything.
@Suite struct AcceptedLaneReaderTests {
    private func batches(_ fileSystem: any FileSystem) throws -> (batches: [AcceptedBatch], findings: [Finding]) {
        let reader = try AcceptedLaneReader(fileSystem: fileSystem, directory: data)
        var batches: [AcceptedBatch] = []
        while let batch = try reader.next() { batches.append(batch) }
        return (batches, reader.findings)
    }

    @Test("batches come by LSN, each once, over copied, torn and damaged segments", arguments: 1...30 as ClosedRange<UInt64>)
    func likeRecovery(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fileSystem = SimulatedFileSystem()
        let lane = AcceptedLane(fileSystem: fileSystem, directory: data)
        var number = 0
        for minute in 0..<4 as Range<Int64> {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let records = (0..<Int.random(in: 1...3, using: &random)).map { record(number + $0, at: time(minute)) }
                try lane.append(records)
                number += records.count
            }
        }
        let copied = try #require(fileSystem.bytes(of: segmentPath(.accepted, 2)))
        let file = try fileSystem.open(segmentPath(.accepted, 9), .appendingToNew)
        try file.writeAll(copied)
        for sequence in [1, 2, 4] as [UInt64] where random.oneIn(2) {
            fileSystem.corrupt(segmentPath(.accepted, sequence)) { bytes in
                let position = Int.random(in: 0..<bytes.count, using: &random)
                if random.oneIn(2) { bytes[position] ^= 4 } else { bytes.removeSubrange(position...) }
            }
        }
        let before = fileSystem.files
        let found = try batches(fileSystem)
        #expect(fileSystem.files == before)
        let recovered = try recover(fileSystem.copy()).calls.batches
        #expect(found.batches == recovered, "seed \(seed)")
        #expect(found.batches.count == number || !found.findings.isEmpty)
    }

    @Test("a folder without a lane has no batches")
    func empty() throws {
        #expect(try batches(SimulatedFileSystem()).batches.isEmpty)
    }
}
