internal import DattssCore

/// What a part of a minute block of version 1 holds of one user: its statistics column by column, then its clients.
///
///     n │ 10 column lengths │ flags, low bytes (n) │ flags, high bytes (n) │ columns … │ clients
///     columns:  paths  counts  sum  max  min  first  last  bottom  top  extras
///
/// A column holds an entry only for those rows whose ``AggregateFlags`` say so. `extras` has, for a row that needs it,
/// the fraction (8 bytes), and the sketch with its length in front. The lengths let a reader of one statistic go
/// straight to each column, and pass over the entries before its row without decoding them.
enum MinuteSection {
    /// Rows cost at least two bytes of flags, two of lengths of the path, one of the count.
    static let statisticBytesMin = 5
    static let columnCount = AggregateFlags.columnCount + 3
    static let pathColumn = 0
    static let countColumn = 1
    static let firstNumberColumn = 2
    static let extraColumn = columnCount - 1
}

/// A section whose columns were found; nothing of them is decoded yet.
struct MinuteSectionReader {
    let count: Int
    private let lowFlags: ByteReader
    private let highFlags: ByteReader
    private let columns: [ByteReader]
    private var clientReader: ByteReader

    init(_ section: ByteReader) throws(LogError) {
        var reader = section
        count = try reader.count("statistics", bytesEach: MinuteSection.statisticBytesMin)
        guard count <= FormatLimits.statisticsPerPartMax else {
            throw LogError(
                .overLimit, expected: "at most \(FormatLimits.statisticsPerPartMax) statistics", found: "\(count)")
        }
        var lengths: [Int] = []
        lengths.reserveCapacity(MinuteSection.columnCount)
        for _ in 0..<MinuteSection.columnCount {
            lengths.append(try reader.count("length of a column", bytesEach: 1))
        }
        lowFlags = try reader.slice(count, "flags")
        highFlags = try reader.slice(count, "flags")
        var columns: [ByteReader] = []
        columns.reserveCapacity(lengths.count)
        for length in lengths { columns.append(try reader.slice(length, "column")) }
        self.columns = columns
        clientReader = reader
    }

    @inline(__always)
    private func flags(_ row: Int) -> AggregateFlags {
        AggregateFlags(rawValue: UInt16(lowFlags.peek(row)) | UInt16(highFlags.peek(row)) << 8)
    }

    /// Everything, in the order in which it was written.
    func decode() throws(LogError) -> (aggregates: [Partial], clients: [ClientWindow]) {
        var aggregates: [Partial] = []
        aggregates.reserveCapacity(count)
        var paths = PathColumnDecoder(columns[MinuteSection.pathColumn])
        var columns = columns
        for row in 0..<count {
            let flags = flags(row)
            let key = StatisticKey(try kind(flags), try paths.next())
            aggregates.append(Partial(key, try Self.aggregate(flags, &columns)))
        }
        try paths.expectEnd()
        for column in columns.dropFirst() { try column.expectEnd("column") }
        var reader = clientReader
        let clients = try ClientWindowsCodec.decode(&reader)
        try reader.expectEnd("section")
        return (aggregates, clients)
    }

    /// The aggregate of one statistic, and nothing else.
    func aggregate(of kind: Kind, path: [UInt8]) throws(LogError) -> Aggregate? {
        guard let row = try row(of: kind, path: path) else { return nil }
        var columns = columns
        let earlierRows = (0..<row).map { flags($0) }
        let stored = earlierRows.map(\.storedColumns)
        let raw = earlierRows.map(\.rawColumns)
        try columns[MinuteSection.countColumn].skipVarints(row, "counts")
        for number in 0..<AggregateFlags.columnCount {
            try columns[MinuteSection.firstNumberColumn + number].skipNumbers(
                where: stored, are8Bytes: raw, bit: UInt8(number))
        }
        for flags in earlierRows {
            if flags.has(AggregateFlags.fraction) { try columns[MinuteSection.extraColumn].skip(8, "fraction") }
            if flags.has(AggregateFlags.sketch) { _ = try columns[MinuteSection.extraColumn].section("sketch") }
        }
        return try Self.aggregate(flags(row), &columns)
    }

    func keys() throws(LogError) -> [StatisticKey] {
        var keys: [StatisticKey] = []
        keys.reserveCapacity(count)
        var paths = PathColumnDecoder(columns[MinuteSection.pathColumn])
        for row in 0..<count { keys.append(StatisticKey(try kind(flags(row)), try paths.next())) }
        return keys
    }

    private func row(of wanted: Kind, path: [UInt8]) throws(LogError) -> Int? {
        var search = PathColumnSearch(columns[MinuteSection.pathColumn], wanted: path)
        for row in 0..<count where try search.nextIsWanted() {
            if flags(row).kind == wanted { return row }
        }
        return nil
    }

    private func kind(_ flags: AggregateFlags) throws(LogError) -> Kind {
        guard let kind = flags.kind else {
            throw LogError(.malformed, expected: "kind 0, 1 or 2", found: "3")
        }
        return kind
    }

    /// The row at which the columns stand.
    private static func aggregate(
        _ flags: AggregateFlags, _ columns: inout [ByteReader]
    ) throws(LogError) -> Aggregate {
        var builder = AggregateBuilder(flags, count: try columns[MinuteSection.countColumn].sampleCount())
        for number in 0..<AggregateFlags.columnCount where flags.stores(number) {
            let value = try StoredNumber.read(
                &columns[MinuteSection.firstNumberColumn + number], isRaw: flags.isRaw(number))
            builder.set(number, value)
        }
        if flags.has(AggregateFlags.fraction) {
            let bits = try columns[MinuteSection.extraColumn].fixed(UInt64.self, "fraction")
            builder.fraction = Double(bitPattern: bits)
        }
        if flags.has(AggregateFlags.sketch) {
            var bytes = try columns[MinuteSection.extraColumn].section("sketch")
            builder.sketch = try SketchCodec.decode(&bytes)
            try bytes.expectEnd("sketch")
        }
        return builder.aggregate
    }
}
