internal import DattssCore

/// Reads the lines of a table: see ``AggregateColumns``.
///
/// A line that begins with `minute_epoch` names the columns from there on, in any order; columns of other names are passed
/// over. Without one, the columns are those of the table's standard order. A field may be quoted; a line end ends a line even then.
/// Fields are separated by what comes first of a comma, a semicolon and a tab in the line of names, or else in the first line
/// that has columns enough. Numbers are those of ``FieldNumber``, and of names that are no paths paths are made.
package struct AggregateLineReader {
    private var columns = ColumnOrder.standard
    private var fields = SeparatedFields()
    private var isSeparatorKnown = false
    /// How many names were made into paths.
    package private(set) var rewritten = RewrittenNames()
    /// The path of the line before: in most tables a path stands in many lines that follow each other.
    private var path: (bytes: ArraySlice<UInt8>, text: String)?

    package init() {}

    /// - Parameter line: without its end.
    /// - Returns: nil for a line of names, and for an empty one.
    package mutating func read(_ line: UnsafeBufferPointer<UInt8>) throws(AggregateLineProblem) -> AggregateLine? {
        if line.isEmpty { return nil }
        if !isSeparatorKnown || Self.isHeader(line), let separator = line.first(where: Self.separators.contains) {
            fields.separator = separator
        }
        fields.split(line)
        if fields[0].elementsEqual(AggregateColumns.names[0].utf8) {
            columns = try ColumnOrder(fields)
            isSeparatorKnown = true
            return nil
        }
        // One or several optional columns may be missing at the end of every line of a table without names.
        guard fields.count >= columns.countMin else { throw .badColumns }
        isSeparatorKnown = true
        guard let seconds = Int64(digits: field(.minute)), seconds.magnitude < 1 << 46 else { throw .badTime }
        let key = try key()
        guard let count = Int64(digits: field(.count)), count >= 1 else { throw .badCount }
        var aggregate = Aggregate(
            sum: try number(.sum), count: count, max: try number(.max), min: try number(.min), first: try number(.first),
            last: try number(.last), bottom: try number(.bottom), top: try number(.top))
        if has(.sketch) { aggregate.sketch = try SketchText.read(field(.sketch)) }
        if has(.fraction) { aggregate.fraction = try number(.fraction) }
        if has(.emphasised) { aggregate.isEmphasised = try flag(.emphasised) }
        if has(.approximate) { aggregate.isApproximate = try flag(.approximate) }
        return AggregateLine(
            minute: Minute(seconds.flooredQuotient(by: 60)), key: key, aggregate: aggregate)
    }

    private static let separators = Array(",;\t".utf8)

    private static func isHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        line.drop { !Name.isNameByte($0) }.starts(with: AggregateColumns.names[0].utf8)
    }

    private func has(_ column: Column) -> Bool {
        guard let position = columns[column], position < fields.count else { return false }
        return !fields[position].isEmpty
    }

    private func field(_ column: Column) -> ArraySlice<UInt8> {
        columns[column].map { fields[$0] } ?? []
    }

    private mutating func key() throws(AggregateLineProblem) -> StatisticKey {
        let symbol = field(.kind)
        guard let kind = Kind.allCases.first(where: { symbol.elementsEqual($0.symbol.utf8) }) else { throw .badKind }
        let bytes = field(.path)
        if let path, path.bytes == bytes { return StatisticKey(kind, path.text) }
        guard let text = rewritten.path(bytes) else { throw .badPath }
        // One that is rewritten is counted each time.
        path = text.utf8.elementsEqual(bytes) ? (ArraySlice(Array(bytes)), text) : nil
        return StatisticKey(kind, text)
    }

    private func number(_ column: Column) throws(AggregateLineProblem) -> Double {
        guard let value = FieldNumber.value(field(column)) else { throw .badNumber }
        return value
    }

    private func flag(_ column: Column) throws(AggregateLineProblem) -> Bool {
        let field = field(column)
        guard field.elementsEqual("0".utf8) || field.elementsEqual("1".utf8) else { throw .badFlag }
        return field.elementsEqual("1".utf8)
    }
}

/// Why a line is none of the table.
public enum AggregateLineProblem: String, Error, CaseIterable {
    case badColumns = "expected minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst[,sketch][,pct,emp,apx]"
    case badTime = "minute_epoch is not an integer of seconds"
    case badKind = "not a type, expected c, ms or g"
    case badPath = "not a name of which a path of 1 to 255 bytes can be made"
    case badCount = "cnt is not an integer of at least 1"
    case badNumber = "not a finite number"
    case badSketch = "not a sketch"
    case badFlag = "emp and apx are 0 or 1"
    case contradiction =
        "no such aggregate: min above max, cnt beyond 2^53 or not that of the sketch, or pct not above 0 and at most 0.5"
}

/// The columns, as their positions in ``AggregateColumns/names``.
private enum Column: Int {
    case minute, kind, path, sum, count, max, min, top, bottom, first, last, sketch, fraction, emphasised, approximate
}

/// At which position of a line each column is.
private struct ColumnOrder {
    private var positions: [Int?]
    /// How many fields a line has at least.
    private(set) var countMin: Int

    static let standard = ColumnOrder(positions: Array(AggregateColumns.names.indices), countMin: AggregateColumns.requiredCount)

    private init(positions: [Int?], countMin: Int) {
        self.positions = positions
        self.countMin = countMin
    }

    init(_ names: SeparatedFields) throws(AggregateLineProblem) {
        positions = []
        for name in AggregateColumns.names {
            positions.append((0..<names.count).first { names[$0].elementsEqual(name.utf8) })
        }
        guard !positions[..<AggregateColumns.requiredCount].contains(nil) else { throw .badColumns }
        countMin = (positions.compactMap(\.self).max() ?? 0) + 1
    }

    subscript(column: Column) -> Int? { positions[column.rawValue] }
}
