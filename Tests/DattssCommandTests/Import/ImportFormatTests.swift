import DattssCore
import DattssLog
import Foundation
import Testing

@testable import DattssImport
@testable import dattss

@Suite struct ImportFormatTests {
    /// What a format reads out of a text, line by line.
    private func read(_ text: String, by format: some LineFormat) -> ([ImportSample], LineReport<LineProblem>) {
        var format = format
        var report = LineReport<LineProblem>()
        var samples: [ImportSample] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            Array(line.utf8).withUnsafeBufferPointer { report.read($0, by: &format, into: &samples) }
        }
        return (samples, report)
    }

    private let csv = SeparatedValues(key: StatisticKey(.gauge, "cpu"))

    @Test(
        "times are read in all their forms",
        arguments: [
            ("1431857103", 1_431_857_103_000), ("1431857103.25", 1_431_857_103_250), ("1431857103250", 1_431_857_103_250),
            ("2015-05-17T10:05:03Z", 1_431_857_103_000), ("2015-05-17 10:05:03", 1_431_857_103_000),
            ("2015-05-17t12:05:03.25+02:00", 1_431_857_103_250), ("2015-05-17T00:05:03.2509-1000", 1_431_857_103_250),
            ("17/May/2015:10:05:03 +0000", 1_431_857_103_000), ("17/May/2015:12:05:03 +0200", 1_431_857_103_000),
            ("2014-07-01 00:00:00", 1_404_172_800_000), ("1969-12-31T23:59:59.5Z", -500),
            ("2016-02-29 00:00:00", 1_456_704_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
            // Zones as databases, shells and languages print them.
            ("2015-05-17 10:05:03+00", 1_431_857_103_000), ("2015-05-17 12:05:03+02", 1_431_857_103_000),
            ("2015-05-17 10:05:03 UTC", 1_431_857_103_000), ("2015-05-17 10:05:03.25 GMT", 1_431_857_103_250),
            ("2015-05-17T10:05:03UTC", 1_431_857_103_000), ("2015-05-17 06:05:03 -0400", 1_431_857_103_000),
            ("2015-05-17 15:50:03 +05:45", 1_431_857_103_000), ("2015-05-17 10:05:03 Z", 1_431_857_103_000),
            ("2015-05-17 10:05:03,25", 1_431_857_103_250), ("17/May/2015:10:05:03.25 +0000", 1_431_857_103_250),
            ("17/May/2015:12:05:03 +02", 1_431_857_103_000),
            // The units that numbers count, at their edges.
            ("99999999999", 99_999_999_999_000), ("100000000000", 100_000_000_000), ("99999999999999", 99_999_999_999_999),
            ("100000000000000", 100_000_000_000), ("99999999999999999", 99_999_999_999_999),
            ("100000000000000000", 100_000_000_000), ("1431857103250999", 1_431_857_103_250),
            ("1431857103250000000", 1_431_857_103_250), ("1431857103249999999", 1_431_857_103_249),
            ("1431857100000000000", 1_431_857_100_000), ("-1431857103250000001", -1_431_857_103_251),
            ("1.431857103e18", 1_431_857_103_000), ("01431857103", 1_431_857_103_000), ("+1431857103.", 1_431_857_103_000),
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) {
        #expect(TimeText.read(text.utf8) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "what is no time is not guessed at",
        arguments: [
            "", "x", "12x", "2015-02-29 00:00:00", "2015-13-01 00:00:00", "2015-05-17", "2015-05-17 24:00:00", "2015-05-17T10:05",
            "2015-05-17T10:05:03+2", "2015-05-17T10:05:03Zx", "17/Mai/2015:10:05:03 +0000", "17/May/2015:10:05:03", "1e300",
            "2015-05-17T10:05:03.", "2015-00-17 00:00:00", "2015-05-17 10:05:03 CET", "2015-05-17 10:05:03  UTC",
            "2015-05-17 10:05:03 +24", "2015-05-17 10:05:03 ", "1e21", "0x55", "inf", "--1",
        ])
    func noTimes(text: String) {
        #expect(TimeText.read(text.utf8) == nil)
    }

    @Test("two columns are samples of one statistic, with a header or without")
    func twoColumns() {
        let (samples, report) = read("timestamp,value\n2014-07-01 00:00:00,10844\n\n\"2014-07-01 00:30:00\", \"-8.5e1\" ", by: csv)
        #expect(samples.map(\.value) == [10_844, -85])
        #expect(samples.map(\.at.seconds) == [1_404_172_800, 1_404_174_600])
        #expect(samples.allSatisfy { $0.key == StatisticKey(.gauge, "cpu") })
        #expect(report.badLines.isEmpty)
        #expect(read("1431857103,1", by: csv).0.count == 1)
    }

    @Test("four columns say their own kind and path")
    func fourColumns() {
        let (samples, report) = read("time,kind,path,value\n1431857103,c,hits,2\n1431857103,ms,query.time,12.5", by: csv)
        #expect(samples.map(\.key) == [StatisticKey(.counter, "hits"), StatisticKey(.timer, "query.time")])
        #expect(samples.map(\.value) == [2, 12.5])
        #expect(report.badLines.isEmpty)
    }

    @Test("quotes protect commas, and doubled quotes are one")
    func quotes() {
        let fields = SeparatedValues.fields(Array(#""a,b","say ""hi""", c d ,"""#.utf8))
        #expect(fields.map { String(decoding: $0, as: UTF8.self) } == ["a,b", #"say "hi""#, "c d", ""])
    }

    @Test("a bad line is counted by reason, shown with its number, and the rest goes on")
    func badLines() {
        let text = """
            1431857103,1
            yesterday,1
            1431857103,
            1431857103,nan
            1431857103,1e999
            1431857103,1,2
            1431857103,x,hits,1
            1431857103,c,éé,1
            1431857103;c;hits;1
            1431857104,2
            """
        let (samples, report) = read(text, by: csv)
        #expect(samples.map(\.value) == [1, 2])
        #expect(report.badLines == [.badTime: 1, .badValue: 3, .badColumns: 2, .badKind: 1, .badPath: 1])
        #expect(report.examples.map(\.line) == [2, 3, 4, 5, 6])
        #expect(report.complaints(about: "f.csv").contains("f.csv:2: not a time"))
    }

    @Test("only the first line may be a header")
    func header() {
        #expect(read("1431857103,1\ntimestamp,value", by: csv).1.badLines == [.badTime: 1])
        #expect(read("!!,1", by: csv).1.badLines == [.badTime: 1])
    }

    @Test(
        "fields are separated by what the first lines show",
        arguments: [
            ("timestamp;value\n1431857103;1\n1431857104;2", [1, 2]), ("timestamp\tvalue\n1431857103\t1\n1431857104\t2", [1, 2]),
            ("1431857103;1\n1431857104;2", [1, 2]), ("2015-05-17 10:05:03\t1\n2015-05-17 10:05:04\t2", [1, 2]),
            ("time;kind;path;value\n1431857103;c;hits;1", [1]), ("1431857103\tc\thits\t1", [1]),
            ("\"time\";\"value\"\n\"1431857103\";\"1\"", [1]), ("sep=;\ntime;value\n1431857103;1", [1]),
            ("sep=;\n1431857103;1", [1]),
            ("2015-05-17 10:05:03,250;1", [1]), ("time (s, since 1970);value\n1431857103;1", [1]),
            // A line that cannot be read decides nothing.
            ("x;y,z\n1431857103;\n1431857103,1", [1]),
            // And what was decided stays.
            ("1431857103,1\n1431857103;2\n1431857104,3", [1, 3]),
        ] as [(String, [Double])])
    func separators(text: String, values: [Double]) {
        #expect(read(text, by: csv).0.map(\.value) == values)
    }

    @Test("a comma in a number is told as a bad value, not as a bad time")
    func decimalComma() {
        #expect(read("time;value\n1431857103;1,5", by: csv).1.badLines == [.badValue: 1])
        #expect(read("1431857103;1,5", by: csv).1.badLines == [.badValue: 1])
    }

    @Test(
        "values are numbers as programs write them",
        arguments: [
            ("007", 7), (".5", 0.5), ("+5", 5), ("5.", 5), ("-.5e1", -5), (" 1 ", 1), ("1e3", 1000), ("", nil), (".", nil),
            ("0x10", nil),
            ("inf", nil), ("NaN", nil), ("1 2", nil), ("1_000", nil), ("12%", nil), ("1e999", nil),
        ] as [(String, Double?)])
    func values(text: String, value: Double?) {
        let (samples, report) = read("1431857103,\(text)", by: csv)
        #expect(samples.map(\.value) == [value].compactMap(\.self))
        #expect(report.badLines == (value == nil ? [.badValue: 1] : [:]))
    }

    @Test("names that are no paths become some, as statsd does it, and are counted")
    func rewriting() {
        var format = csv
        var samples: [ImportSample] = []
        var report = LineReport<LineProblem>()
        for name in ["my hits", "GET /a", "my hits", "x\u{1B}[2Jy", "ok", "a b", "c d", "e f", "\u{E9}"] {
            Array("1431857103,c,\(name),1".utf8).withUnsafeBufferPointer { report.read($0, by: &format, into: &samples) }
        }
        #expect(samples.map(\.key.path) == ["my_hits", "GET_-a", "my_hits", "x2Jy", "ok", "a_b", "c_d", "e_f"])
        #expect(report.badLines == [.badPath: 1])
        #expect(
            format.rewritten.notes(about: "f.csv") == [
                "f.csv: 7 names rewritten, as statsd does:", "f.csv:   'my hits' is my_hits", "f.csv:   'GET /a' is GET_-a",
                "f.csv:   'x?[2Jy' is x2Jy", "f.csv:   'a b' is a_b", "f.csv:   'c d' is c_d",
            ])
    }

    @Test("a file with a byte order mark and no header loses no row")
    func markWithoutHeader() throws {
        // Goal: the first row was taken for a header, without a word.
        let path = FileManager.default.temporaryDirectory.path + "/dattss-mark-\(UUID().uuidString).csv"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0xEF, 0xBB, 0xBF] + Array("1431857103;1\r1431857103;2\r\nyesterday;3\n1431857103;4".utf8)).write(
            to: URL(filePath: path))
        var importer = Importer(now: Timestamp(seconds: 1_431_857_163))
        let summary = try importer.read(LineFile(path), by: csv) { _ in }
        #expect(importer.builder.kept == 3)
        #expect(summary.report.lines == 4)
        #expect(summary.report.complaints(about: "f") == ["f: 1 bad lines: not a time", "f:3: not a time"])
    }

    @Test("a line of an access log counts the request, its status, its bytes and the top of its path")
    func combined() {
        let line =
            #"83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /blog/a.png?x=1 HTTP/1.1" 200 203023 "http://a/" "Mozilla \"5\"""#
        let (samples, report) = read(line, by: CombinedLog())
        #expect(report.badLines.isEmpty)
        #expect(samples.allSatisfy { $0.at.seconds == 1_431_857_103 && $0.key.kind == .counter })
        #expect(samples.map(\.key.path) == ["requests.total", "requests.status.2xx", "bytes.sent", "requests.path.blog"])
        #expect(samples.map(\.value) == [1, 1, 203_023, 1])
    }

    @Test(
        "the first component of a path is made a component of a statistic's",
        arguments: [
            ("GET / HTTP/1.1", "root"), ("GET /?page=2 HTTP/1.1", "root"), ("GET /favicon.ico HTTP/1.1", "favicon_ico"),
            ("GET /a%20b/c HTTP/1.0", "a_20b"), ("GET //twice HTTP/1.1", "twice"), ("GET /x#y HTTP/1.1", "x"), ("-", "none"),
            ("OPTIONS * HTTP/1.0", "none"), ("GET /\\\"quoted HTTP/1.1", "__quoted"), ("GET /only", "only"),
        ])
    func topLevel(request: String, expected: String) {
        #expect(CombinedLog.topLevel(ofRequest: Array(request.utf8)) == expected)
    }

    @Test("a long path is cut to what a statistic's may have")
    func longPath() {
        let component = CombinedLog.topLevel(ofRequest: Array("GET /\(String(repeating: "x", count: 5000)) HTTP/1.1".utf8))
        #expect("requests.path.\(component)".utf8.count == Name.pathBytesMax)
    }

    @Test(
        "other shapes of a log's lines",
        arguments: [
            (#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304 -"#, nil),
            (#"h - - [17/May/2015:10:05:03 +0000] "GET /\"x\" HTTP/1.1" 404 12"#, nil),
            (#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304"#, .notCombined),
            (#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1 304 1"#, .notCombined),
            (#"h - - [yesterday] "GET / HTTP/1.1" 304 1"#, .badTime),
            ("", nil), ("nothing", .notCombined),
        ] as [(String, LineProblem?)])
    func shapes(line: String, problem: LineProblem?) {
        #expect(read(line, by: CombinedLog()).1.badLines == (problem.map { [$0: 1] } ?? [:]))
    }

    @Test(
        "the default path is the file's name",
        arguments: [
            ("a/b/cpu.csv", "cpu"), ("cpu load.csv.gz", "cpu_load"), ("x", "x"), ("ec2.cpu.csv", "ec2.cpu"), ("-", "-"),
        ])
    func defaultPath(file: String, expected: String) {
        #expect(ImportOptions.path(ofFile: file) == expected)
    }
}
