import FoundationEssentials
import Testing

@testable import dattss

@Suite("Columns of text")
struct TextTableTests {
    private static let columns: [TextTable.Column] = [
        .init(), .init(heading: "name", isCut: true), .init(heading: "small", isText: false, leftOut: 1),
        .init(heading: "number", isText: false), .init(heading: "none", leftOut: 2),
    ]

    private static let names = [
        "short", "ec2." + String(repeating: "x", count: 240) + ".5f5533", "注文.完了", "größe", "e\u{301}te\u{301}", "🚀 launch",
        "👨‍👩‍👧 family",
        "한국어", String(repeating: "漢字", count: 60),
    ]

    private static let table = TextTable(
        columns, rows: names.enumerated().map { ["c", $1, "\($0)", String(repeating: "9", count: $0 + 1), ""] })

    @Test(
        "counts what a terminal shows, not letters",
        arguments: [
            ("abc", 3), ("", 0), ("größe", 5), ("e\u{301}", 1), ("注文", 4), ("한국어", 6), ("🚀", 2), ("👨‍👩‍👧", 2), ("❤️", 2), ("–…→", 3),
            ("ｗ", 2),
        ])
    func width(text: String, width: Int) {
        #expect(TextTable.width(text) == width)
    }

    /// Goal: no line is wider than the terminal, and the columns of all lines end at the same place, whatever the names are.
    @Test("fits into the terminal", arguments: [16, 20, 30, 40, 60, 80, 132, 250])
    func fits(columns: Int) {
        let lines = Self.table.lines(columns: columns)
        #expect(Set(lines.map(TextTable.width)).count == 1)
        #expect(lines.allSatisfy { TextTable.width($0) <= columns })
        #expect(lines.contains { $0.contains("…") } && lines.last?.hasSuffix("999999999") == true)
        #expect(lines[0].contains("small") == (columns > 40))
    }

    @Test("leaves out columns in which there is nothing, and cuts nothing in a pipe")
    func pipe() {
        let lines = Self.table.lines()
        #expect(!lines[0].contains("none"))
        for name in Self.names { #expect(lines.contains { $0.contains(name) }) }
        #expect(Set(lines.map(TextTable.width)).count == 1)
    }

    @Test("cuts wide characters in the middle, and none of them in two", arguments: 0...14)
    func cut(width: Int) {
        for text in ["abcdefghij", "漢字漢字漢字漢字", "a漢b字c漢d字", "👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧"] {
            let cut = TextTable.shortened(text, to: width)
            #expect(TextTable.width(cut) <= max(1, width))
            #expect(cut == text || cut.contains("…"))
        }
    }

    @Test("shows no control characters of others")
    func controls() {
        let lines = TextTable([.init(isCut: true)], rows: [["a\u{1B}[2Jb"], ["c\nd"], ["e\u{9B}1mf"]]).lines()
        #expect(lines == ["a\u{FFFD}[2Jb", "c\u{FFFD}d   ", "e\u{FFFD}1mf "])
    }

    @Test("of rules and what fires stand below each other, also with long and wide names")
    func rules() throws {
        let long = "c:" + String(repeating: "checkout.", count: 20) + "paid"
        let json = """
            {"rules":[{"id":"r","name":"注文が遅い","severity":"critical","state":"firing","counts":{"firing":2},"instances":[
            {"subject":"\(long)","state":"firing","since":1795329300,"value":912.5,"flapping":false},
            {"subject":"g:größe","state":"no-data","since":1795329300,"value":null,"flapping":false}]},
            {"id":"another-rule","name":"n","severity":"info","state":"ok","instances":[]}],
            "silences":[{"id":"s1","rule":"*","match":"checkout.**","from":1795329300,"until":1795329900,"reason":"休み"}],
            "quota":{"usualMax":5000,"usualOmitted":7,"messagesInHour":200,"messagesPerHourMax":200}}
            """
        let answer = try JSONDecoder().decode(AlertOverview.self, from: Data(json.utf8))
        for columns in [80, 100, 250] {
            let lines = AlertLists.rules(answer.rules).lines(columns: columns)
            #expect(
                lines.count == 4 && Set(lines.map(TextTable.width)).count == 1
                    && lines.allSatisfy { TextTable.width($0) <= columns })
        }
        let lines = AlertLists.rules(answer.rules).lines()
        #expect(lines[0].hasPrefix("firing     critical  r ") && lines[1].contains(long + "  912.5 "))
        let silence = AlertLists.silences(answer.silences).lines()
        #expect(silence == ["silence  s1  rules *  checkout.**  until 2026-11-22 06:45:00Z  休み"])
        #expect(answer.quota.notes.count == 2 && answer.quota.notes[0].contains("7 are not compared"))
    }

