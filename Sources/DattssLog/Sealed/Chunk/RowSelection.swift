internal import DattssCore

/// Some of the rows of a chunk: those of which a column holds something.
struct RowSelection {
    /// The rows, ascending; nil for all.
    private let rows: [Int]?
    let count: Int

    /// The rows without a flag.
    init(_ flags: [AggregateFlags], without flag: AggregateFlags) {
        let absent = flags.count { $0.contains(flag) }
        count = flags.count - absent
        rows = absent == 0 ? nil : flags.indices.filter { !flags[$0].contains(flag) }
    }

    /// The entries of these rows.
    func gather<Entry>(_ column: [Entry]) -> [Entry] {
        guard let rows else { return column }
        return rows.map { column[$0] }
    }

    /// The opposite: entries of these rows, and of the others those that are given.
    func scatter<Entry>(_ entries: [Entry], over others: [Entry]) -> [Entry] {
        guard let rows else { return entries }
        var column = others
        for (row, entry) in zip(rows, entries) { column[row] = entry }
        return column
    }
}
