import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct CompactColumnsTests {
    @Test("tables that grow and widen beside each other hold what arrays of doubles hold, to the last bit", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: numbers of every width in every order, tables that are let go, and more of them than one array of the arena holds.
        var generator = SeededGenerator(seed: seed)
        var arena = WordArena(capacity: generator.oneIn(2) ? 50_000 : 0)
        var tables: [(columns: CompactColumns, expected: [[Double]])] = []
        for _ in 0..<6000 {
            if tables.count < 2000 || generator.oneIn(50) {
                let (columnCount, rowCount) = (
                    Int.random(in: 1...4, using: &generator), 4 * Int.random(in: 1...24, using: &generator)
                )
                var columns = CompactColumns()
                columns.reshape(columns: columnCount, rows: rowCount, widths: columns.widths, in: &arena)
                tables.append((columns, Array(repeating: Array(repeating: 0, count: rowCount), count: columnCount)))
            }
            let position = Int.random(in: 0..<tables.count, using: &generator)
            change(&tables[position], in: &arena, &generator)
            #expect(isEqual(tables[position], in: arena), "seed \(seed)")
            if generator.oneIn(100) {
                tables[position].columns.release(in: &arena)
                tables.remove(at: position)
            }
        }
        #expect(tables.allSatisfy { isEqual($0, in: arena) }, "seed \(seed)")
        #expect(arena.wordCount > 1 << 15)
    }

    @Test(
        "a number takes as few bytes as hold it",
        arguments: [
            (0, 0), (255, 0), (256, 1), (-1, 1), (8191, 1), (-8192, 1), (8.191, 1), (0.5, 1), (8192, 2), (0.0001, 2),
            (134_217_727, 2), (134_217_728, 3), (-0.0, 3), (1.0 / 3, 3), (.greatestFiniteMagnitude, 3),
        ] as [(Double, UInt8)])
    func widths(number: Double, width: UInt8) {
        // Goal: the ends of each form.
        var (columns, arena) = (CompactColumns(), WordArena())
        columns.reshape(columns: 2, rows: 4, widths: columns.widths, in: &arena)
        columns.set(number, 1, 3, in: &arena)
        #expect(columns.widths[1] == width && columns.widths[0] == 0)
        #expect(columns.row(3, in: arena)[1].bitPattern == number.bitPattern)
    }

    @Test("memory that was let go is used again")
    func reuse() {
        // Goal: statistics that come and go do not make the arena grow.
        var arena = WordArena()
        func useTwelveRows() {
            var columns = CompactColumns()
            columns.reshape(columns: 1, rows: 12, widths: columns.widths, in: &arena)
            columns.set(1.0 / 3, 0, 11, in: &arena)
            columns.release(in: &arena)
        }
        useTwelveRows()
        let wordCount = arena.wordCount
        for _ in 0..<100 { useTwelveRows() }
        #expect(arena.wordCount == wordCount)
    }

    private func change(
        _ table: inout (columns: CompactColumns, expected: [[Double]]), in arena: inout WordArena,
        _ generator: inout SeededGenerator
    ) {
        let (columnCount, rowCount) = (table.expected.count, table.expected[0].count)
        if generator.oneIn(10) {
            let (more, newRows) = (Int.random(in: columnCount...4, using: &generator), rowCount + (generator.oneIn(2) ? 4 : 0))
            table.columns.reshape(columns: more, rows: newRows, widths: table.columns.widths, in: &arena)
            for column in 0..<columnCount { table.expected[column] += Array(repeating: 0, count: newRows - rowCount) }
            table.expected += Array(repeating: Array(repeating: 0, count: newRows), count: more - columnCount)
            return
        }
        let (column, row) = (Int.random(in: 0..<columnCount, using: &generator), Int.random(in: 0..<rowCount, using: &generator))
        let number = number(&generator)
        table.columns.set(number, column, row, in: &arena)
        table.expected[column][row] = number
    }

    private func isEqual(_ table: (columns: CompactColumns, expected: [[Double]]), in arena: WordArena) -> Bool {
        let first = table.expected[0]
        return table.expected.enumerated().allSatisfy { column, numbers in
            numbers.indices.allSatisfy { table.columns.row($0, in: arena)[column].bitPattern == numbers[$0].bitPattern }
        }
            && [first[first.count / 2], 77, 0.1 + 0.2].allSatisfy { number in
                table.columns.firstRow(of: number, in: 1..<first.count, of: arena) == first[1...].firstIndex(of: number)
            }
    }

    /// Never −0, which equals 0 and is searched for in other bytes.
    private func number(_ generator: inout SeededGenerator) -> Double {
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: Double.random(in: -1...1, using: &generator)
        case 1, 2: Double(Int.random(in: -1_000_000...1_000_000, using: &generator)) / 1000
        case 3...8: Double(Int.random(in: -900...900, using: &generator)) / 10
        default: Double(Int.random(in: 0...255, using: &generator))
        }
    }

    private static let seeds: [UInt64] = Array(1...5)
}

extension CompactColumns {
    fileprivate mutating func set(_ number: Double, _ column: Int, _ row: Int, in arena: inout WordArena) {
        var numbers = self.row(row, in: arena)
        numbers[column] = number
        set(numbers, at: row, in: &arena)
    }
}
