import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: files that earlier versions wrote stay readable for ever, value by value.
@Suite struct GoldenFileTests {
    @Test("the files of version 1 say what was written into them")
    func version1() throws {
        let fileSystem = try GoldenLog.load()
        let (calls, report) = try recover(fileSystem)
        #expect(calls.checkpoints == [GoldenLog.checkpoint])
        #expect(calls.blocks == Array(GoldenLog.minutes[GoldenLog.minutesBeforeCheckpoint...]))
        #expect(calls.batches == GoldenLog.batches)
        #expect(calls.covered == [LSN(1), LSN(2)])
        #expect(report.corrupt.isEmpty && report.tornTails.isEmpty && report.duplicatesIgnored == 0)
        #expect(report.accepted.nextLSN == LSN(4))
        #expect(report.minutes.nextLSN == LSN(10))

        // −0 is not 0, although `==` says so.
        let gauge = try #require(calls.batches.first?.batch.partials.first { $0.key.kind == .gauge })
        #expect(gauge.aggregate.first.bitPattern == (-0.0).bitPattern)
    }

    @Test("the minute blocks of version 1 say what was written into them")
    func minutes() throws {
        let history = try recover(try GoldenLog.load()).report.history
        for block in GoldenLog.minutes {
            for user in block.users {
                for partial in user.aggregates {
                    let slice = try history.read(
                        user: user.user, key: partial.key, minutes: block.minute..<block.minute.advanced(by: 1))
                    let read = slice.points.map { Partial(partial.key, $0.aggregate) }
                    #expect(read == [partial] && bits(read) == bits([partial]))
                }
            }
        }
        let minute = GoldenLog.minutes[0].minute
        let slice = try history.read(
            user: UserID("alice")!, key: StatisticKey(.timer, "a.requests"), minutes: minute..<minute.advanced(by: 1))
        let sketch = try #require(slice.points.first?.aggregate.sketch)
        #expect(sketch.positive.indices == [-1, 31, 116])
        #expect(sketch.positive.counts == [1, 2, 1])
        #expect(sketch.negative.indices == [63])
        #expect(sketch.zeroCount == 3)
    }

    @Test("the files of version 1 are written byte by byte as they were", arguments: Lane.allCases)
    func isWritten(lane: Lane) throws {
        let written = SimulatedFileSystem()
        try GoldenLog.write(to: written, directory: data)
        let golden = try GoldenLog.load()
        #expect(try GoldenLog.payloads(of: lane, in: written) == GoldenLog.payloads(of: lane, in: golden))
        #expect(try GoldenLog.headers(of: lane, in: written) == GoldenLog.headers(of: lane, in: golden))
    }

    /// `DATTSS_WRITE_GOLDEN=1 swift test --filter GoldenFileTests` writes the files. They are written once for each
    /// version of the format and never again: a reader that cannot read them any more is wrong, not they.
    @Test("writes the golden files", .enabled(if: getenv("DATTSS_WRITE_GOLDEN") != nil))
    func write() throws { try GoldenLog.write(to: POSIXFileSystem(), directory: GoldenLog.folder) }
}

