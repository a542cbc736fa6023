import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: what is decoded is what was encoded, bit by bit, for every value the model allows; and no bytes make a decoder
/// trap or allocate beyond the caps.
@Suite struct CodecTests {
    /// Goal: a window that would overflow when it is merged is refused, and does not trap the next start.
    @Test("a sequence that no client can have sent is refused", arguments: [-1, (1 << 53) + 1, Int64.min, .max])
    func impossibleSequence(highest: Int64) throws {
        var writer = ByteWriter()
        ClientWindowsCodec.encode(
            [ClientWindow(client: "c", window: SequenceWindow(highest: highest, bits: 1))], into: &writer)
        var reader = ByteReader(writer.bytes)
        let error = #expect(throws: LogError.self) { try ClientWindowsCodec.decode(&reader) }
        #expect(error?.code == .malformed)
        let batch = Batch(partials: [], origin: Batch.Origin(client: "c", sequence: highest))
        let ofBatch = #expect(throws: LogError.self) { try BatchCodec.decode(BatchCodec.encode(user: UserID("u")!, batch: batch)) }
        #expect(ofBatch?.code == .malformed)
    }

    @Test("batches round-trip", arguments: 1...4 as ClosedRange<UInt64>)
    func batches(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        for _ in 0..<150 {
            let (user, batch) = (values.user(), values.batch())
            let decoded = try BatchCodec.decode(BatchCodec.encode(user: user, batch: batch))
            #expect(decoded.user == user)
            #expect(decoded.batch == batch, "seed \(seed)")
            #expect(bits(decoded.batch.partials) == bits(batch.partials), "seed \(seed)")
            #expect(decoded.batch.uptimeSeconds?.bitPattern == batch.uptimeSeconds?.bitPattern)
        }
    }

    @Test("the minute blocks of a segment round-trip, in one part or in many", arguments: 1...4 as ClosedRange<UInt64>)
    func blocks(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        var segment = BlockSegment()
        for round in 0..<40 {
            let block = values.block()
            let parts = try segment.append(block, targetBytes: round % 2 == 0 ? 4 << 20 : 300)
            #expect(parts.reduce(0) { $0 + $1.statisticCount } == block.users.reduce(0) { $0 + $1.aggregates.count })
            let users = try segment.users(of: parts)
            #expect(users == block.users, "seed \(seed)")
            #expect(users.map { bits($0.aggregates) } == block.users.map { bits($0.aggregates) }, "seed \(seed)")
        }
    }

    @Test("a statistic that changes its shape from minute to minute round-trips", arguments: 1...4 as ClosedRange<UInt64>)
    func shapes(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        var segment = BlockSegment()
        let keys = (0..<8).map { StatisticKey(Kind.allCases[$0 % 3], "s\($0)") }
        for minute in 0..<100 {
            let aggregates = keys.map { Partial($0, values.random.oneIn(3) ? values.aggregate() : values.merged()) }
            let block = MinuteBlock(
                minute: Minute(Int64(minute)), through: nil, users: [UserMinute(user: local, aggregates: aggregates)])
            let users = try segment.users(of: try segment.append(block))
            #expect(users == block.users, "seed \(seed), minute \(minute)")
            #expect(bits(users[0].aggregates) == bits(aggregates), "seed \(seed), minute \(minute)")
        }
    }

    @Test("checkpoints round-trip, in one part or in many", arguments: 1...4 as ClosedRange<UInt64>)
    func checkpoints(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        for round in 0..<40 {
            let checkpoint = values.checkpoint()
            let parts = CheckpointCodec.encode(checkpoint, targetBytes: round % 2 == 0 ? 4 << 20 : 200)
            var users: [UserCheckpoint] = []
            for part in parts {
                let decoded = try CheckpointCodec.decode(part.raw)
                #expect(decoded.at == checkpoint.at)
                CheckpointCodec.append(decoded.users, to: &users)
            }
            #expect(users == checkpoint.users, "seed \(seed)")
            let sums = { (users: [UserCheckpoint]) in users.flatMap { $0.totals.map(\.totals.sum.bitPattern) } }
            #expect(sums(users) == sums(checkpoint.users), "seed \(seed)")
        }
    }

