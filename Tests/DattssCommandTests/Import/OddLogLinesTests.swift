import DattssCore
import Testing

@testable import DattssImport
@testable import dattss

/// Goal: a request is in the count whatever stands in front of it, in it and behind it; what is no line of a log is told as such.
@Suite struct OddLogLinesTests {
    /// A line, and what it counts as: `status class, size, top of the path`.
    struct Line: Sendable, CustomTestStringConvertible {
        var text: String
        var counts: String?
        var problem: LineProblem?
        var testDescription: String { text }

        init(_ text: String, _ counts: String) { (self.text, self.counts) = (text, counts) }
        init(_ text: String, _ problem: LineProblem) { (self.text, self.problem) = (text, problem) }
    }

    private static let time = "[17/May/2015:10:05:03 +0000]"

    static let taken: [Line] = [
        // Apache, common and combined.
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" 200 5"#, "2xx 5 root"),
        Line(
            #"127.0.0.1 - frank \#(time) "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://x/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)""#,
            "2xx 2326 apache_pb_gif"),
        Line(#"127.0.0.1 - - \#(time) "GET /a HTTP/1.1" 304 -"#, "3xx 0 a"),
        Line(#"::1 - - \#(time) "OPTIONS * HTTP/1.0" 200 126 "-" "Apache/2.4 (internal dummy connection)""#, "2xx 126 none"),
        Line(#"2001:db8::1 - - \#(time) "GET /six HTTP/1.1" 200 1"#, "2xx 1 six"),
        // A connection that sent nothing, or nothing that is HTTP.
        Line(#"127.0.0.1 - - \#(time) "-" 408 - "-" "-""#, "4xx 0 none"),
        Line(#"127.0.0.1 - - \#(time) "" 400 0 "-" "-""#, "4xx 0 none"),
        Line(#"127.0.0.1 - - \#(time) "\x16\x03\x01\x02" 400 226 "-" "-""#, "4xx 226 none"),
        Line(#"127.0.0.1 - - \#(time) "\n" 400 226"#, "4xx 226 none"),
        // Users: with brackets, blanks, escaped quotes and backslashes; one who writes a time, and one who writes a request.
        Line(#"127.0.0.1 - a[b] \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - [admin] \#(time) "GET /u HTTP/1.1" 401 5"#, "4xx 5 u"),
        Line(#"127.0.0.1 - John Doe \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - DOMAIN\\user \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - a\"b \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - a"b \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - [01/Jan/1999:00:00:00 +0000] \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - [01/Jan/1999:00:00:00 +0000]\" \"GET /x\" 200 1 \#(time) "GET /u HTTP/1.1" 200 5"#, "2xx 5 u"),
        Line(#"127.0.0.1 - "" \#(time) "GET /u HTTP/1.1" 401 381"#, "4xx 381 u"),
        // Virtual hosts in front, and addresses in brackets.
        Line(#"example.com:80 127.0.0.1 - - \#(time) "GET /v HTTP/1.1" 200 5 "-" "curl""#, "2xx 5 v"),
        Line(#"[::1]:443 ::1 - - \#(time) "GET /v HTTP/1.1" 200 5 "-" "curl""#, "2xx 5 v"),
        Line(#"[2001:db8::1] - - \#(time) "GET /v HTTP/1.1" 200 5"#, "2xx 5 v"),
        Line(#""203.0.113.9, 10.0.0.1" - - \#(time) "GET /v HTTP/1.1" 200 5"#, "2xx 5 v"),
        Line(#""[01/Jan/1999:00:00:00 +0000]" - - \#(time) "GET /v HTTP/1.1" 200 5"#, "2xx 5 v"),
        Line(#"127.0.0.1 - - \#(time) "example.com" "GET /v HTTP/1.1" 200 5"#, "2xx 5 v"),
        // Requests: escaped and raw quotes, blanks, no protocol, a query.
        Line(#"127.0.0.1 - - \#(time) "GET /\"q\" HTTP/1.1" 404 5 "-" "-""#, "4xx 5 __q__"),
        Line(#"127.0.0.1 - - \#(time) "GET /\x22q\x22 HTTP/1.1" 404 5 "-" "-""#, "4xx 5 _x22q_x22"),
        Line(#"127.0.0.1 - - \#(time) "GET /a\\" 404 5"#, "4xx 5 a__"),
        Line(#"127.0.0.1 - - \#(time) "GET /"q" HTTP/1.1" 404 5 "-" "-""#, "4xx 5 none"),
        Line(#"127.0.0.1 - - \#(time) "GET /a b/c HTTP/1.1" 200 5"#, "2xx 5 a"),
        Line(#"127.0.0.1 - - \#(time) "GET /only" 200 5"#, "2xx 5 only"),
        Line(#"127.0.0.1 - - \#(time) "GET /s?q=[01/Jan/1999:00:00:00] HTTP/1.1" 200 5"#, "2xx 5 s"),
        Line(#"127.0.0.1 - - \#(time) "CONNECT example.com:443 HTTP/1.1" 405 5"#, "4xx 5 none"),
        // Referrers and agents with blanks, quotes and anything; fields behind them.
        Line(#"127.0.0.1 - - \#(time) "GET /r HTTP/1.1" 200 5 "http://x/a b c" "an \"agent\" [x]""#, "2xx 5 r"),
        Line(#"127.0.0.1 - - \#(time) "GET /r HTTP/1.1" 200 5 "-" "-" 0.003 "upstream" TLSv1.3"#, "2xx 5 r"),
        Line(#"127.0.0.1 - - \#(time) "GET /r HTTP/1.1" 200 5 "cut off in the mid"#, "2xx 5 r"),
        // Statuses: none, as nginx and others write it, and those that no standard has.
        Line(#"127.0.0.1 - - \#(time) "GET /s HTTP/1.1" 000 0 "-" "-""#, "0xx 0 s"),
        Line(#"127.0.0.1 - - \#(time) "GET /s HTTP/1.1" - -"#, "0xx 0 s"),
        Line(#"127.0.0.1 - - \#(time) "GET /s HTTP/1.1" 499 0 "-" "-""#, "4xx 0 s"),
        Line(#"127.0.0.1 - - \#(time) "GET /s HTTP/1.1" 999 5"#, "9xx 5 s"),
        Line(#"127.0.0.1 - - \#(time)   "GET /s HTTP/1.1"   200   5"#, "2xx 5 s"),
        Line(#"127.0.0.1 - - [17/May/2015:12:05:03 +02:00] "GET /s HTTP/1.1" 200 5"#, "2xx 5 s"),
        Line(#"127.0.0.1 - - [17/May/2015:10:05:03.000 +0000] "GET /s HTTP/1.1" 200 5"#, "2xx 5 s"),
    ]

    static let refused: [Line] = [
        // Without a time nobody knows when it was.
        Line(#"127.0.0.1 - - "GET / HTTP/1.1" 200 5"#, .notCombined),
        Line(#"127.0.0.1 - - [-] "GET / HTTP/1.1" 200 5"#, .badTime),
        Line(#"127.0.0.1 - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#, .badTime),
        Line(#"127.0.0.1 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#, .badTime),
        // Without a zone it could be any of a day.
        Line(#"127.0.0.1 - - [17/May/2015:10:05:03] "GET / HTTP/1.1" 200 5"#, .badTime),
        Line(#"127.0.0.1 - - [2015-05-17T10:05:03+00:00] "GET / HTTP/1.1" 200 5"#, .badTime),
        // Cut off, or of another format: error logs, JSON, W3C.
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" 200"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) "GET / HT"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) GET / 200 5"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" OK 5"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" 2000 5"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" 200 -5"#, .notCombined),
        Line(#"127.0.0.1 - - \#(time) "GET / HTTP/1.1" 200 1234567890123456789"#, .notCombined),
        Line("2015/05/17 10:05:03 [error] 7#7: *1 open() failed, request: \"GET / HTTP/1.1\"", .badTime),
        Line(#"{"time":"17/May/2015:10:05:03 +0000","status":200}"#, .notCombined),
        Line("#Fields: date time c-ip cs-method", .notCombined),
    ]

    private func read(_ line: String) throws(LineProblem) -> [ImportSample] {
        var samples: [ImportSample] = []
        let bytes = Array(line.utf8)
        try bytes.withUnsafeBufferPointer { line throws(LineProblem) in try CombinedLog().read(line, number: 1, into: &samples) }
        return samples
    }

    @Test("is taken", arguments: taken)
    func takes(line: Line) throws {
        let samples = try read(line.text)
        #expect(samples.allSatisfy { $0.at.seconds == 1_431_857_103 && $0.key.kind == .counter })
        let (status, top) = (samples[1].key.path.split(separator: ".").last, samples[3].key.path.split(separator: ".").last)
        #expect("\(status ?? "") \(Int(samples[2].value)) \(top ?? "")" == line.counts)
        #expect(samples.map(\.value)[0] == 1 && samples.count == 4)
    }

    @Test("is refused by name", arguments: refused)
    func refuses(line: Line) throws {
        let problem = try #require(line.problem)
        #expect(throws: problem) { try read(line.text) }
    }

    @Test(
        "a long line of quotes and brackets takes no longer than another",
        arguments: ["\"", "[", "\" ", "\\\"", "[17/May/2015:"])
    func longLines(unit: String) throws {
        // Goal: nobody who can send a request can make an import take hours: it would be 10^9 steps, if each quote were followed to the end.
        let line = "h - - \(Self.time) " + String(repeating: unit, count: LineFile.lineBytesMax / 16 / unit.utf8.count)
        let time = ContinuousClock().measure { #expect(throws: LineProblem.notCombined) { try read(line) } }
        #expect(time < .seconds(20))
    }
}
