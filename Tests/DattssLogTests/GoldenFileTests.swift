import DattssCore
import DattssLog
import DattssTestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Goal: files that version 1 wrote stay readable for ever, value by value.
@Suite struct GoldenFileTests {
    @Test("the files of version 1 say what was written into them")
    func version1() throws {
        let fileSystem = try GoldenLog.load()
        let (calls, report) = try recover(fileSystem)
        #expect(calls.checkpoints == [GoldenLog.checkpoint])
        #expect(calls.blocks == [GoldenLog.blocks[1]])
        #expect(calls.batches == GoldenLog.batches)
        #expect(calls.covered == [LSN(1), LSN(2)])
        #expect(report.frames == 5)
        #expect(report.corrupt.isEmpty && report.tornTails.isEmpty && report.duplicatesIgnored == 0)
        #expect(report.accepted.nextLSN == LSN(4))
        #expect(report.minutes.nextLSN == LSN(4))

        // −0 is not 0, although `==` says so.
        let gauge = try #require(calls.batches.first?.batch.partials.first { $0.key.kind == .gauge })
        #expect(gauge.aggregate.first.bitPattern == (-0.0).bitPattern)

        for (block, value) in zip(GoldenLog.blocks, [12.5, 1e300]) {
            let slice = try report.history.read(
                user: UserID("alice")!, key: StatisticKey(.timer, "db.query"),
                minutes: block.minute..<block.minute.advanced(by: 1))
            #expect(slice.points.map(\.aggregate.max) == [value])
            #expect(slice.points.map(\.minute) == [block.minute])
        }
        let minute = GoldenLog.blocks[0].minute
        let slice = try report.history.read(
            user: UserID("alice")!, key: StatisticKey(.timer, "db.query"), minutes: minute..<minute.advanced(by: 1))
        let sketch = try #require(slice.points.first?.aggregate.sketch)
        #expect(sketch.positive.indices == [-1, 31, 116])
        #expect(sketch.positive.counts == [1, 2, 1])
        #expect(sketch.negative.indices == [63])
        #expect(sketch.zeroCount == 3)
    }

    /// `DATTSS_WRITE_GOLDEN=1 swift test --filter GoldenFileTests` writes the files. They are written once for each
    /// version of the format and never again: a reader that cannot read them any more is wrong, not they.
    @Test("writes the golden files", .enabled(if: getenv("DATTSS_WRITE_GOLDEN") != nil))
    func write() throws { try GoldenLog.write() }
}

/// What is in `Fixtures/log/v1`: one segment a lane.
enum GoldenLog {
    static let batches = [
        AcceptedBatch(
            user: UserID("alice")!,
            batch: Batch(
                partials: [
                    Partial(
                        StatisticKey(.counter, "routes.get_user"),
                        Aggregate(sum: 340, count: 340, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1)),
                    Partial(
                        StatisticKey(.gauge, "memory"),
                        Aggregate(
                            sum: 0x1p53, count: 3, max: 0x1p53, min: -0.5, first: -0.0, last: 23, bottom: -0.5,
                            top: 0x1p53, fraction: 0.25, isEmphasised: true)),
                ], origin: Batch.Origin(client: "6f1c", sequence: 17), process: "api", uptimeSeconds: 1234.5),
            at: Timestamp(milliseconds: 1_795_305_600_120), lsn: LSN(1)),
        AcceptedBatch(
            user: UserID("bob")!, batch: Batch(partials: []), at: Timestamp(milliseconds: 1_795_305_659_999),
            lsn: LSN(2)),
        AcceptedBatch(
            user: UserID("alice")!,
            batch: Batch(partials: [Partial(StatisticKey(.timer, "db.query"), Aggregate(sample: 12.5))]),
            at: Timestamp(milliseconds: 1_795_305_659_999), lsn: LSN(3)),
    ]

    static let blocks = [
        MinuteBlock(
            minute: Minute(29_921_760), through: LSN(1),
            users: [
                UserMinute(
                    user: UserID("alice")!,
                    aggregates: [
                        Partial(
                            StatisticKey(.timer, "db.query"),
                            Aggregate(
                                sum: 14.5, count: 7, max: 12.5, min: -4, first: 1, last: 2, bottom: -4, top: 12.5,
                                sketch: sketch)),
                        Partial(
                            StatisticKey(.counter, "db.query.errors"),
                            Aggregate(sum: 12, count: 4, max: 3, min: 3, first: 3, last: 3, bottom: 3, top: 3)),
                    ],
                    clients: [ClientWindow(client: "6f1c", window: SequenceWindow(highest: 17, bits: 0b1011))]),
                UserMinute(
                    user: UserID("bob")!,
                    aggregates: [
                        Partial(
                            StatisticKey(.gauge, "memory"),
                            Aggregate(
                                sum: 6.25, count: 2, max: 4, min: 2.25, first: 2.25, last: 4, bottom: 2.25, top: 4,
                                isApproximate: true))
                    ]),
            ]),
        MinuteBlock(
            minute: Minute(29_921_761), through: LSN(2),
            users: [
                UserMinute(
                    user: UserID("alice")!,
                    aggregates: [Partial(StatisticKey(.timer, "db.query"), Aggregate(sample: 1e300))])
            ]),
    ]

    static let checkpoint = Checkpoint(
        at: Timestamp(milliseconds: 1_795_305_661_000), through: LSN(1),
        users: [
            UserCheckpoint(
                user: UserID("alice")!,
                totals: [
                    UserCheckpoint.StatisticTotals(
                        key: StatisticKey(.counter, "routes.get_user"),
                        totals: StatusTotals(
                            sum: 0x1p60, last: 1.5, seen: Timestamp(milliseconds: 1_795_305_600_120),
                            isEmphasised: true))
                ],
                clients: [ClientWindow(client: "6f1c", window: SequenceWindow(highest: 17, bits: .max))])
        ])

    private static var sketch: Sketch {
        var sketch = Sketch()
        for value in [1, 2, 2, 12.5, -4] { sketch.add(value) }
        sketch.add(0, weight: 3)
        return sketch
    }

    /// The fixtures' folder: found from this source, also where that is a symbolic link.
    private static var folder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard realpath(#filePath, &buffer) != nil else { return "" }
        var path = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        for _ in 0..<3 { path = FileSystemPath.parent(of: path) }
        return path + "/Fixtures/log/v1"
    }

    /// A copy of the files in memory, so that no test can change them.
    static func load() throws -> SimulatedFileSystem {
        let (disk, copy) = (POSIXFileSystem(), SimulatedFileSystem())
        for lane in Lane.allCases {
            let path = LogLayout.path(of: lane, sequence: 1, in: folder)
            let bytes = try disk.open(path, .reading).bytes(at: 0, count: try disk.size(of: path))
            copy.write(bytes, to: segmentPath(lane, 1))
        }
        return copy
    }

    static func write() throws {
        let disk = POSIXFileSystem()
        let accepted = AcceptedLane(fileSystem: disk, directory: folder)
        try accepted.append(batches[...1].map { (BatchCodec.encode(user: $0.user, batch: $0.batch), $0.at) })
        try accepted.append(batches[2...].map { (BatchCodec.encode(user: $0.user, batch: $0.batch), $0.at) })
        let minutes = MinuteLane(fileSystem: disk, directory: folder)
        try minutes.append(blocks[0])
        try minutes.append(checkpoint)
        try minutes.append(blocks[1])
    }
}
