package import DattssCore

/// Where a chunk is: some points of one statistic, encoded by ``ChunkCodec``.
///
/// A statistic that has more points than a chunk takes has several, one after the other.
package struct SealedEntry: Sendable, Hashable {
    package var key: StatisticKey
    package var offset: Int
    package var length: Int
    /// How many points, at least 1.
    package var points: Int
    /// The slots of the first and the last point: minutes, or hours, since the day began.
    package var slots: ClosedRange<Int>
    /// The CRC32C of the chunk's bytes.
    package var checksum: UInt32

    static let chunkBytesMax = 64 << 20
}

/// What follows up to 64 chunks of one user and says what they are, sorted by key:
///
///     offset of the first chunk (8) │ n │ length of the paths │ paths │ n × entry
///     entry:  kind (1) │ length │ points │ first slot │ last slot − first slot │ CRC32C of the chunk (4)
///
/// Chunks lie one after the other, so their offsets follow from their lengths. Paths share prefixes: ``PathColumnEncoder``.
enum SealedIndex {
    /// Statistics before another index begins. The chunks of one statistic are never torn apart.
    static let statisticsTarget = 64
    static let byteCountMax = 16 << 20
    private static let entryBytesMin = 11

    static func encode(_ entries: [SealedEntry]) -> [UInt8] {
        var paths = PathColumnEncoder()
        for entry in entries { paths.append(entry.key.path) }
        var writer = ByteWriter(capacity: paths.writer.count + entries.count * 20 + 16)
        writer.appendFixed(UInt64(entries.first?.offset ?? 0))
        writer.appendVarint(entries.count)
        writer.appendVarint(paths.writer.count)
        writer.append(paths.writer)
        for entry in entries {
            writer.append(entry.key.kind.rawValue)
            writer.appendVarint(entry.length)
            writer.appendVarint(entry.points)
            writer.appendVarint(entry.slots.lowerBound)
            writer.appendVarint(entry.slots.count - 1)
            writer.appendFixed(entry.checksum)
        }
        return writer.bytes
    }

    /// - Parameter end: where the chunks must end, which is where the index begins.
    static func decode(_ bytes: [UInt8], _ step: SealedStep, end: Int) throws(LogError) -> [SealedEntry] {
        var rows = try Rows(bytes, step, end: end)
        var paths = PathColumnDecoder(rows.paths)
        var entries: [SealedEntry] = []
        entries.reserveCapacity(rows.count)
        for _ in 0..<rows.count {
            let entry = try rows.next().entry(try paths.next())
            if let last = entries.last, entry.key < last.key {
                throw LogError(.malformed, expected: "keys in order", found: "\(entry.key.path) after \(last.key.path)")
            }
            entries.append(entry)
        }
        try paths.expectEnd()
        try rows.expectEnd()
        return entries
    }

    /// The entries of one key, without building the paths of the others.
    static func decode(
        _ bytes: [UInt8], _ step: SealedStep, end: Int, only key: StatisticKey
    ) throws(LogError) -> [SealedEntry] {
        var rows = try Rows(bytes, step, end: end)
        var search = PathColumnSearch(rows.paths, wanted: Array(key.path.utf8))
        var entries: [SealedEntry] = []
        for _ in 0..<rows.count {
            let row = try rows.next()
            if try search.nextIsWanted(), row.kind == key.kind { entries.append(row.entry(key.path)) }
        }
        try rows.expectEnd()
        return entries
    }

    /// Entries but for their paths.
    private struct Rows {
        let count: Int
        let paths: ByteReader
        private let step: SealedStep
        private let end: Int
        private var reader: ByteReader
        private var offset: Int

        init(_ bytes: [UInt8], _ step: SealedStep, end: Int) throws(LogError) {
            var reader = ByteReader(bytes)
            let start = try reader.fixed(UInt64.self, "offset of the first chunk")
            guard let start = Int(exactly: start), start <= end else {
                throw reader.malformed("offset of the first chunk", "at most \(end)", "\(start)")
            }
            count = try reader.count("entries of an index", bytesEach: entryBytesMin)
            paths = try reader.section("paths of an index")
            self.step = step
            self.end = end
            self.reader = reader
            offset = start
        }

        mutating func next() throws(LogError) -> Row {
            let code = try reader.byte("kind")
            guard let kind = Kind(rawValue: code) else { throw reader.malformed("kind", "0, 1 or 2", "\(code)") }
            let length = try reader.varint("length of a chunk")
            let points = try reader.varint("points of a chunk")
            let first = try reader.varint("first slot of a chunk")
            let more = try reader.varint("slots of a chunk")
            let slotCount = UInt64(step.slotsPerDay)
            guard length <= UInt64(min(SealedEntry.chunkBytesMax, end - offset)), points >= 1,
                points <= UInt64(SealedChunks.pointsMax), first < slotCount, more < slotCount - first
            else {
                throw LogError(
                    .overLimit, expected: "a chunk of at most \(SealedChunks.pointsMax) points of a day before byte \(end)",
                    found: "\(points) points in \(length) bytes at \(offset), slots \(first) and \(more) more")
            }
            defer { offset += Int(length) }
            return Row(
                kind: kind, offset: offset, length: Int(length), points: Int(points), slots: Int(first)...Int(first + more),
                checksum: try reader.fixed(UInt32.self, "CRC of a chunk"))
        }

        func expectEnd() throws(LogError) {
            try reader.expectEnd("index")
            guard offset == end else { throw reader.malformed("end of the chunks", "\(end)", "\(offset)") }
        }
    }

    private struct Row {
        var kind: Kind
        var offset: Int
        var length: Int
        var points: Int
        var slots: ClosedRange<Int>
        var checksum: UInt32

        func entry(_ path: String) -> SealedEntry {
            SealedEntry(
                key: StatisticKey(kind, path), offset: offset, length: length, points: points, slots: slots,
                checksum: checksum)
        }
    }
}
