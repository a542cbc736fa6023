import DattssCore
import Testing

@testable import dattss

@Suite("The table of statistics")
struct StatusTableTests {
    private func row(
        _ path: String, _ kind: String = "c", sum: Double? = nil, last: Double? = nil, average: Double? = nil,
        isEmphasised: Bool = false, seen: Int64 = 1000
    ) -> StatusAnswer.Row {
        StatusAnswer.Row(typ: kind, pth: path, sum: sum, lst: last, avg: average, emp: isEmphasised, seen: seen)
    }

    private func answer(_ rows: StatusAnswer.Row...) -> StatusAnswer {
        StatusAnswer(
            at: 1000, c: rows.filter { $0.typ == "c" }, g: rows.filter { $0.typ == "g" }, ms: rows.filter { $0.typ == "ms" })
    }

    private func cells(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    /// Goal: a column means the same here and on the page: what a counter counted in a minute, the mean of all else.
    @Test("says a counter's average per minute, and means of the others")
    func lastMinute() {
        let lines = StatusTable(
            answer(
                row("a", sum: 100, average: 0.2), row("b", "g", last: 7, average: 6.5), row("c", "ms", average: 41.871),
                row("d", sum: 3, average: 0), row("e", "ms"), row("f", sum: 1, average: 1.0 / 60), row("g", sum: 1, average: 1e-3))
        ).lines()
        #expect(lines[0].split(separator: "  ").map { $0.drop { $0 == " " } }.prefix(3) == ["statistic", "last minute", "value"])
        #expect(
            lines.dropFirst().map { cells($0)[2] } == ["12/min", "6.5", "41.87", "0/min", "–", "1/min", "0.06/min"])
        #expect(lines.dropFirst().map { cells($0)[3] } == ["100", "7", "–", "3", "–", "1", "1"])
    }

    /// Goal: no row is wider than the terminal, however long a name is and however narrow the terminal.
    @Test("fits into the terminal", arguments: [30, 40, 60, 80, 100, 132, 250])
    func width(columns: Int) {
        let long = "ec2." + String(repeating: "x", count: 240) + ".5f5533"
        let table = StatusTable(
            answer(row(long, sum: 12, average: 1), row("short", "g", last: 1e12, average: 12_345.678), row("other.5f5534", "ms")))
        let lines = table.lines(columns: columns)
        #expect(Set(lines.map(\.count)).count == 1)
        #expect(lines[0].count <= columns)
        let cut = columns < 60 ? ("ec2", "533") : ("ec2.", "5f5533")
        #expect(lines.contains { $0.contains(cut.0) && $0.contains(cut.1) && $0.contains("…") })
        #expect(lines.contains { $0.contains("short ") })
        #expect(lines.allSatisfy { $0.contains("now") || $0.hasSuffix("seen") })
        #expect(table.lines().contains { $0.contains(long) })
    }

    @Test("shortens large numbers where they are looked at, and only there")
    func largeNumbers() {
        let values = [999_999, 1e6, 1_234_567, 23_777_506_099.2, -5e9, 1e12, 1e15, 1e16]
        let rows = values.enumerated().map { row("g\($0)", "g", last: $1) }
        let answer = StatusAnswer(at: 1000, c: [], g: rows, ms: [])
        func shown(_ table: StatusTable) -> [String] { table.lines().dropFirst().map { cells($0)[3] } }
        #expect(
            shown(StatusTable(answer, isShort: true)) == ["999999", "1.0M", "1.23M", "23.78G", "-5.0G", "1.0T", "1000.0T", "1e+16"])
        #expect(shown(StatusTable(answer)).prefix(4) == ["999999", "1000000", "1234567", "23777506099.2"])
    }

    @Test("cuts a name in the middle")
    func middle() {
        for width in 0...12 {
            let text = TextTable.shortened("abcdefghij", to: width)
            #expect(text.count == min(10, max(1, width)))
            if width > 2, width < 10 { #expect(text.first == "a" && text.last == "j" && text.contains("…")) }
        }
    }

    @Test("leaves out what does not fit onto the screen, and says so")
    func height() {
        let table = StatusTable(answer(row("a"), row("b"), row("c"), row("d")))
        #expect(table.lines(rows: 5).count == 5)
        let cut = table.lines(rows: 4)
        #expect(cut.count == 4 && cut[3] == "… and 2 more")
        #expect(table.lines(rows: 0).last == "… and 4 more")
    }

    @Test("colours what matters, and colours add nothing to the width")
    func colours() {
        let table = StatusTable(
            answer(
                row("calm"), row("loud", isEmphasised: true), row("silent", seen: 699),
                row("silent.loud", isEmphasised: true, seen: 699)))
        let (plain, coloured) = (table.lines(columns: 80), table.lines(columns: 80, isColoured: true))
        #expect(
            zip(plain, coloured).map { plain, coloured in coloured.prefix { $0 != plain.first }.description }
                == ["\u{1B}[1m", "", "\u{1B}[1;33m", "\u{1B}[2m", "\u{1B}[2m"])
        for (plain, coloured) in zip(plain, coloured) { #expect(coloured.contains(plain)) }
    }

    @Test(
        "is sorted as asked, and by name where that does not decide",
        arguments: [
            (StatusOrder.name, ["a", "b", "c", "d"]), (.rate, ["d", "c", "a", "b"]), (.value, ["b", "d", "a", "c"]),
            (.seen, ["c", "d", "a", "b"]),
        ])
    func order(order: StatusOrder, expected: [String]) {
        let rows = [
            row("b", "g", last: 90, average: nil, seen: 10), row("a", sum: 5, average: 0.1, seen: 10),
            row("d", sum: 60, average: 1, seen: 20), row("c", "ms", average: 7, seen: 30),
        ]
        #expect(rows.sorted(by: order.precedes).map(\.pth) == expected)
        #expect(rows.reversed().sorted(by: order.precedes).map(\.pth) == expected)
    }
}
