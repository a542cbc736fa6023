import DattssCore
import Testing

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
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) {
        #expect(TimeText.read(text.utf8) == Timestamp(milliseconds: milliseconds))
    }

    @Test(
        "what is no time is not guessed at",
        arguments: [
            "", "x", "12x", "2015-02-29 00:00:00", "2015-13-01 00:00:00", "2015-05-17", "2015-05-17 24:00:00", "2015-05-17T10:05",
            "2015-05-17T10:05:03+2", "2015-05-17T10:05:03Zx", "17/Mai/2015:10:05:03 +0000", "17/May/2015:10:05:03", "1e300",
            "2015-05-17T10:05:03.", "2015-00-17 00:00:00",
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
            1431857103,c,my hits,1
            1431857104,2
            """
        let (samples, report) = read(text, by: csv)
        #expect(samples.map(\.value) == [1, 2])
        #expect(report.badLines == [.badTime: 1, .badValue: 3, .badColumns: 1, .badKind: 1, .badPath: 1])
        #expect(report.examples.map(\.line) == [2, 3, 4, 5, 6])
        #expect(report.complaints(about: "f.csv").contains("f.csv:2: not a time"))
    }

    @Test("only the first line may be a header")
    func header() {
        #expect(read("1431857103,1\ntimestamp,value", by: csv).1.badLines == [.badTime: 1])
        #expect(read("!!,1", by: csv).1.badLines == [.badTime: 1])
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
            (#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 999 1"#, .notCombined),
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
