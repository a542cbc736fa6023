internal import DattssCore

/// One row of a part of a minute block.
struct BlockRow {
    var id: Int
    var shape: RowShape
    var partial: Partial

    var aggregate: Aggregate { partial.aggregate }
}

/// The payload of a part of a minute block.
///
///     version (1) │ age │ ids │ names │ clients │ head │ rows
///
///     age:      the frame's LSN less the segment's first one, see ``BlockPartReader/dictionary(of:_:)``
///     ids:      how many the segment has given out
///     names:    length │ see ``NameCodec``
///     clients:  length │ m │ m × (user │ windows, see ``ClientWindowsCodec``)      also users without a row, with no windows
///     head:     length │ bits:  presence, see ``RowPresence``
///                               m (VariableBits) │ m × (shape (16) │ parameter (6) for each of its columns)
///                               log₂ of the stride (4) │ width (6) │ for every stride but the last, its bits (width)
///     rows:     bits, for each id that is present:
///               [fraction (64)] │ [sketch, see ``SketchBits``] │ numbers, see ``RowColumn``
///
/// Rows are in the order of ids. A reader of one statistic passes over whole strides of rows at once.
enum BlockPart {
    static let version: UInt8 = 1
    static let shapeBits = 16
    static let strideBits = 4
    static let widthBits = 6
    static let shapeCountParameter = 3

    /// - Parameters:
    ///   - rows: ascending by id, each once.
    ///   - names: those to embed; ascending by id.
    static func encode(
        _ rows: [BlockRow], age: UInt64, idCount: Int, names: [SegmentName],
        clients: [(user: UserID, windows: ArraySlice<ClientWindow>)]
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + 12 * rows.count + 24 * names.count)
        writer.append(version)
        writer.appendVarint(age)
        writer.appendVarint(idCount)
        writer.appendSection(NameCodec.encode(names))
        writer.appendSection(encode(clients))

        let surveys = survey(rows)
        var head = BitWriter()
        RowPresence(rows.lazy.map(\.id), idCount: idCount).write(to: &head)
        head.writeVariable(surveys.count, parameter: shapeCountParameter)
        var parameters: [RowShape: RowParameters] = [:]
        for (shape, survey) in surveys.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let ofShape = survey.parameters
            parameters[shape] = ofShape
            head.write(UInt64(shape.rawValue), bits: shapeBits)
            ofShape.write(shape.columns, to: &head)
        }
        let strideLog = rows.contains { $0.shape.hasSketch } ? 4 : 6
        let (bits, strides) = encode(rows, parameters, stride: 1 << strideLog)
        let width = strides.reduce(0) { max($0, 64 - UInt64($1).leadingZeroBitCount) }
        head.write(UInt64(strideLog), bits: strideBits)
        head.write(UInt64(width), bits: widthBits)
        for stride in strides { head.write(UInt64(stride), bits: width) }
        writer.appendSection(head.bytes)
        writer.append(bits.bytes)
        return writer.bytes
    }

    private static func encode(_ clients: [(user: UserID, windows: ArraySlice<ClientWindow>)]) -> [UInt8] {
        if clients.isEmpty { return [] }
        var writer = ByteWriter()
        writer.appendVarint(clients.count)
        for (user, windows) in clients {
            writer.appendName(user.string)
            ClientWindowsCodec.encode(windows, into: &writer)
        }
        return writer.bytes
    }

    private static func survey(_ rows: [BlockRow]) -> [RowShape: RowSurvey] {
        var surveys: [RowShape: RowSurvey] = [:]
        for row in rows { code(row, with: &surveys[row.shape, default: RowSurvey()]) }
        return surveys
    }

    /// - Returns: the bits, and how many of them each stride but the last one has.
    private static func encode(
        _ rows: [BlockRow], _ parameters: [RowShape: RowParameters], stride: Int
    ) -> (bits: BitWriter, strides: [Int]) {
        var writer = RowWriter(bits: BitWriter(capacityBits: 80 * rows.count))
        var strides: [Int] = []
        var start = 0
        for (position, row) in rows.enumerated() {
            if position > 0, position % stride == 0 {
                strides.append(writer.bits.bitCount - start)
                start = writer.bits.bitCount
            }
            writer.parameters = parameters[row.shape] ?? RowParameters()
            if row.shape.hasFraction { writer.bits.write(row.aggregate.fraction.bitPattern, bits: 64) }
            if let sketch = row.aggregate.sketch { SketchBits.write(sketch, to: &writer.bits) }
            code(row, with: &writer)
        }
        return (writer.bits, strides)
    }

    private static func code(_ row: BlockRow, with coder: inout some RowCoder) {
        guard var numbers = RowNumbers(row.aggregate, row.shape) else { preconditionFailure("a row that its shape does not fit") }
        if let sketch = row.aggregate.packedSketch {
            numbers.code(row.shape, row.shape.scale, SketchOutline(sketch, fraction: row.aggregate.fraction), with: &coder)
        } else {
            numbers.code(row.shape, row.shape.scale, with: &coder)
        }
    }
}

extension ByteWriter {
    /// The length, then the bytes.
    mutating func appendSection(_ bytes: [UInt8]) {
        appendVarint(bytes.count)
        append(bytes)
    }
}
