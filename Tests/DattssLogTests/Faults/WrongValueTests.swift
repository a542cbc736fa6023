import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "never a wrong value". Every single bit of a log is flipped: each time all is exact or something is
/// reported, and whatever the flip did not touch is there.
@Suite struct WrongValueTests {
    /// A segment a lane, small, with a bit of everything that a frame may hold.
    static func log() throws -> WrittenLog {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        return try WrittenLog(questions: 1) { author in
            for number in 1...2 { try author.accept([(local, batch(number), time(0))]) }
            let sketched = Partial(StatisticKey(.timer, "t"), sketchedAggregate(&values))
            try author.accept([(values.user(), Batch(partials: [sketched]), time(0, 17))])
            try author.append(checkpoint(0, through: 1))
            try author.append(block(0, through: 1))
            try author.append(
                MinuteBlock(
                    minute: midnight.advanced(by: 1), through: LSN(2),
                    users: [
                        UserMinute(
                            user: local, aggregates: [Partial(StatisticKey(.counter, "n"), Aggregate(sample: -0.0)), sketched],
                            clients: [ClientWindow(client: "c", window: SequenceWindow(highest: 3, bits: 7))])
                    ]))
        }
    }

    static func sketchedAggregate(_ values: inout RandomValues) -> Aggregate {
        var sketch = Sketch()
        for _ in 0..<5 { sketch.add(Double(values.int(1...50))) }
        return Aggregate(sum: 6.25, count: 5, max: 40, min: 0.5, first: 1, last: 2, bottom: 0.5, top: 40, sketch: sketch)
    }

    @Test("every single bit flipped: exact or flagged, none silent", arguments: Lane.allCases)
    func everyBit(lane: Lane) throws {
        let log = try Self.log()
        let path = segmentPath(lane, 1)
        var (exact, flagged) = (0, 0)
        for bit in 0..<8 * (try #require(log.disk.bytes(of: path)).count) {
            let disk = log.disk.copy()
            disk.corrupt(path) { $0[bit / 8] ^= 1 << (bit % 8) }
            let before = disk.files
            let judgement = Judgement(of: disk, from: log)
            #expect(judgement.problems.isEmpty, "\(path) bit \(bit): \(judgement.problems)")
            #expect(!judgement.isSilent, "\(path) bit \(bit)")
            if judgement.report?.tornTails.isEmpty == true {
                #expect(disk.files == before, "\(path) bit \(bit): what is corrupt stays where it is")
            }
            if judgement.isFlagged { flagged += 1 } else { exact += 1 }
        }
        // Every byte of the format means something.
        #expect(exact == 0)
        #expect(flagged > 2000)
    }
}
