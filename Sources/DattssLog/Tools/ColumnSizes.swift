internal import DattssCore

/// How many bytes each number of aggregates takes where they are encoded together.
///
/// Columns help to predict each other, so no byte belongs to one of them. But what a column *adds* can be told: aggregates of
/// which only the counts are known are encoded, then the same with the maxima as well, and so on; what the code grows by is the
/// column's. All of them together are exactly the whole. What is not known yet is filled in with what it most likely is, so
/// that a counter of ones is one all the way.
struct ColumnSizes {
    /// In the order in which they are added. The first is what is left without any number: which minutes, which statistics.
    static let names = ["presence", "cnt", "max", "min", "sum", "top", "bot", "fst", "lst", "flags", "sketch"]

    /// As many as names, of everything that was added.
    private(set) var bytes = [Int](repeating: 0, count: names.count)

    /// Takes in something that was encoded.
    /// - Parameter size: its size when only the columns up to one are known.
    mutating func add(_ size: (_ column: Int) throws(LogError) -> Int) throws(LogError) {
        var before = 0
        for column in Self.names.indices {
            let size = try size(column)
            bytes[column] += size - before
            before = size
        }
    }

    /// Divides bytes as those were divided that were added.
    ///
    /// No column takes less than nothing. One that makes those above it so much easier to predict that all of them together
    /// get smaller counts as nothing, and what it saves is taken off those above it.
    func parts(of total: Int) -> [LogSizes.Part] {
        var sums: [Int] = []
        for bytes in bytes { sums.append((sums.last ?? 0) + bytes) }
        guard let sum = sums.last, sum > 0 else { return [LogSizes.Part(name: "aggregates", bytes: total)] }
        for column in sums.indices.reversed().dropFirst() { sums[column] = min(sums[column], sums[column + 1]) }
        var parts: [LogSizes.Part] = []
        var divided = 0
        for (name, before) in zip(Self.names, sums) {
            let next = Int((Double(before) / Double(sum) * Double(total)).rounded())
            parts.append(LogSizes.Part(name: name, bytes: next - divided))
            divided = next
        }
        return parts
    }

    /// An aggregate of which the columns up to one are known.
    static func beginning(_ aggregate: Aggregate, _ column: Int) -> Aggregate {
        if column >= names.count - 1 { return aggregate }
        let count = column >= 1 ? aggregate.count : 1
        let max = column >= 2 ? aggregate.max : 1
        var known = Aggregate(
            sum: column >= 4 ? aggregate.sum : EqualSamples.sum(max, count), count: count, max: max,
            min: column >= 3 ? aggregate.min : max, first: column >= 7 ? aggregate.first : max,
            last: column >= 8 ? aggregate.last : max, bottom: column >= 6 ? aggregate.bottom : max,
            top: column >= 5 ? aggregate.top : max)
        if column >= 9 {
            known.fraction = aggregate.fraction
            known.isEmphasised = aggregate.isEmphasised
            known.isApproximate = aggregate.isApproximate
        }
        return known
    }
}

extension ColumnSizes {
    /// Takes in a chunk of a sealed file.
    mutating func add(_ points: [HistorySlice.Point], origin: Minute) throws(LogError) {
        try add { (column) throws(LogError) in
            let known = points.map { point in
                HistorySlice.Point(minute: point.minute, aggregate: Self.beginning(point.aggregate, column))
            }
            return ChunkCodec.encode(known, origin: origin).count
        }
    }

    /// Takes in a part of a minute block, without the names it may bring along and the clients.
    mutating func add(_ users: [UserMinute], of frame: FrameHeader) throws(LogError) {
        try add { (column) throws(LogError) in
            var block = MinuteBlock(minute: frame.minute, through: nil, users: users)
            for user in block.users.indices {
                for row in block.users[user].aggregates.indices {
                    block.users[user].aggregates[row].aggregate = Self.beginning(
                        block.users[user].aggregates[row].aggregate, column)
                }
            }
            let draft = try SegmentNaming(firstLSN: frame.lsn).draft(block, lsn: frame.lsn, targetBytes: .max)
            var size = 0
            for part in draft.parts { size += try BlockSections(part.raw).aggregates }
            return size
        }
    }
}

/// What the sections of a part of a minute block take, before compression.
struct BlockSections {
    private(set) var names = 0
    private(set) var clients = 0
    /// The rest: which statistics are there, and their numbers.
    private(set) var aggregates: Int

    /// - Parameter raw: a payload.
    init(_ raw: [UInt8]) throws(LogError) {
        aggregates = raw.count
        var reader = ByteReader(raw)
        try reader.skip(1, "version")
        try reader.skipVarints(2, "age and ids")
        let start = reader.offset
        _ = try reader.section("names")
        names = reader.offset - start
        _ = try reader.section("clients")
        clients = reader.offset - start - names
        aggregates = raw.count - names - clients
    }
}
