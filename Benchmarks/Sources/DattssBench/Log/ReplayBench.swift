import DattssCore
import DattssLog

/// How fast the log is read on start, against zstd that only decompresses the same payloads.
struct ReplayBench {
    /// Reads the minute lane of a folder.
    static func minutes(_ folder: BenchFolder) throws -> Figure {
        try figure(folder, .minutes, "replay, minute lane, M aggregates/s of CPU", target: "≥ 10, and ≥ 0.5 of zstd") {
            $0.aggregates
        }
    }

    /// Writes batches of 50 partials as clients send them, and reads them.
    static func accepted(_ statistics: SampleStatistics, partials count: Int, in folder: BenchFolder) throws -> Figure {
        let day = SampleDay(statistics, day: 0, count: statistics.statistics)
        let lane = AcceptedLane(fileSystem: folder.fileSystem, directory: folder.directory, policy: .never)
        var written = 0
        while written < count {
            try day.forEachBlock(withSketches: false) { block in
                guard written < count else { return }
                let partials = block.users[0].aggregates
                let records = stride(from: 0, to: partials.count, by: 50).map { start in
                    let batch = Batch(
                        partials: Array(partials[start..<min(start + 50, partials.count)]),
                        origin: Batch.Origin(client: "6f1c2d3e", sequence: Int64(written + start)))
                    return (encoded: BatchCodec.encode(user: SampleDay.user, batch: batch), at: block.minute.start)
                }
                try lane.append(records)
                written += partials.count
            }
        }
        return try figure(folder, .accepted, "replay, accepted lane, M partials/s of CPU", target: "≥ 3, and ≥ 0.5 of zstd") {
            $0.partials
        }
    }

    private static func figure(
        _ folder: BenchFolder, _ lane: Lane, _ name: String, target: String, _ count: (CountingRecovery) -> Int
    ) throws -> Figure {
        // The first run warms the page cache.
        var best = Double.infinity
        var counted = CountingRecovery()
        for _ in 0..<3 {
            var counting = CountingRecovery()
            let watch = Stopwatch()
            _ = try Recovery.run(
                fileSystem: folder.fileSystem, directory: folder.directory, policy: .never, into: &counting)
            best = min(best, watch.processorSeconds)
            counted = counting
        }
        let zstd = try decompressing(folder, lane)
        let floor = zstd.map { "zstd alone takes \(($0 / best).text()) of the time" } ?? ""
        return Figure(name: name, value: (Double(count(counted)) / best / 1e6).text(), floor: floor, target: target)
    }

    /// Seconds of CPU that zstd takes for all payloads; nil when they are not compressed.
    private static func decompressing(_ folder: BenchFolder, _ lane: Lane) throws -> Double? {
        var payloads: [(bytes: [UInt8], rawLength: Int)] = []
        let path = LogLayout.folder(of: lane, in: folder.directory)
        for name in try folder.fileSystem.list(path) {
            let file = try folder.fileSystem.open("\(path)/\(name)", .reading)
            let bytes = try file.bytes(at: 0, count: try file.size())
            var offset = SegmentHeader.byteCount
            while offset < bytes.count {
                let header = try FrameHeader(decoding: bytes, at: offset)
                let start = offset + FrameHeader.byteCount
                offset += header.frameLength
                payloads.append((Array(bytes[start..<offset]), header.rawLength))
            }
        }
        let decompressor = ZstdDecompressor()
        var best = Double.infinity
        for _ in 0..<3 {
            let watch = Stopwatch()
            for payload in payloads {
                guard (try? decompressor.decompress(payload.bytes, rawLength: payload.rawLength)) != nil else { return nil }
            }
            best = min(best, watch.processorSeconds)
        }
        return best
    }
}

/// Counts what a recovery hands over.
struct CountingRecovery: RecoveryHandler {
    private(set) var aggregates = 0
    private(set) var partials = 0

    mutating func restore(_ checkpoint: Checkpoint) {}
    mutating func restore(_ block: MinuteBlock) { for user in block.users { aggregates += user.aggregates.count } }
    mutating func restore(_ batch: AcceptedBatch, isCovered: Bool) { partials += batch.batch.partials.count }
}
