import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: promise "a corrupt middle costs one frame". Sectors of 512 bytes are zeroed, garbled, swapped with others and
/// written to the wrong place; what no such sector touches is all there, and nothing is ever read under a wrong name.
@Suite struct CorruptMiddleTests {
    static let sectorBytes = 512

    /// Several segments a lane, three of them of the same day; frames that are much smaller than a sector, and much larger.
    static func log() throws -> WrittenLog {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        let users = [UserID("alice"), UserID("bob")].compactMap(\.self)
        return try WrittenLog(questions: 3) { author in
            var number = 0
            for minute in 0...7 as ClosedRange<Int64> {
                for _ in 0..<values.int(1...6) {
                    number += 1
                    let large = Batch(partials: (0..<8).map { _ in Partial(values.key(), values.aggregate()) })
                    let one = values.random.oneIn(6) ? large : batch(number)
                    try author.accept([(values.random.element(of: users), one, time(minute, Int64(number)))])
                }
                // In each part of the log the names come in another order, so that ids mean something else.
                if minute % 2 == 1 { try author.restart(partBytes: minute == 1 ? 900 : 4 << 20) }
                let names = (0..<10).map { "s\($0)" }.shuffled(using: &values.random)
                for step in 0...3 as ClosedRange<Int64> {
                    let count = values.random.oneIn(4) ? 10 : 3
                    try author.append(
                        MinuteBlock(
                            minute: midnight.advanced(by: minute * 4 + step + (minute == 7 ? 1440 : 0)),
                            through: LSN(UInt64(number)),
                            users: users.map { user in
                                UserMinute(
                                    user: user,
                                    aggregates: names.prefix(count).sorted().map {
                                        Partial(StatisticKey(.gauge, $0), Aggregate(sample: Double(values.int(0...1 << 40))))
                                    })
                            }))
                }
                if minute == 2 { try author.append(values.checkpoint(through: LSN(UInt64(number)))) }
            }
        }
    }

    private struct Sector: Hashable {
        var path: String
        var range: Range<Int>
    }

    private func sectors(of log: WrittenLog) -> [Sector] {
        log.disk.files.sorted { $0.key < $1.key }.flatMap { path, bytes in
            stride(from: 0, to: bytes.count, by: Self.sectorBytes).map { start in
                Sector(path: path, range: start..<min(bytes.count, start + Self.sectorBytes))
            }
        }
    }

    private func check(_ disk: SimulatedFileSystem, _ log: WrittenLog, _ what: String) -> Judgement {
        let judgement = Judgement(of: disk, from: log)
        #expect(judgement.problems.isEmpty, "\(what): \(judgement.problems)")
        #expect(!judgement.isSilent, "\(what)")
        return judgement
    }

    @Test("every sector zeroed, and garbled: only the frames in it are lost")
    func destroyed() throws {
        let log = try Self.log()
        let sectors = sectors(of: log)
        #expect(sectors.count > 20, "\(sectors.count) sectors")
        var random = SeededGenerator(seed: UInt64(Campaign.seed))
        var flagged = 0
        for sector in sectors {
            for isZeroed in [true, false] {
                let disk = log.disk.copy()
                disk.corrupt(sector.path) { bytes in
                    for index in sector.range { bytes[index] = isZeroed ? 0 : UInt8.random(in: 0...255, using: &random) }
                }
                if check(disk, log, "\(sector) \(isZeroed ? "zeroed" : "garbled")").isFlagged { flagged += 1 }
            }
        }
        #expect(flagged == 2 * sectors.count)
    }

    @Test("sectors swapped, and written to the wrong place: only the frames in them are lost, and no value gets a wrong name")
    func displaced() throws {
        let log = try Self.log()
        // Where a segment is all in one sector, another one in its place is whole, too.
        let sectors = sectors(of: log).filter { (log.disk.bytes(of: $0.path)?.count ?? 0) > Self.sectorBytes }
        var random = SeededGenerator(seed: UInt64(Campaign.seed))
        for round in 0..<Campaign.size("DATTSS_SECTORS", default: 400) {
            let (from, to) = (random.element(of: sectors), random.element(of: sectors))
            let isSwap = random.oneIn(2)
            let disk = log.disk.copy()
            let before = disk.files
            // A short sector at the end of a file is never made longer.
            let count = min(from.range.count, to.range.count)
            func copy(_ source: Sector, _ target: Sector) {
                disk.corrupt(target.path) { bytes in
                    let content = before[source.path]?[source.range].prefix(count) ?? []
                    bytes.replaceSubrange(target.range.prefix(count), with: content)
                }
            }
            copy(from, to)
            if isSwap { copy(to, from) }
            _ = check(disk, log, "round \(round): \(from) \(isSwap ? "swapped with" : "copied to") \(to)")
        }
    }
}
