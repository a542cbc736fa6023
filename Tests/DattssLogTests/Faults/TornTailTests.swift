import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "a torn tail loses no earlier frame". Three segments a lane are cut at every byte; what was whole before
/// the cut is all there, and a second recovery finds what the first one left.
@Suite struct TornTailTests {
    /// Three segments a lane: batches of three minutes; blocks of three days, two of them in several parts, a checkpoint.
    static func log() throws -> WrittenLog {
        try WrittenLog(questions: 1) { author in
            author = LogAuthor(author.disk, partBytes: 60)
            for number in 1...6 { try author.accept([(local, batch(number), time(Int64((number - 1) / 2)))]) }
            try author.append(block(-1440, through: 1))
            try author.append(checkpoint(-1440, through: 1))
            try author.append(block(0, through: 2, statistics: 12))
            try author.append(block(1440, through: 3))
            try author.append(block(1441, through: 4, statistics: 12))
        }
    }

    @Test("the last segment cut at any byte: no earlier frame is lost, recovering again changes nothing", arguments: Lane.allCases)
    func lastSegment(lane: Lane) throws {
        let log = try Self.log()
        var cuts = 0
        for sequence in 1...3 as ClosedRange<UInt64> {
            let path = segmentPath(lane, sequence)
            for length in 0..<(try #require(log.disk.bytes(of: path)).count) {
                let disk = log.disk.copy()
                // What came later was not there yet.
                for later in sequence...3 where later > sequence { try disk.remove(segmentPath(lane, later)) }
                disk.corrupt(path) { $0.removeSubrange(length...) }
                let first = Judgement(of: disk, from: log)
                let files = disk.files
                #expect(first.problems.isEmpty, "\(path) cut at \(length): \(first.problems)")
                #expect(first.report?.corrupt.isEmpty == true, "\(path) cut at \(length)")
                let second = try recover(disk)
                #expect(second.calls == first.calls, "\(path) cut at \(length)")
                #expect(second.report.tornTails.isEmpty && second.report.corrupt.isEmpty, "\(path) cut at \(length)")
                #expect(second.report.accepted == first.report?.accepted && second.report.minutes == first.report?.minutes)
                #expect(disk.files == files, "\(path) cut at \(length)")
                cuts += 1
            }
        }
        #expect(cuts > 500)
    }

    @Test("an earlier segment cut at any byte: what follows it is all there, and the cut is told", arguments: Lane.allCases)
    func earlierSegment(lane: Lane) throws {
        let log = try Self.log()
        for sequence in 1...2 as ClosedRange<UInt64> {
            let path = segmentPath(lane, sequence)
            let size = try #require(log.disk.bytes(of: path)).count
            let frameEnds = log.frames.filter { $0.path == path }.map(\.range.upperBound)
            for length in stride(from: Int(sequence), to: size, by: 7) {
                let disk = log.disk.copy()
                disk.corrupt(path) { $0.removeSubrange(length...) }
                let files = disk.files
                let judgement = Judgement(of: disk, from: log)
                #expect(judgement.problems.isEmpty, "\(path) cut at \(length): \(judgement.problems)")
                // A file that ends where a frame does looks whole; its LSNs are not all there, which is as good as told.
                if !frameEnds.contains(length), length != SegmentHeader.byteCount { #expect(judgement.isFlagged) }
                #expect(disk.files == files, "\(path) cut at \(length): only a lane's end is mended")
            }
        }
    }

    @Test("an incomplete block at the very end is cut with all its parts, and the lane goes on")
    func incompleteBlock() throws {
        let log = try Self.log()
        let path = segmentPath(.minutes, 3)
        let last = log.frames.filter { $0.content == .part(of: log.items.count - 1) }
        let start = try #require(last.first?.range.lowerBound)
        #expect(last.count > 2)
        for part in last.dropLast() {
            let disk = log.disk.copy()
            disk.corrupt(path) { $0.removeSubrange(part.range.upperBound...) }
            let judgement = Judgement(of: disk, from: log)
            #expect(judgement.problems.isEmpty, "\(judgement.problems)")
            #expect(disk.bytes(of: path)?.count == start)
            let report = try #require(judgement.report)
            #expect(report.corrupt.isEmpty)
            let lane = MinuteLane(fileSystem: disk, directory: data, state: report.minutes, partBytes: 60)
            try lane.append(block(1441, through: 4, statistics: 12))
            #expect(try recover(disk).calls == recover(log.disk.copy()).calls)
        }
    }
}
