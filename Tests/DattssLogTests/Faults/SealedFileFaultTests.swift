import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: the promises "never a wrong value" and "a corrupt middle costs what it holds" for sealed files, when nothing else has
/// the data any more.
@Suite struct SealedFileFaultTests {
    static let range = midnight..<midnight.advanced(by: 3 * 1440)

    /// Sealed days without their segments, and with the files of one step only.
    private func scene(_ step: SealedStep, users: Int, keys: Int, days: Int64 = 1) throws -> SealScene {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        var scene = try SealScene()
        for day in 0..<days {
            for minute in [0, 1, 70] as [Int64] {
                let owners = (0..<users).compactMap { UserID("user\($0)") }
                try scene.append(
                    MinuteBlock(
                        minute: midnight.advanced(by: day * 1440 + minute), through: LSN(UInt64(day * 3) + 1),
                        users: owners.map { user in
                            UserMinute(
                                user: user,
                                aggregates: (0..<keys).map { key in
                                    let aggregate = key == 0 ? values.sketched() : values.aggregate()
                                    return Partial(StatisticKey(.timer, "statistic\(100 + key)"), aggregate)
                                })
                        }))
            }
        }
        for day in 0..<days { try scene.seal(day: midnight.day + day) }
        for path in scene.fileSystem.files.keys where !path.hasPrefix(LogLayout.folder(of: step, in: data)) {
            try scene.fileSystem.remove(path)
        }
        return scene
    }

    private struct Truth {
        var answers: [(user: UserID, key: StatisticKey, points: [Fingerprint])] = []

        init(_ scene: SealScene, _ step: SealedStep) {
            for user in scene.users {
                for key in scene.keys(of: user) {
                    let range = SealedFileFaultTests.range
                    let slice = step == .minute ? scene.expected(user, key, range) : scene.expectedHours(user, key, range)
                    answers.append((user, key, slice.points.map { Fingerprint($0) }))
                }
            }
        }

        /// How many statistics have lost points; a value that nobody wrote, and a loss that nobody is told of, are problems.
        func judge(_ damaged: SimulatedFileSystem) throws -> (lost: Set<StatisticKey>, problems: [String]) {
            let report = try recover(damaged).report
            var lost: Set<StatisticKey> = []
            var problems: [String] = []
            for (user, key, points) in answers {
                let slice = try report.history.read(user: user, key: key, minutes: SealedFileFaultTests.range)
                var rest = points[...]
                for point in slice.points.map({ Fingerprint($0) }) {
                    while let next = rest.popFirst(), next != point {}
                    if rest.isEmpty, points.last != point { problems.append("a wrong point of \(key) of \(user)") }
                }
                if slice.points.count < points.count { lost.insert(key) }
                if slice.points.count > points.count { problems.append("too many points of \(key) of \(user)") }
            }
            let isFlagged = !report.corrupt.isEmpty || report.history.corruptFrameReads > 0
            if !lost.isEmpty, !isFlagged { problems.append("points of \(lost) are lost silently") }
            return (lost, problems)
        }
    }

    @Test("every single bit of a sealed file flipped: exact or flagged, none silent", arguments: SealedStep.allCases)
    func everyBit(step: SealedStep) throws {
        let scene = try scene(step, users: 1, keys: step == .minute ? 2 : 1)
        let truth = Truth(scene, step)
        let path = LogLayout.path(of: step, day: midnight.day, in: data)
        let bytes = try #require(scene.fileSystem.bytes(of: path))
        var losses = 0
        for bit in 0..<8 * bytes.count {
            // In the gaps of zeros between copies one bit a byte is enough.
            if bit % 8 != 0, bytes[max(0, bit / 8 - 8)..<min(bytes.count, bit / 8 + 9)].allSatisfy({ $0 == 0 }) { continue }
            let disk = scene.fileSystem.copy()
            disk.corrupt(path) { $0[bit / 8] ^= 1 << (bit % 8) }
            let (lost, problems) = try truth.judge(disk)
            #expect(problems.isEmpty, "bit \(bit) of \(8 * bytes.count): \(problems)")
            if !lost.isEmpty { losses += 1 }
        }
        #expect(losses > 500, "\(losses) of \(8 * bytes.count) bits are of consequence")
    }

    @Test(
        "sectors zeroed, garbled, swapped and misplaced: what they do not touch is exact, and no loss is silent",
        arguments: SealedStep.allCases)
    func sectors(step: SealedStep) throws {
        let scene = try scene(step, users: 2, keys: 6, days: 2)
        let truth = Truth(scene, step)
        let files = scene.fileSystem.files.sorted { $0.key < $1.key }
        let sectors = files.flatMap { path, bytes in
            stride(from: 0, to: bytes.count, by: 512).map { (path: path, range: $0..<min(bytes.count, $0 + 512)) }
        }
        #expect(sectors.count > 8)
        var random = SeededGenerator(seed: UInt64(Campaign.seed))
        for sector in sectors {
            for way in 0..<4 {
                let other = random.element(of: sectors)
                let disk = scene.fileSystem.copy()
                disk.corrupt(sector.path) { bytes in
                    for (position, index) in sector.range.enumerated() {
                        switch way {
                        case 0: bytes[index] = 0
                        case 1: bytes[index] = UInt8.random(in: 0...255, using: &random)
                        default:
                            let source = scene.fileSystem.bytes(of: other.path) ?? []
                            if position < other.range.count { bytes[index] = source[other.range.lowerBound + position] }
                        }
                    }
                }
                let (lost, problems) = try truth.judge(disk)
                #expect(problems.isEmpty, "\(sector), way \(way), \(other): \(problems)")
                // Directory and footer are there twice.
                let file = try SealedFile(opening: sector.path, scene.fileSystem)
                let size = files.first { $0.key == sector.path }?.value.count ?? 0
                if sector.range.lowerBound > size - 512 - file.footer.directoryLength {
                    #expect(lost.isEmpty, "\(sector), way \(way)")
                }
                try expectIntact(file, sector.range, scene, lost)
            }
        }
    }

    /// A sector that lies within chunks costs only those.
    private func expectIntact(_ file: SealedFile, _ range: Range<Int>, _ scene: SealScene, _ lost: Set<StatisticKey>) throws {
        var touched: Set<StatisticKey> = []
        var covered = 0
        for user in file.users {
            for key in scene.keys(of: user) {
                for entry in try file.entries(of: key, user: user) {
                    let overlap = range.clamped(to: entry.offset..<entry.offset + entry.length).count
                    covered += overlap
                    if overlap > 0 { touched.insert(key) }
                }
            }
        }
        if covered == range.count { #expect(lost.isSubset(of: touched), "\(file.path) \(range)") }
    }
}
