import DattssCore
import DattssTestSupport

// The parts of a sealed file are reached past the checksums above them.
@testable import DattssLog

extension MutationTests {
    /// Every decoder there is, each with inputs that it takes.
    static let decoders: [Decoder] = headers + batches + blocks + sealed

    private static var headers: [Decoder] {
        let segments = Lane.allCases.map { lane in
            SegmentHeader(lane: lane, sequence: 7, firstLSN: LSN(99), day: midnight.day).encoded
        }
        return [
            Decoder(name: "segment header", inputs: segments) { _ = try SegmentHeader(decoding: checked($0, at: 36)) },
            Decoder(name: "frame header", inputs: FrameKind.allCases.map(frameHeader)) {
                _ = try FrameHeader(decoding: checked($0, at: 52))
            },
        ]
    }

    private static var batches: [Decoder] {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        let batches = (0..<20).map { _ in
            BatchCodec.encode(user: values.user(), batch: Batch(partials: values.smallPartials(), process: "p"))
        }
        let sketches = (0..<20).map { _ in
            BatchCodec.encode(user: local, batch: Batch(partials: [Partial(StatisticKey(.timer, "t"), values.sketched())]))
        }
        let payloads = batches.map { batch in
            var payload = ByteWriter()
            payload.append(1)
            for record in [batch, batches[0]] {
                payload.appendVarint(1000)
                payload.appendVarint(record.count)
                payload.append(record)
            }
            return payload.bytes
        }
        return [
            Decoder(name: "batch", inputs: batches) { _ = try BatchCodec.decode($0) },
            Decoder(name: "sketch", inputs: sketches) { _ = try BatchCodec.decode($0) },
            Decoder(name: "accepted payload", inputs: payloads) {
                try AcceptedPayload.decode($0, header: try FrameHeader(decoding: frameHeader(.accepted))) { _ in }
            },
        ]
    }

    private static var blocks: [Decoder] {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        var segment = BlockSegment()
        let parts = (0..<20 as Range<Int64>).compactMap { minute -> [UInt8]? in
            let users = [UserMinute(user: local, aggregates: values.smallPartials(), clients: values.smallClients())]
            let block = MinuteBlock(minute: midnight.advanced(by: minute), through: LSN(3), users: users)
            guard let encoded = try? segment.append(block), (try? segment.users(of: encoded)) != nil else { return nil }
            return encoded.first?.raw
        }
        // Rows are read with all names of the segment.
        let named = segment
        let checkpoints = (0..<9 as Range<Int64>).flatMap { CheckpointCodec.encode(checkpoint($0, through: 3)).map(\.raw) }
        return [
            Decoder(name: "minute block", inputs: parts) { try named.read($0) },
            Decoder(name: "checkpoint", inputs: checkpoints) { _ = try CheckpointCodec.decode($0) },
        ]
    }

    private static var sealed: [Decoder] {
        var values = RandomValues(seed: UInt64(Campaign.seed))
        let chunks = (0..<20).map { number in
            ChunkCodec.encode(
                (0...values.int(0...12)).map { minute in
                    let aggregate = number % 3 == 0 ? values.sketched() : Aggregate(sample: values.number())
                    return HistorySlice.Point(minute: midnight.advanced(by: Int64(minute * 7)), aggregate: aggregate)
                }, origin: midnight)
        }
        let region = SealedDirectory.Region(offset: 24, length: 90, checksum: 7)
        var directory = SealedDirectory()
        directory.users = ["alice", "bob"].compactMap { UserID($0) }.map { user in
            let indexes = ["a", "b.c"].map { SealedDirectory.Index(firstKey: StatisticKey(.timer, $0), region: region) }
            return SealedDirectory.User(user: user, activity: region, indexes: indexes)
        }
        let entries = (0..<5).map { number in
            SealedEntry(
                key: StatisticKey(.counter, "path\(number)"), offset: 24 + 10 * number, length: 10, points: 3, slots: 5...9,
                checksum: 9)
        }
        var activity = SealedActivity(.minute)
        for slot in [0, 1, 2, 700, 1439] { activity.insert(slot: slot) }
        var footer = SealedFooter(step: .minute, day: midnight.day, covered: LSN(9), through: LSN(4))
        footer.directoryLength = 100
        footer.byteCount = 4096
        return [
            Decoder(name: "chunk", share: 0.5, inputs: chunks) { bytes in
                _ = try ChunkCodec.decode(bytes, origin: midnight)
                _ = try ChunkCodec.decode(bytes, origin: midnight, withSketches: false)
            },
            Decoder(name: "sealed directory", inputs: [directory.encoded]) {
                _ = try SealedDirectory(decoding: $0, contentEnd: 1000)
            },
            Decoder(name: "sealed index", inputs: [SealedIndex.encode(entries)]) {
                _ = try SealedIndex.decode($0, .minute, end: 74)
            },
            Decoder(name: "sealed activity", inputs: [activity.encoded]) { _ = try SealedActivity(decoding: $0, .minute) },
            Decoder(name: "sealed footer", inputs: [footer.encoded]) { _ = try SealedFooter(decoding: checked($0, at: 80)) },
        ]
    }

    private static func frameHeader(_ kind: FrameKind) -> [UInt8] {
        let header = FrameHeader(
            kind: kind, lsn: LSN(1 << 40), part: 2, parts: 3, minute: midnight, through: LSN(12), recordCount: 2, rawLength: 4321,
            compressedLength: 1234, payloadChecksum: 0xDEAD_BEEF)
        var writer = ByteWriter()
        header.encode(into: &writer)
        return writer.bytes
    }

    /// With the right CRC of what comes before it.
    private static func checked(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
        guard bytes.count >= offset else { return bytes }
        var writer = ByteWriter()
        writer.append(Array(bytes[..<offset]))
        writer.appendFixed(CRC32C.checksum(Array(bytes[..<offset])))
        return writer.bytes
    }
}

/// Values like those of ``RandomValues``, but with little bytes, so that a mutation hits what matters.
extension RandomValues {
    mutating func sketched() -> Aggregate {
        var sketch = Sketch()
        for _ in 0..<int(0...6) { sketch.add(number(), weight: Int64(int(1...300))) }
        return Aggregate(sum: 3, count: 2, max: 2, min: 1, first: 1, last: 2, bottom: 1, top: 2, sketch: sketch)
    }

    mutating func smallPartials() -> [Partial] {
        (0..<int(1...3)).map { number in
            var aggregate = random.oneIn(3) ? sketched() : aggregate()
            if (aggregate.sketch?.positive.indices.count ?? 0) > 6 { aggregate.sketch = nil }
            return Partial(StatisticKey(random.element(of: Kind.allCases), "p\(number)"), aggregate)
        }
    }

    mutating func smallClients() -> [ClientWindow] {
        [ClientWindow(client: "c", window: SequenceWindow(highest: Int64(int(0...300)), bits: random.next()))]
    }
}
