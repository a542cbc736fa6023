/// A small table of numbers in a ``WordArena``. Each column takes as few bytes a number as hold all of its numbers exactly:
///
///     1   an integer up to 255          4   a ``CompactNumber``
///     2   ``CompactNumber/short``       8   a double
///
/// The columns lie one behind the other. A column that had to become wider stays so.
struct CompactColumns: Sendable {
    private var position: UInt32 = 0
    private(set) var columnCount: UInt8 = 0
    private(set) var rowCount: UInt8 = 0
    private(set) var widths = Widths()

    /// For each of up to four columns, the binary logarithm of the bytes that a number takes.
    struct Widths: Sendable {
        private var code: UInt8 = 0

        subscript(column: Int) -> UInt8 {
            @inline(__always) get { code >> UInt8(2 * column) & 3 }
            set { code = code & ~(3 << UInt8(2 * column)) | newValue << UInt8(2 * column) }
        }
    }

    // MARK: Shape

    /// Makes it a table of so many columns and rows, at least as many as it has; what is new is 0.
    mutating func reshape(columns newColumns: Int, rows newRows: Int, widths newWidths: Widths, in arena: inout WordArena) {
        let before = self
        widths = newWidths
        columnCount = UInt8(newColumns)
        rowCount = UInt8(newRows)
        position = arena.allocate(wordCount)
        // (They fit: no column becomes narrower.)
        for row in 0..<Int(before.rowCount) { set(before.row(row, in: arena), at: row, in: &arena) }
        before.release(in: &arena)
    }

    func release(in arena: inout WordArena) { arena.release(position, wordCount) }

    private var wordCount: Int {
        let byteCount = (0..<Int(columnCount)).reduce(0) { $0 + Int(rowCount) << Int(widths[$1]) }
        return (byteCount + 7) / 8
    }

    // MARK: Numbers

    /// The numbers of a row, and behind them 0 for the columns that there are not.
    typealias Row = InlineArray<4, Double>

    @inline(__always)
    func row(_ row: Int, in arena: WordArena) -> Row {
        var numbers = Row(repeating: 0)
        arena.withBlock(position) { block in
            var column = block
            for index in 0..<Int(columnCount) {
                let width = widths[index]
                numbers[index] = Self.load(column + row << Int(width), width)
                column += Int(rowCount) << Int(width)
            }
        }
        return numbers
    }

    /// - Parameter numbers: those of columns that there are not are left out.
    @inline(__always)
    mutating func set(_ numbers: Row, at row: Int, in arena: inout WordArena) {
        var compact = InlineArray<4, CompactNumber>(repeating: CompactNumber(bits: 0))
        for index in 0..<Int(columnCount) where widths[index] < Self.widest {
            let number = CompactNumber(numbers[index])
            if Self.width(of: number) > widths[index] { widen(index, to: Self.width(of: number), in: &arena) }
            compact[index] = number ?? compact[index]
        }
        arena.withMutableBlock(position) { block in
            var column = block
            for index in 0..<Int(columnCount) {
                let width = widths[index]
                Self.store(numbers[index], compact[index], column + row << Int(width), width)
                column += Int(rowCount) << Int(width)
            }
        }
    }

    /// The first of the rows whose first number this is.
    /// - Parameter rows: not beyond those of the table.
    func firstRow(of number: Double, in rows: Range<Int>, of arena: WordArena) -> Int? {
        let width = widths[0]
        let compact = CompactNumber(number)
        if rows.isEmpty || Self.width(of: compact) > width { return nil }
        return arena.withBlock(position) { block in
            switch width {
            case 0: Self.first(compact?.byte ?? 0, rows, block)
            case 1: Self.first(compact?.short ?? 0, rows, block)
            case 2: Self.first(compact?.bits ?? 0, rows, block)
            default: Self.first(number, rows, block)
            }
        }
    }

    @inline(__always)
    private static func first<Number: Equatable & BitwiseCopyable>(
        _ number: Number, _ rows: Range<Int>, _ block: UnsafeRawPointer
    ) -> Int? {
        rows.first { block.load(fromByteOffset: $0 * MemoryLayout<Number>.stride, as: Number.self) == number }
    }

    // MARK: Widths

    private static let widest: UInt8 = 3

    @inline(__always)
    private static func width(of number: CompactNumber?) -> UInt8 {
        guard let number else { return widest }
        return number.byte != nil ? 0 : number.short != nil ? 1 : 2
    }

    @inline(never)
    private mutating func widen(_ column: Int, to width: UInt8, in arena: inout WordArena) {
        var wider = widths
        wider[column] = width
        reshape(columns: Int(columnCount), rows: Int(rowCount), widths: wider, in: &arena)
    }

    @inline(__always)
    private static func load(_ place: UnsafeRawPointer, _ width: UInt8) -> Double {
        switch width {
        case 0: Double(place.load(as: UInt8.self))
        case 1: CompactNumber(short: place.loadUnaligned(as: UInt16.self)).value
        case 2: CompactNumber(bits: place.loadUnaligned(as: UInt32.self)).value
        default: place.loadUnaligned(as: Double.self)
        }
    }

    /// - Parameter compact: the same number, if it is less than ``widest``.
    @inline(__always)
    private static func store(_ number: Double, _ compact: CompactNumber, _ place: UnsafeMutableRawPointer, _ width: UInt8) {
        switch width {
        case 0: place.storeBytes(of: compact.byte ?? 0, as: UInt8.self)
        case 1: place.storeBytes(of: compact.short ?? 0, as: UInt16.self)
        case 2: place.storeBytes(of: compact.bits, as: UInt32.self)
        default: place.storeBytes(of: number, as: Double.self)
        }
    }
}

extension Double {
    /// A count as a number: exact up to 2^53, and never more than what is a count again.
    init(countForColumn count: Int64) { self = Double(min(count, 1 << 62)) }
}