    @Test("a user that is too large for one part is sliced, and the parts stay below their target")
    func slices() throws {
        var segment = BlockSegment()
        let block = block(0, through: 1, statistics: 3000)
        let parts = try segment.append(block, targetBytes: 4096)
        #expect(parts.count > 5)
        for part in parts { #expect(part.raw.count <= 4096) }
        #expect(try segment.users(of: parts) == block.users)
    }

    @Test("a minute of common counters costs a byte each, once their names are written")
    func smallness() throws {
        let aggregates = (0..<1000).map { index in
            Partial(
                StatisticKey(.counter, "routes.get_\(1000 + index)"),
                Aggregate(sum: 12, count: 12, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1))
        }
        var segment = BlockSegment()
        var sizes: [Int] = []
        for minute in 0..<6 {
            let block = MinuteBlock(
                minute: Minute(Int64(minute)), through: nil, users: [UserMinute(user: local, aggregates: aggregates)])
            sizes.append(try segment.append(block)[0].raw.count)
        }
        #expect(sizes[5] < 1000, "\(sizes)")
        // Two lengths and a few bytes of path, two of shape, one each of id and user.
        #expect(sizes[0] < 10_000, "\(sizes)")
    }

    @Test("a block that names a statistic twice is refused")
    func twice() throws {
        let partial = Partial(StatisticKey(.gauge, "g"), Aggregate(sample: 1))
        let block = MinuteBlock(
            minute: midnight, through: nil, users: [UserMinute(user: local, aggregates: [partial, partial])])
        let naming = SegmentNaming(firstLSN: LSN(1))
        var segment = BlockSegment()
        try segment.append(MinuteBlock(minute: midnight, through: nil, users: [UserMinute(user: local, aggregates: [partial])]))
        #expect(throws: LogError.self) { try segment.append(block) }
        #expect(throws: LogError.self) { try naming.draft(block, lsn: LSN(1), targetBytes: 4 << 20) }
    }

    @Test("a part that claims more statistics than a part may have is refused")
    func statisticCap() {
        var part = ByteWriter()
        part.append(1)
        part.appendVarint(0)
        part.appendVarint(FormatLimits.statisticsPerPartMax + 1)
        // Neither names nor clients; and of all ids, none is absent.
        part.append([0, 0, 2, 0b110, 0])
        let error = #expect(throws: LogError.self) { try BlockPartReader(part.bytes, NameTable()) }
        #expect(error?.code == .overLimit)
    }

    @Test("a payload of a later version is told from a damaged one")
    func laterVersion() {
        let part = #expect(throws: LogError.self) { try BlockPartReader([2, 0], NameTable()) }
        #expect(part?.code == .unsupportedVersion)
        let error = #expect(throws: LogError.self) { try CheckpointCodec.decode([2, 0]) }
        #expect(error?.code == .unsupportedVersion)
    }

    @Test("25,000 mutations of each payload: decoded or refused, never a trap")
    func mutations() throws {
        let seed: UInt64 = 20_261_122
        var values = RandomValues(seed: seed)
        var outcomes: [String: Int] = [:]
        func survives(_ name: String, _ bytes: [UInt8], _ decode: ([UInt8]) throws -> Void) {
            for _ in 0..<25_000 / 25 {
                do {
                    try decode(mutated(bytes, &values.random))
                    outcomes["\(name) decoded", default: 0] += 1
                } catch is LogError {
                    outcomes["\(name) refused", default: 0] += 1
                } catch {
                    Issue.record("\(name): \(error), seed \(seed)")
                }
            }
        }
        let decompressor = ZstdDecompressor()
        let compressor = ZstdCompressor(level: 1)
        for _ in 0..<25 {
            let batch = BatchCodec.encode(user: values.user(), batch: values.batch())
            survives("batch", batch) { _ = try BatchCodec.decode($0) }
            var segment = BlockSegment()
            let block = try segment.append(values.block(users: 1...2, statistics: 0...5))[0].raw
            survives("block", block) { try segment.read($0) }
            survives("checkpoint", CheckpointCodec.encode(values.checkpoint())[0].raw) {
                _ = try CheckpointCodec.decode($0)
            }
            survives("zstd", try compressor.compress(block)) {
                _ = try decompressor.decompress($0, rawLength: block.count)
            }
            let header = FrameHeader(
                kind: .accepted, lsn: LSN(5), minute: midnight, through: nil, recordCount: 2, rawLength: 0,
                compressedLength: 0, payloadChecksum: 0)
            var accepted = ByteWriter()
            accepted.append(1)
            for time in [1, 2] as [UInt64] {
                accepted.appendVarint(time)
                accepted.appendVarint(batch.count)
                accepted.append(batch)
            }
            survives("accepted", accepted.bytes) { try AcceptedPayload.decode($0, header: header) { _ in } }
        }
        // Neither all refused nor all decoded: the mutations reach deep into the decoders.
        #expect(outcomes.count >= 10, "\(outcomes)")
    }
}

/// Parts of minute blocks as they would be in a segment, without the segment.
struct BlockSegment {
    private var naming = SegmentNaming(firstLSN: LSN(1))
    private var names = NameTable()
    private var lsn = LSN(1)
    private var offset = SegmentHeader.byteCount

    @discardableResult
    mutating func append(_ block: MinuteBlock, targetBytes: Int = 4 << 20) throws -> [EncodedPart] {
        let draft = try naming.draft(block, lsn: lsn, targetBytes: targetBytes)
        var frames: [Range<Int>] = []
        for part in draft.parts {
            frames.append(offset..<offset + FrameHeader.byteCount + part.raw.count)
            offset = frames[frames.count - 1].upperBound
        }
        naming.commit(draft, frames: frames)
        lsn = lsn.advanced(by: draft.parts.count)
        return draft.parts
    }

    mutating func users(of parts: [EncodedPart]) throws -> [UserMinute] {
        var block = MinuteBlock(minute: midnight, through: nil, users: [])
        for part in parts {
            let named = try BlockPartReader.names(in: part.raw)
            #expect(part.hasNames == !named.isEmpty)
            names.add(named)
            block.append(part: try BlockPartReader(part.raw, names).users())
        }
        return block.users
    }

    /// Reads a payload in all ways there are.
    func read(_ raw: [UInt8]) throws {
        var names = names
        names.add(try BlockPartReader.names(in: raw))
        let part = try BlockPartReader(raw, names)
        _ = try? part.users()
        for id in 0..<min(3, part.idCount) { _ = try part.aggregate(of: id) }
    }
}

/// Flips, overwrites, inserts, deletes or cuts, up to three times.
private func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let position = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...5, using: &random) {
        case 0, 1: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes[position] = random.element(of: [0, 1, 0x7F, 0x80, 0xFF])
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
        case 4: bytes.remove(at: position)
        default: bytes.removeSubrange(position...)
        }
    }
    return bytes
}
