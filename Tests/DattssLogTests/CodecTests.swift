import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: what is decoded is what was encoded, bit by bit, for every value the model allows; and no bytes make a decoder
/// trap or allocate beyond the caps.
@Suite struct CodecTests {
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

    @Test("minute blocks round-trip, in one part or in many", arguments: 1...4 as ClosedRange<UInt64>)
    func blocks(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        for round in 0..<40 {
            let block = values.block()
            let parts = MinuteBlockCodec.encode(block, targetBytes: round % 2 == 0 ? 4 << 20 : 300)
            #expect(parts.reduce(0) { $0 + $1.statisticCount } == block.users.reduce(0) { $0 + $1.aggregates.count })
            var users: [UserMinute] = []
            for part in parts { MinuteBlockCodec.append(try MinuteBlockCodec.decode(part.raw), to: &users) }
            #expect(users == block.users, "seed \(seed)")
            #expect(users.map { bits($0.aggregates) } == block.users.map { bits($0.aggregates) }, "seed \(seed)")
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

    @Test("a user that is too large for one part is sliced, and the parts stay near their target")
    func slices() throws {
        let block = block(0, through: 1, statistics: 3000)
        let parts = MinuteBlockCodec.encode(block, targetBytes: 4096)
        #expect(parts.count > 5)
        for part in parts { #expect(part.raw.count <= 4096 + 64) }
        var users: [UserMinute] = []
        for part in parts { MinuteBlockCodec.append(try MinuteBlockCodec.decode(part.raw), to: &users) }
        #expect(users == block.users)
    }

    @Test("a minute of common counters costs few bytes")
    func smallness() {
        let aggregates = (0..<1000).map { index in
            Partial(
                StatisticKey(.counter, "routes.get_\(1000 + index)"),
                Aggregate(sum: 12, count: 12, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1))
        }
        let block = MinuteBlock(
            minute: midnight, through: nil, users: [UserMinute(user: local, aggregates: aggregates)])
        // Two bytes of flags, two lengths and a few bytes of path, one of count.
        #expect(MinuteBlockCodec.encode(block)[0].raw.count < 8 * 1000)
    }

    @Test("a part that claims more statistics than a part may have is refused")
    func statisticCap() {
        var writer = ByteWriter()
        writer.append(1)
        writer.appendVarint(1)
        writer.appendName("local")
        var section = ByteWriter()
        section.appendVarint(FormatLimits.statisticsPerPartMax + 1)
        section.append([UInt8](repeating: 0, count: 10 * FormatLimits.statisticsPerPartMax))
        writer.appendVarint(section.count)
        writer.append(section)
        let error = #expect(throws: LogError.self) { try MinuteBlockCodec.decode(writer.bytes) }
        #expect(error?.code == .overLimit)
    }

    @Test("a payload of a later version is told from a damaged one")
    func laterVersion() {
        #expect(throws: LogError.self) { try MinuteBlockCodec.decode([2, 0]) }
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
            let block = MinuteBlockCodec.encode(values.block(users: 1...2, statistics: 0...5))[0].raw
            survives("block", block) { _ = try MinuteBlockCodec.decode($0) }
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
        #expect(outcomes.count >= 9, "\(outcomes)")
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
}
