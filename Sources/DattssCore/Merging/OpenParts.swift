/// Where the open minute keeps the ``WeightedParts`` of a merge: a number each as long as all are single samples, else three an
/// entry.
///
///     columns   bottom | top | count          or, of single samples, just their values
struct OpenParts: Sendable {
    private var columns = CompactColumns()
    private(set) var count: UInt8 = 0

    private static let bottomColumn = 0
    private static let topColumn = 1
    private static let countColumn = 2

    /// What a row took the last time.
    struct Room: Sendable {
        var count: UInt8 = 0
        var widths = CompactColumns.Widths()
    }

    var isEmpty: Bool { count == 0 }
    var room: Room { Room(count: count, widths: columns.widths) }

    private var hasOnlySingles: Bool { columns.columnCount < 2 }

    /// - Parameter expected: what is likely to be needed.
    /// - Returns: false, and nothing changed, when there is no room for another entry.
    mutating func add(_ new: WeightedParts.Entry, expecting expected: Room, in arena: inout WordArena) -> Bool {
        if isEmpty { begin(isSingle: new.isSingle, expected, in: &arena) }
        if hasOnlySingles {
            let isKnown = columns.firstRow(of: new.bottom, in: 0..<Int(count), of: arena) != nil
            if new.isSingle, !isKnown { return append(new, expecting: expected.count, in: &arena) }
            keepEntries(in: &arena)
        }
        var first = 0
        while let row = columns.firstRow(of: new.bottom, in: first..<Int(count), of: arena) {
            var entry = entry(row, in: arena)
            if entry.top == new.top {
                entry.count = entry.count.saturatingAdd(new.count)
                put(entry, at: row, in: &arena)
                return true
            }
            first = row + 1
        }
        return append(new, expecting: expected.count, in: &arena)
    }

    // MARK: As a value of its own

    init() {}

    init(_ parts: WeightedParts, in arena: inout WordArena) {
        if parts.isEmpty { return }
        begin(isSingle: parts.areSingles, Room(count: UInt8(parts.count)), in: &arena)
        for index in 0..<parts.count { _ = append(parts.entry(index), expecting: UInt8(parts.count), in: &arena) }
    }

    func parts(areJoined: Bool, in arena: WordArena) -> WeightedParts {
        let entries = (0..<Int(count)).map { entry($0, in: arena) }
        return hasOnlySingles
            ? WeightedParts(singles: entries.map(\.bottom)) : WeightedParts(entries: entries, isJoined: areJoined)
    }

    mutating func release(in arena: inout WordArena) {
        columns.release(in: &arena)
        self = OpenParts()
    }

    // MARK: Entries

    private func entry(_ row: Int, in arena: WordArena) -> WeightedParts.Entry {
        let row = columns.row(row, in: arena)
        let bottom = row[Self.bottomColumn]
        if hasOnlySingles { return WeightedParts.Entry(bottom: bottom, top: bottom, count: 1) }
        return WeightedParts.Entry(bottom: bottom, top: row[Self.topColumn], count: Int64(row[Self.countColumn]))
    }

    /// - Precondition: there is room in the row, and a single is one.
    private mutating func put(_ entry: WeightedParts.Entry, at row: Int, in arena: inout WordArena) {
        columns.set([entry.bottom, entry.top, Double(countForColumn: entry.count), 0], at: row, in: &arena)
    }

    private mutating func append(
        _ entry: WeightedParts.Entry, expecting expected: UInt8, in arena: inout WordArena
    ) -> Bool {
        guard reserve(expected, in: &arena) else { return false }
        put(entry, at: Int(count), in: &arena)
        count += 1
        return true
    }

    private mutating func begin(isSingle: Bool, _ expected: Room, in arena: inout WordArena) {
        columns.reshape(
            columns: isSingle ? 1 : 3, rows: Self.rowCount(for: expected.count), widths: expected.widths, in: &arena)
    }

    private mutating func keepEntries(in arena: inout WordArena) {
        let entries = (0..<Int(count)).map { entry($0, in: arena) }
        columns.reshape(columns: 3, rows: Int(columns.rowCount), widths: columns.widths, in: &arena)
        for (row, entry) in entries.enumerated() { put(entry, at: row, in: &arena) }
    }

    /// Makes room for another entry.
    private mutating func reserve(_ expected: UInt8, in arena: inout WordArena) -> Bool {
        if count < columns.rowCount { return true }
        guard count < WeightedParts.capacity else { return false }
        columns.reshape(
            columns: Int(columns.columnCount), rows: Self.rowCount(for: max(count + 1, expected)), widths: columns.widths,
            in: &arena)
        return true
    }

    /// Twelve are what a process sends in a minute.
    private static func rowCount(for count: UInt8) -> Int {
        rowCounts.first { $0 >= count } ?? WeightedParts.capacity
    }

    private static let rowCounts = [4, 8, 12, 16, 24, 32, 48]
}
