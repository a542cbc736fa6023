import DattssCore
import DattssLog
import DattssTestSupport
import LibC
import Testing

/// Goal: figures, not a verdict. `DATTSS_BENCH=1 swift test -c release --filter ReadSpeedTests` prints them.
@Suite struct ReadSpeedTests {
    @Test("one statistic over a day of 1,440 blocks of 1,000", .enabled(if: getenv("DATTSS_BENCH") != nil))
    func day() throws {
        let fileSystem = SimulatedFileSystem()
        let history = try History.open(fileSystem: fileSystem, directory: data)
        let lane = MinuteLane(fileSystem: fileSystem, directory: data, policy: .never, history: history)
        var random = SeededGenerator(seed: 1)
        let keys = (0..<1000).map { index in
            StatisticKey(
                Kind.allCases[index % 3], "service\(index % 7).routes.endpoint_\(index / 3).\(index % 2 == 0 ? "time" : "count")")
        }.sorted()
        let clock = ContinuousClock()
        let writing = try clock.measure {
            for minute in 0..<1440 {
                let aggregates = try keys.map { Partial($0, try Self.typical($0.kind, &random)) }
                try lane.append(
                    MinuteBlock(
                        minute: midnight.advanced(by: Int64(minute)), through: nil,
                        users: [UserMinute(user: local, aggregates: aggregates)]))
            }
        }
        let metrics = lane.metrics
        var times: [Duration] = []
        for key in [keys[0], keys[500], keys[999], keys[250], keys[750]] {
            times.append(
                try clock.measure {
                    let slice = try history.read(user: local, key: key, minutes: midnight..<midnight.advanced(by: 1440))
                    #expect(slice.points.count == 1440)
                })
        }
        var found: Set<StatisticKey> = []
        let keysTime = try clock.measure {
            found = try history.keys(user: local, minutes: midnight..<midnight.advanced(by: 1440))
        }
        #expect(found == Set(keys))
        // The floor: what the checksum and zstd alone take for the same frames.
        let decompressor = ZstdDecompressor()
        let bytes = try #require(fileSystem.bytes(of: segmentPath(.minutes, 1)))
        var frames: [(FrameHeader, [UInt8])] = []
        var offset = SegmentHeader.byteCount
        while offset < bytes.count {
            let header = try FrameHeader(decoding: bytes, at: offset)
            frames.append((header, Array(bytes[offset + FrameHeader.byteCount..<offset + header.frameLength])))
            offset += header.frameLength
        }
        let checksums = clock.measure { for (_, payload) in frames { _ = CRC32C.checksum(payload) } }
        let floor = try clock.measure {
            for (header, payload) in frames { _ = try decompressor.decompress(payload, rawLength: header.rawLength) }
        }
        let median = times.sorted()[2]
        print(
            "reads \(times), keys \(keysTime), zstd alone \(floor), checksums alone \(checksums): \(median / (floor + checksums)) times the floor"
        )
        print(
            "written in \(writing); an aggregate takes \(Double(metrics.rawBytes) / 1.44e6) bytes raw, \(Double(metrics.bytes) / 1.44e6) on disk"
        )
    }

    /// A third counters (half of them of ones), a third timers with a sketch of some 30 buckets, a third gauges.
    private static func typical(_ kind: Kind, _ random: inout SeededGenerator) throws -> Aggregate {
        switch kind {
        case .counter:
            let count = Int64.random(in: 1...500, using: &random)
            if random.oneIn(2) {
                return Aggregate(
                    sum: Double(count), count: count, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1)
            }
            return Aggregate(
                sum: Double(3 * count), count: count, max: 9, min: 1, first: 2, last: 4, bottom: 1, top: 7)
        case .timer:
            var accumulator = SampleAccumulator()
            for _ in 0..<60 {
                accumulator.add(Double(Int.random(in: 20...60, using: &random) * Int.random(in: 1...3, using: &random)))
            }
            return try #require(accumulator.partial(of: .timer))
        case .gauge:
            let values = (0..<12).map { _ in Double.random(in: 0...100, using: &random) }.sorted()
            return Aggregate(
                sum: values.reduce(0, +), count: 12, max: values[11], min: values[0], first: values[4],
                last: values[7], bottom: values[1], top: values[10])
        }
    }
}