/// What is in `Fixtures/log/v1`: one segment a lane, and what ``GoldenDay`` is.
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

    static let minutesBeforeCheckpoint = 4

    private static var sketch: Sketch {
        var sketch = Sketch()
        for value in [1, 2, 2, 12.5, -4] { sketch.add(value) }
        sketch.add(0, weight: 3)
        return sketch
    }

    /// One minute after the other, in all shapes that rows have; names that are new, repeated and left out.
    static let minutes: [MinuteBlock] = (0..<8).map { minute in
        let number = Double(minute)
        let service = [
            Partial(StatisticKey(.counter, "a.bytes"), spread(base: 1000 + number, step: 1, count: 12 + Int64(minute))),
            Partial(StatisticKey(.counter, "a.requests"), ones(7 * Int64(minute) + 1)),
            Partial(StatisticKey(.timer, "a.requests"), spread(base: 20, step: 3, count: 40, sketch: sketch)),
            Partial(StatisticKey(.gauge, "b.level"), spread(base: 0.25 * number, step: 0.01, count: 3)),
            Partial(StatisticKey(.gauge, "b.ratio"), spread(base: 1 / (number + 3), step: 0x1p-40, count: 5)),
            Partial(StatisticKey(.gauge, minute < 4 ? "b.temperature" : "c.temperature"), Aggregate(sample: -0.0)),
            Partial(StatisticKey(.timer, "d.time"), merged(.timer, minute, samples: 20)),
            Partial(StatisticKey(.gauge, "e.load"), merged(.gauge, minute, samples: 70)),
        ]
        var odd = spread(base: -5, step: 0x1p53, count: .max)
        odd.fraction = 0.25
        odd.isEmphasised = true
        odd.isApproximate = minute % 2 == 0
        return MinuteBlock(
            minute: Minute(29_921_760 + Int64(minute)), through: LSN(minute < minutesBeforeCheckpoint ? 1 : 2),
            users: [
                UserMinute(
                    user: UserID("alice")!, aggregates: service,
                    clients: [ClientWindow(client: "6f1c", window: SequenceWindow(highest: 17 + Int64(minute), bits: 0b1011))]),
                UserMinute(user: UserID("bob")!, aggregates: minute == 5 ? [] : [Partial(StatisticKey(.timer, "odd"), odd)]),
            ])
    }

    private static func ones(_ count: Int64) -> Aggregate {
        Aggregate(sum: Double(count), count: count, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1)
    }

    private static func spread(base: Double, step: Double, count: Int64, sketch: Sketch? = nil) -> Aggregate {
        Aggregate(
            sum: (base + 2 * step) * Double(count), count: count, max: base + 7 * step, min: base, first: base + 2 * step,
            last: base + 3 * step, bottom: base + step, top: base + 5 * step, sketch: sketch)
    }

    /// Percentiles out of a sketch; of a gauge, the sketch is gone.
    private static func merged(_ kind: Kind, _ minute: Int, samples: Int) -> Aggregate {
        var merging: MergingAggregate?
        for part in 0..<3 {
            var accumulator = SampleAccumulator()
            for sample in 0..<samples { accumulator.add(Double(10 + (sample * 37 + part * 11 + minute * 5) % 50)) }
            guard let partial = accumulator.partial(of: kind) else { continue }
            if merging == nil { merging = MergingAggregate(partial) } else { merging?.merge(partial) }
        }
        return merging!.merged
    }

    /// The fixtures' folder: found from this source, also where that is a symbolic link.
    static var folder: String {
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

    static func headers(of lane: Lane, in fileSystem: SimulatedFileSystem) throws -> [FrameHeader] {
        try frames(of: lane, in: fileSystem).map { frame in
            // What depends on the version of zstd.
            var header = frame.header
            (header.compressedLength, header.payloadChecksum) = (0, 0)
            return header
        }
    }

    static func payloads(of lane: Lane, in fileSystem: SimulatedFileSystem) throws -> [[UInt8]] {
        let decompressor = ZstdDecompressor()
        return try frames(of: lane, in: fileSystem).map { frame in
            try decompressor.decompress(frame.payload, rawLength: frame.header.rawLength)
        }
    }

    private static func frames(
        of lane: Lane, in fileSystem: SimulatedFileSystem
    ) throws -> [(header: FrameHeader, payload: [UInt8])] {
        let bytes = try #require(fileSystem.bytes(of: segmentPath(lane, 1)))
        var frames: [(FrameHeader, [UInt8])] = []
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            let header = try FrameHeader(decoding: bytes, at: offset)
            frames.append((header, Array(bytes[offset + FrameHeader.byteCount..<offset + header.frameLength])))
            offset += header.frameLength
        }
        return frames
    }

    static func write(to fileSystem: any FileSystem, directory: String) throws {
        let accepted = AcceptedLane(fileSystem: fileSystem, directory: directory)
        for batch in batches { try accepted.append([(BatchCodec.encode(user: batch.user, batch: batch.batch), batch.at)]) }
        let lane = MinuteLane(fileSystem: fileSystem, directory: directory)
        for (position, block) in minutes.enumerated() {
            if position == minutesBeforeCheckpoint { try lane.append(checkpoint) }
            try lane.append(block)
        }
    }
}