    @Test("of what a file of rules changes name each member")
    func difference() throws {
        let json = """
            {"added":["a"],"changed":[{"from":{"id":"r","above":800,"enabled":true,"channels":["x"]},
            "to":{"id":"r","above":912.5,"enabled":false,"channels":["x","y"],"text":"t"}}],"removed":["b"],"same":["c","d"]}
            """
        let difference = try JSONDecoder().decode(AlertDifference.self, from: Data(json.utf8))
        #expect(
            difference.lines == [
                "+ a", "~ r", "    above: 800 → 912.5", "    channels: [x] → [x, y]", "    enabled: true → false",
                "    text: (none) → t", "- b", "2 unchanged",
            ])
    }

    @Test("of what moved have from what to what, which way and since when, in the order that is asked for")
    func moved() throws {
        let json = """
            {"from":1795330000,"compared":9,"of":3,"moved":[
            {"typ":"g","pth":"free","figure":"average","change":"moved","score":9.96,"before":90,"after":10,"ratio":0.1111,"began":1795330060,"earlier":false},
            {"typ":"c","pth":"errors","figure":"per-minute","change":"appeared","score":7,"before":null,"after":5,"ratio":null,"began":1795329880,"earlier":false},
            {"typ":"ms","pth":"t","figure":"top","change":"moved","score":3.04,"before":10,"after":120,"ratio":12,"began":1795329000,"earlier":true}]}
            """
        let answer = try JSONDecoder().decode(MovedAnswer.self, from: Data(json.utf8))
        let lines = answer.table(isByTime: false).lines(columns: 100)
        #expect(lines[1].hasPrefix("g   free") && lines[1].contains("−89 %") && lines[1].contains("1 min after"))
        #expect(lines[2].contains("appeared  2 min before") && lines[3].contains("×12") && lines[3].contains("earlier"))
        #expect(answer.table(isByTime: true).lines(columns: 100).dropFirst().map { $0.prefix(2) } == ["ms", "c ", "g "])
    }

    @Test("of what is unusual have the score, and how far from usual it is")
    func unusual() throws {
        let json = """
            {"at":1795330000,"step":5,"known":3,"unknown":0,"unusual":[
            {"typ":"c","pth":"注文.完了","since":1795329300,"score":5.84,"points":[{"at":1,"value":120,"usual":50,"low":1,"high":2}]},
            {"typ":"g","pth":"load","since":1795000000,"score":-2.5,"points":[{"at":1,"value":2,"usual":null,"low":null,"high":null}]}]}
            """
        let answer = try JSONDecoder().decode(UnusualAnswer.self, from: Data(json.utf8))
        let lines = answer.table.lines(columns: 80)
        #expect(Set(lines.map(TextTable.width)).count == 1)
        #expect(lines[1].hasSuffix("  5.8  11 min        120     50      +140 %") && lines[2].hasSuffix("  –           –"))
        let row = StatusAnswer.Row(
            typ: "c", pth: "a", emp: false, seen: 1000, unusual: .init(score: 5.84, since: 1, difference: 1.4))
        let calm = StatusAnswer.Row(typ: "c", pth: "b", emp: false, seen: 1000)
        let status = StatusTable(StatusAnswer(at: 1000, c: [row, calm], g: [], ms: [])).lines()
        #expect(status[0].contains("unusual") && status[1].contains("5.8 (+140 %)"))
        #expect(!StatusTable(StatusAnswer(at: 1000, c: [calm], g: [], ms: [])).lines()[0].contains("unusual"))
    }
}
