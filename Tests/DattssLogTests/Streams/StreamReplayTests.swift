import DattssCore
import Testing

@testable import DattssLog

/// Goal: who takes a stream over applies what its owners wrote, in order, nothing else, and notices what is missing.
@Suite struct StreamReplayTests {
    private func at(_ position: UInt64) -> StreamPosition { StreamPosition(position) }

    private func batches(_ epoch: UInt64, _ first: UInt64) -> StreamRecord {
        .batches(epoch: at(epoch), first: LSN(first), count: 2, frames: [UInt8(first)])
    }

    private let claim = StreamRecord.claim(node: "a", nonce: 1)

    /// - Returns: the first LSN of each of what was applied, and the replay at its end.
    private func replay(
        _ records: [(UInt64, StreamRecord?)], covered: UInt64 = 0
    ) throws -> (applied: [UInt64], end: StreamReplay) {
        var replay = try StreamReplay(covered: at(covered), claim: at(records.last?.0 ?? 0))
        var applied: [UInt64] = []
        for (position, record) in records where position > covered {
            let step = try replay.take(record, at: at(position))
            if case .apply(let first, _, _) = step { applied.append(first.value) }
            #expect(step != .done || position == records.last?.0)
        }
        try replay.takeEnd()
        return (applied, replay)
    }

    @Test("batches of successive owners are applied in order, and what the folder has is not")
    func order() throws {
        let records: [(UInt64, StreamRecord?)] = [
            (1, claim), (2, batches(1, 1)), (3, batches(1, 3)), (4, claim), (5, batches(4, 5)), (6, claim),
        ]
        let (applied, end) = try replay(records)
        #expect(applied == [1, 3, 5] && end.nextLSN == LSN(7) && end.foreign == 0 && end.missing == nil)
        #expect(try replay(records, covered: 2).applied == [3, 5])
        #expect(try replay(records, covered: 5).applied == [])
    }

    @Test("what a deposed owner wrote behind another's claim does not count")
    func foreign() throws {
        let records: [(UInt64, StreamRecord?)] = [(1, claim), (2, claim), (3, batches(1, 1)), (4, batches(2, 1)), (5, claim)]
        let (applied, end) = try replay(records)
        #expect(applied == [1] && end.foreign == 1)
        // It is the one of message 4, not that of message 3.
        #expect(end.nextLSN == LSN(3))
    }

    @Test("a message that cannot be read is named, also when it is the claim of what follows")
    func unreadable() throws {
        let records: [(UInt64, StreamRecord?)] = [(1, claim), (2, nil), (3, batches(2, 1)), (4, batches(9, 3)), (5, claim)]
        let (applied, end) = try replay(records)
        #expect(applied == [1] && end.unreadable == [at(2)] && end.foreign == 1)
    }

    @Test("what is gone is said to be missing if a mark allows for it, and is a fault of the engine otherwise")
    func missing() throws {
        let mark = StreamRecord.mark(epoch: at(1), below: at(4))
        let (applied, end) = try replay([(4, batches(1, 5)), (5, mark), (6, claim)])
        #expect(applied == [5] && end.missing == at(1)...at(3))
        // A folder that has it all misses nothing.
        let complete = try replay([(5, batches(1, 5)), (6, claim)], covered: 4)
        #expect(complete.applied == [5] && complete.end.missing == nil)
        #expect(throws: LogError.self) { try replay([(4, batches(1, 5)), (5, batches(1, 7)), (6, claim)]) }
        #expect(throws: LogError.self) { try replay([(5, mark), (6, claim)]) }
        // The mark of one who was deposed allows for nothing.
        #expect(throws: LogError.self) { try replay([(4, claim), (5, mark), (6, claim)]) }
    }

    @Test("what is purged under the reading is no hole in the middle: the replay begins again behind it")
    func restart() throws {
        var replay = try StreamReplay(covered: .zero, claim: at(6))
        #expect(try replay.take(claim, at: at(1)) == .skip)
        #expect(try replay.take(batches(1, 5), at: at(4)) == .restart(at: at(4)))
        #expect(try replay.take(batches(1, 5), at: at(4)) == .apply(first: LSN(5), count: 2, frames: [5]))
        #expect(try replay.take(.mark(epoch: at(1), below: at(4)), at: at(5)) == .skip)
        #expect(try replay.take(claim, at: at(6)) == .done)
        #expect(replay.missing == at(1)...at(3))
    }

    @Test("whose claim was purged does not own the stream any more")
    func superseded() throws {
        var replay = try StreamReplay(covered: .zero, claim: at(6))
        #expect(try replay.take(claim, at: at(1)) == .skip)
        #expect(try replay.take(batches(8, 5), at: at(9)) == .superseded)
    }

    @Test("what a later owner let go is not taken for lost: its claim is looked for behind the own one")
    func supersededBehind() throws {
        var replay = try StreamReplay(covered: .zero, claim: at(6))
        #expect(try replay.take(claim, at: at(6)) == .skip)
        #expect(throws: LogError.self) { try replay.takeEnd() }
        #expect(try replay.take(batches(6, 5), at: at(7)) == .skip)
        #expect(try replay.take(claim, at: at(8)) == .superseded)
    }

    @Test("a folder that is ahead of the stream is refused")
    func ahead() {
        #expect(throws: LogError.self) { try StreamReplay(covered: at(6), claim: at(6)) }
    }
}

/// Goal: a message of the stream is read as it was written, or not at all.
@Suite struct StreamRecordTests {
    private static let records: [StreamRecord] = [
        .claim(node: "node-1", nonce: .max), .claim(node: "n", nonce: 0),
        .batches(epoch: StreamPosition(300), first: LSN(70_000), count: 3, frames: Array(0..<100)),
        .mark(epoch: StreamPosition(1), below: StreamPosition(1 << 40)),
    ]

    @Test("a message is read as it was written", arguments: records)
    func roundTrip(record: StreamRecord) throws {
        #expect(try StreamRecord(decoding: record.encoded()) == record)
    }

    @Test("no message is read out of a part of one, or of one in which a bit is flipped", arguments: records)
    func damage(record: StreamRecord) {
        let bytes = record.encoded()
        for length in 0..<bytes.count {
            #expect(throws: LogError.self) { try StreamRecord(decoding: Array(bytes[..<length])) }
        }
        for bit in 0..<8 * bytes.count {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: LogError.self) { try StreamRecord(decoding: flipped) }
        }
    }

    @Test("the bytes are those of the first version")
    func golden() {
        let hex = Self.records.map { record in
            record.encoded().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        #expect(hex[0].hasPrefix("0101066e6f64652d31ffffffffffffffff"))
        #expect(hex[2].hasPrefix("0102ac02f0a204030001020304"))
        #expect(hex[3].hasPrefix("010301808080808020"))
    }
}
