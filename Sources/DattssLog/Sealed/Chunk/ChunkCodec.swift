public import DattssCore

/// All points of one statistic in one file, column by column: a chunk.
///
///     1 │ number of points (varint) │ columns │ columns of the sketches, if there are any
///     columns:  first minute − origin (signed, parameter 8) │ minutes between points │ flags │ ``ChunkNumbers`` │ fractions
///
/// Each column says how it is predicted and coded (``Prediction``, ``IntegerCoding``): the writer tries, and takes what is
/// shortest. What is left of a number is a class, coded by ``SymbolEncoder`` with the frequencies of its column, and
/// some bits. The sketches come last, so that a reader who wants none of them stops before.
public enum ChunkCodec {
    static let version: UInt8 = 1
    /// A day has 1,440 minutes; the rest is for minutes that have several blocks.
    package static let pointsMax = 1 << 14

    /// - Parameters:
    ///   - points: 1 to ``pointsMax``, by minute; repeats of a minute stay in their order.
    ///   - origin: the first minute that the file may hold.
    public static func encode(_ points: [HistorySlice.Point], origin: Minute) -> [UInt8] {
        precondition(1...pointsMax ~= points.count, "a chunk has 1 to \(pointsMax) points")
        let columns = ChunkColumns(points, origin)
        var writer = ColumnWriter()
        columns.write(to: &writer)
        var bytes = ByteWriter()
        bytes.append(version)
        bytes.appendVarint(points.count)
        writer.append(to: &bytes)
        let sketchRows = columns.sketchRows
        if !sketchRows.isEmpty {
            SketchColumn.encode(points.compactMap { $0.aggregate.sketch }, sketchRows, into: &bytes)
        }
        return bytes.bytes
    }

    /// - Parameters:
    ///   - origin: the one that the points were encoded with.
    ///   - isPlain: whether sketches are read the plain way throughout; for tests, which compare it with the quick one.
    /// - Throws: `malformed` for what ``encode(_:origin:)`` does not write, as far as that shows; `overLimit` and
    ///   `unsupportedVersion`.
    package static func decode(
        _ bytes: [UInt8], origin: Minute, withSketches: Bool = true, isPlain: Bool = false
    ) throws(LogError) -> [HistorySlice.Point] {
        var points: [HistorySlice.Point] = []
        try decode(bytes, origin: origin, withSketches: withSketches, isPlain: isPlain, into: &points)
        return points
    }

    /// Appends the points to others; on a throw there are no more than before.
    static func decode(
        _ bytes: [UInt8], origin: Minute, withSketches: Bool, isPlain: Bool = false, into points: inout [HistorySlice.Point]
    ) throws(LogError) {
        var reader = ByteReader(bytes)
        let columns = try columns(&reader, origin)
        guard withSketches else { return columns.append([], to: &points) }
        let sketches = try SketchColumn.decode(columns.sketchRows, &reader, isPlain: isPlain)
        try reader.expectEnd("chunk")
        columns.append(sketches, to: &points)
    }

    /// Reads all but the sketches.
    static func columns(_ reader: inout ByteReader, _ origin: Minute) throws(LogError) -> ChunkColumns {
        let found = try reader.byte("version of a chunk")
        guard found == version else {
            throw LogError(.unsupportedVersion, expected: "a chunk of version \(version)", found: "version \(found)")
        }
        let count = try reader.varint("points of a chunk")
        guard 1...UInt64(pointsMax) ~= count else {
            throw LogError(.overLimit, expected: "1 to \(pointsMax) points in a chunk", found: "\(count)")
        }
        return try ColumnReader.read(&reader) { (reader) throws(LogError) in try ChunkColumns(Int(count), origin, from: &reader) }
    }
}
