/// A small table of numbers in a ``WordArena``. Each column takes as few bytes a number as hold all of its numbers exactly:
///
///     1   an integer up to 255          4   a ``CompactNumber``
///     2   ``CompactNumber/short``       8   a double
///
/// The columns lie one behind the other. A column that had to become wider stays so.
struct NumberColumns: Sendable {
    private var position: UInt32 = 0
    private(set) var columnCount: UInt8 = 0
    private(set) var rowCount: UInt8 = 0
    private(set) var widths = Widths()

    /// Of up to four columns, the binary logarithm of the bytes a number takes.
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
        for column in 0..<Int(before.columnCount) {
            for row in 0..<Int(before.rowCount) {
                // (It fits: no column becomes narrower.)
                store(before.number(column, row, in: arena), column, row, in: &arena)
            }
        }
        before.release(in: &arena)
    }

    func release(in arena: inout WordArena) { arena.release(position, wordCount) }

    private var wordCount: Int { (offset(of: Int(columnCount)) + 7) / 8 }

    @inline(__always)
    private func offset(of column: Int) -> Int {
        var offset = 0
        for before in 0..<column { offset += Int(rowCount) << Int(widths[before]) }
        return offset
    }

    // MARK: Numbers

    @inline(__always)
    func number(_ column: Int, _ row: Int, in arena: WordArena) -> Double {
        let width = widths[column]
        let offset = offset(of: column) + row << Int(width)
        return arena.withBlock(position) { block in
            switch width {
            case 0: Double(block.load(fromByteOffset: offset, as: UInt8.self))
            case 1: CompactNumber(short: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)).value
            case 2: CompactNumber(bits: block.loadUnaligned(fromByteOffset: offset, as: UInt32.self)).value
            default: block.loadUnaligned(fromByteOffset: offset, as: Double.self)
            }
        }
    }

    @inline(__always)
    mutating func set(_ number: Double, _ column: Int, _ row: Int, in arena: inout WordArena) {
        if widths[column] < Self.widest, Self.width(of: number) > widths[column] { widen(column, for: number, in: &arena) }
        store(number, column, row, in: &arena)
    }

    /// The first of the rows whose first number this is.
    /// - Parameter rows: not beyond those of the table.
    func firstRow(of number: Double, in rows: Range<Int>, of arena: WordArena) -> Int? {
        let width = widths[0]
        if rows.isEmpty || Self.width(of: number) > width { return nil }
        let bits = CompactNumber(number)?.bits ?? 0
        return arena.withBlock(position) { block in
            switch width {
            case 0: Self.first(UInt8(truncatingIfNeeded: bits >> 4), rows, block)
            case 1: Self.first(CompactNumber(bits: bits).short ?? 0, rows, block)
            case 2: Self.first(bits, rows, block)
            default: Self.first(number, rows, block)
            }
        }
    }

    @inline(__always)
    private static func first<Number: Equatable>(_ number: Number, _ rows: Range<Int>, _ block: UnsafeRawPointer) -> Int? {
        let column = block.assumingMemoryBound(to: Number.self)
        return rows.first { column[$0] == number }
    }

    // MARK: Widths

    private static let widest: UInt8 = 3

    @inline(__always)
    private static func width(of number: Double) -> UInt8 {
        guard let compact = CompactNumber(number) else { return widest }
        return compact.isByte ? 0 : compact.short != nil ? 1 : 2
    }

    @inline(never)
    private mutating func widen(_ column: Int, for number: Double, in arena: inout WordArena) {
        var wider = widths
        wider[column] = Self.width(of: number)
        reshape(columns: Int(columnCount), rows: Int(rowCount), widths: wider, in: &arena)
    }

    /// - Precondition: the column is wide enough.
    @inline(__always)
    private func store(_ number: Double, _ column: Int, _ row: Int, in arena: inout WordArena) {
        let width = widths[column]
        let offset = offset(of: column) + row << Int(width)
        arena.withMutableBlock(position) { block in
            if width == Self.widest { return block.storeBytes(of: number, toByteOffset: offset, as: Double.self) }
            guard let compact = CompactNumber(number) else { preconditionFailure("a number that is wider than its column") }
            switch width {
            case 0: block.storeBytes(of: UInt8(truncatingIfNeeded: compact.bits >> 4), toByteOffset: offset, as: UInt8.self)
            case 1: block.storeBytes(of: compact.short ?? 0, toByteOffset: offset, as: UInt16.self)
            default: block.storeBytes(of: compact.bits, toByteOffset: offset, as: UInt32.self)
            }
        }
    }
}
