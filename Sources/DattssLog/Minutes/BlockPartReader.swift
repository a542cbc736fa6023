package import DattssCore

/// Reads a part of a minute block: the sections when it is made, rows when asked for.
package struct BlockPartReader {
    package let idCount: Int
    let presence: RowPresence
    private let raw: [UInt8]
    let table: NameTable
    private let clientSection: ByteReader
    /// By number of the shape in the table, less one.
    private let plans: [RowPlan?]
    private let strides: Strides
    private let headRange: Range<Int>
    private let rowsOffset: Int

    /// Whose ids those of a part are: the first LSN of the segment that it was written to. Nothing else of a segment
    /// tells: a sector that the disk wrote to the wrong place brings frames to where the same ids have other names.
    static func dictionary(of frame: FrameHeader, _ raw: [UInt8]) throws(LogError) -> LSN {
        var reader = ByteReader(raw)
        return LSN(frame.lsn.value &- (try reader.age()))
    }

    /// The names that a part brings along, without looking at the rest.
    package static func names(in raw: [UInt8]) throws(LogError) -> [SegmentName] {
        var reader = ByteReader(raw)
        _ = try reader.age()
        let idCount = try reader.idCount()
        return try NameCodec.decode(try reader.section("names"), idCount: idCount)
    }

    /// - Parameters:
    ///   - raw: the payload.
    ///   - table: the names of the segment, at least those of the frames up to this one.
    package init(_ raw: [UInt8], _ table: NameTable) throws(LogError) {
        self.raw = raw
        self.table = table
        var reader = ByteReader(raw)
        _ = try reader.age()
        idCount = try reader.idCount()
        _ = try reader.section("names")
        clientSection = try reader.section("clients")
        let head = try reader.section("head")
        rowsOffset = reader.offset
        let idCount = idCount
        let parsed = try Self.withBits(of: raw, head.offset..<head.end) { (bits) throws(LogError) in
            try Head(&bits, idCount: idCount, table)
        }
        headRange = head.offset..<head.end
        (presence, plans, strides) = (parsed.presence, parsed.plans, parsed.strides)
    }

    private struct Head {
        var presence: RowPresence
        var plans: [RowPlan?]
        var strides: Strides

        init(_ bits: inout BitReader, idCount: Int, _ table: NameTable) throws(LogError) {
            presence = try RowPresence(&bits, idCount: idCount)
            let rowCount = presence.count
            guard rowCount <= FormatLimits.statisticsPerPartMax else {
                throw LogError(
                    .overLimit, expected: "at most \(FormatLimits.statisticsPerPartMax) rows", found: "\(rowCount)")
            }
            plans = [RowPlan?](repeating: nil, count: table.shapes.count)
            for _ in 0..<min(bits.readVariable(parameter: BlockPart.shapeCountParameter), UInt64(rowCount)) {
                let code = UInt16(bits.read(BlockPart.shapeBits))
                guard let shape = RowShape(rawValue: code) else {
                    throw LogError(.malformed, expected: "the shape of a row", found: "\(code)")
                }
                let parameters = RowParameters(shape.columns, &bits)
                // A shape that no known id has is of no use.
                guard let position = table.shapes.firstIndex(of: shape) else { continue }
                plans[position] = RowPlan(shape, parameters)
            }
            let log = Int(bits.read(BlockPart.strideBits))
            // No stride has more bits than a payload, so that no sum of them overflows.
            let width = min(Int(bits.read(BlockPart.widthBits)), 32)
            strides = Strides(log: log, width: width, position: bits.position)
            if rowCount > 1 { bits.skip(((rowCount - 1) >> log) * width) }
            guard !bits.isExhausted else { throw LogError(.malformed, expected: "the head of a block", found: "its beginning") }
        }
    }

    /// Where in the bits of the head it is said how many bits each stride of rows has. Reading all rows
    /// does without.
    private struct Strides {
        let log: Int
        let width: Int
        let position: Int
    }

    /// How many bits the first strides have together.
    private func bits(ofStrides count: Int) -> Int {
        Self.withBits(of: raw, headRange) { bits in
            bits.skip(strides.position)
            var sum = 0
            for _ in 0..<count { sum += Int(bits.read(strides.width)) }
            return sum
        }
    }

    private static func withBits<Result, Failure: Error>(
        of raw: [UInt8], _ range: Range<Int>, _ body: (inout BitReader) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try raw.withUnsafeBufferPointer { (bytes) throws(Failure) in
            var bits = BitReader(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range])))
            return try body(&bits)
        }
    }

    /// All rows, ascending by id.
    func rows() throws(LogError) -> (ids: [Int], aggregates: [Aggregate]) {
        let ids = presence.ids
        let aggregates = try initializedArray(ids.count) { (rows: UnsafeMutablePointer<Aggregate>, count) throws(LogError) in
            try readRows { (reader) throws(LogError) -> Void in
                for id in ids {
                    try reader.next(id, into: rows + count)
                    count &+= 1
                }
            }
        }
        return (ids, aggregates)
    }

    /// The row of one id, decoding only the rest of its stride.
    package func aggregate(of id: Int) throws(LogError) -> Aggregate? {
        guard presence.contains(id) else { return nil }
        let row = presence.rank(of: id)
        let stride = row >> strides.log
        // The rows before it in its stride are those of the ids before it.
        var ids = [id]
        var earlier = id
        while ids.count <= row - stride << strides.log {
            earlier -= 1
            if presence.contains(earlier) { ids.append(earlier) }
        }
        return try readRows { (reader) throws(LogError) in
            reader.skip(bits(ofStrides: stride))
            let row = UnsafeMutablePointer<Aggregate>.allocate(capacity: 1)
            defer { row.deallocate() }
            for id in ids.dropFirst().reversed() {
                try reader.next(id, into: row)
                row.deinitialize(count: 1)
            }
            try reader.next(id, into: row)
            return row.move()
        }
    }

    /// Lends a reader that stands before the first row.
    @inline(__always)
    func readRows<Result>(
        _ body: (inout RowReader) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        try raw.withUnsafeBufferPointer { (bytes) throws(LogError) in
            try plans.withUnsafeBufferPointer { (plans) throws(LogError) in
                try table.shapeNumbers.withUnsafeBufferPointer { (shapeNumbers) throws(LogError) in
                    guard let base = bytes.baseAddress else { throw LogError(.malformed, expected: "rows", found: "no bytes") }
                    return try BlankAggregate.lend { (blank) throws(LogError) in
                        var reader = RowReader(
                            UnsafeRawPointer(base), byteCount: bytes.count, offset: rowsOffset, shapeNumbers, plans, blank)
                        let result = try body(&reader)
                        guard !reader.isExhausted else {
                            throw LogError(.malformed, expected: "all rows of a block", found: "the end")
                        }
                        return result
                    }
                }
            }
        }
    }

    /// The clients of each user that has some, or has no row.
    func clients() throws(LogError) -> [(user: UserID, windows: [ClientWindow])] {
        var reader = clientSection
        if reader.isAtEnd { return [] }
        var clients: [(UserID, [ClientWindow])] = []
        for _ in 0..<(try reader.count("users", bytesEach: 3)) {
            clients.append((try reader.user(), try ClientWindowsCodec.decode(&reader)))
        }
        try reader.expectEnd("clients")
        return clients
    }

}

extension ByteReader {
    /// What every part begins with.
    fileprivate mutating func age() throws(LogError) -> UInt64 {
        try expectVersion(BlockPart.version)
        return try varint("age of the names")
    }

    fileprivate mutating func idCount() throws(LogError) -> Int {
        let count = try varint("ids")
        guard count <= UInt64(FormatLimits.idsPerSegmentMax) else {
            throw LogError(.overLimit, expected: "at most \(FormatLimits.idsPerSegmentMax) ids", found: "\(count)")
        }
        return Int(count)
    }
}

/// An array of at most `capacity` elements, each made where it stays.
/// - Parameter body: makes elements one after the other and counts those that are there, also before it throws.
@inline(__always)
func initializedArray<Element>(
    _ capacity: Int, _ body: (UnsafeMutablePointer<Element>, inout Int) throws(LogError) -> Void
) throws(LogError) -> [Element] {
    var failure: LogError?
    let array = [Element](unsafeUninitializedCapacity: capacity) { buffer, count in
        guard let start = buffer.baseAddress else { return }
        do throws(LogError) {
            try body(start, &count)
        } catch {
            failure = error
        }
    }
    if let failure { throw failure }
    return array
}
