import DattssCore
import Testing

@Suite("An alert's rule")
struct AlertRuleTests {
    static func rule(_ json: String) throws -> AlertRule {
        try Array(json.utf8).withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertRule(&cursor, id: "drawn") }
        }
    }

    @Test("is written as it is read")
    func written() throws {
        let rules = [
            #"{"id":"slow","name":"Slow","match":"checkout.*","kind":"ms","measure":"p95","above":800.5,"recover":700,"for":60,"every":"5s","severity":"critical","text":"Look","runbook":"https://example.org/slow","channels":["ops","me"],"remind":3600,"enabled":false}"#,
            #"{"id":"q","name":"usual of **","match":"**","measure":"usual","outside":4,"for":0,"every":"60s","severity":"warning","channels":[],"enabled":true}"#,
            #"{"id":"s","name":"silence of a","match":"a","measure":"silence","for":300,"every":"60s","severity":"info","channels":[],"process":"shop-*","enabled":true}"#,
        ]
        for text in rules {
            var json = JSONWriter()
            try Self.rule(text).write(&json)
            #expect(String(decoding: json.bytes, as: UTF8.self) == text)
        }
        let short = try Self.rule(#"{"match":"a","measure":"rate","below":1}"#)
        #expect(short.id == "drawn" && short.name == "rate of a" && short.cadence == .slot && short.isEnabled)
    }

    @Test(
        "that is wrong is refused with the name of the member",
        arguments: [
            (#"{"measure":"sum","above":1}"#, "match: is missing"),
            (#"{"match":"a b","measure":"sum","above":1}"#, "match: expected"),
            (#"{"match":"","measure":"sum","above":1}"#, "match: expected"),
            (#"{"match":"a.***","measure":"sum","above":1}"#, "match: expected"),
            (#"{"match":"*a*a*a*a*a*a*a*a*a","measure":"sum","above":1}"#, "match: expected"),
            (#"{"match":"a"}"#, "measure: is missing"),
            (#"{"match":"a","measure":"p42","above":1}"#, "measure: is 'p42', expected one of value, rate"),
            (#"{"match":"a","measure":"sum"}"#, "above: expected exactly one of above, below or equal"),
            (#"{"match":"a","measure":"sum","above":1,"below":2}"#, "above: expected exactly one"),
            (#"{"match":"a","measure":"sum","above":"1"}"#, "above: "),
            (#"{"match":"a","measure":"sum","above":1e999}"#, "above: "),
            (#"{"match":"a","measure":"sum","above":NaN}"#, "above: "),
            (#"{"match":"a","measure":"sum","outside":3}"#, "outside: only the measure usual"),
            (#"{"match":"a","measure":"usual","outside":0}"#, "outside: expected a score of more than 0"),
            (#"{"match":"a","measure":"usual","equal":1}"#, "equal: a score"),
            (#"{"match":"a","measure":"usual","outside":3,"every":"5s"}"#, "every: usual is known once a minute"),
            (#"{"match":"a","measure":"silence","above":1}"#, "above: silence has no threshold"),
            (#"{"match":"a","measure":"sum","above":1,"recover":2}"#, "recover: is 2.0, expected at most 1.0"),
            (#"{"match":"a","measure":"sum","below":1,"recover":0}"#, "recover: is 0.0, expected at least 1.0"),
            (#"{"match":"a","measure":"sum","equal":1,"recover":1}"#, "recover: is 1.0, expected none"),
            (#"{"match":"a","measure":"sum","above":1,"for":-1}"#, "for: expected whole seconds"),
            (#"{"match":"a","measure":"sum","above":1,"for":1.5}"#, "for: expected whole seconds"),
            (#"{"match":"a","measure":"sum","above":1,"for":1e18}"#, "for: expected whole seconds"),
            (#"{"match":"a","measure":"sum","above":1,"remind":5}"#, "remind: expected whole seconds from 60"),
            (#"{"match":"a","measure":"value","kind":"c","above":1}"#, "kind: is c, but value is there of g"),
            (#"{"match":"a","measure":"process","kind":"c"}"#, "kind: is c, but a program has no kind"),
            (#"{"match":"a","measure":"sum","kind":"x","above":1}"#, "kind: is 'x', expected c, ms or g"),
            (#"{"match":"a","measure":"sum","above":1,"severity":"bad"}"#, "severity: is 'bad', expected one of info"),
            (#"{"match":"a","measure":"sum","above":1,"runbook":"javascript:alert(1)"}"#, "runbook: expected a link"),
            (#"{"match":"a","measure":"sum","above":1,"channels":["a","a"]}"#, "channels: has one twice"),
            (#"{"match":"a","measure":"sum","above":1,"channels":["a b"]}"#, "channels[0]: expected"),
            (#"{"match":"a","measure":"sum","above":1,"id":"a/b"}"#, "id: expected"),
            (#"{"match":"a","measure":"sum","above":1,"name":"a\nb"}"#, "name: expected"),
            (#"{"match":"a","measure":"sum","above":1,"process":"x"}"#, "process: only the measure silence"),
            (#"{"match":"a","measure":"sum","above":1,"treshold":1}"#, "treshold: there is no such member"),
        ])
    func wrong(_ json: String, _ message: String) {
        let error = #expect(throws: WireError.self) { try Self.rule(json) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "is about the names that its pattern has",
        arguments: [
            ("a.b", "a.b", true), ("a.b", "a.bc", false), ("a.*", "a.b", true), ("a.*", "a.b.c", false), ("a.**", "a.b.c", true),
            ("a.*", "a.", true), ("*", "a", true), ("*", "a.b", false), ("**", "a.b", true), ("*.time", "a.time", true),
            ("*.time", "a.b.time", false), ("**.time", "a.b.time", true), ("a*c", "abc", true), ("a*c", "ac", true),
            ("a*c", "abcd", false), ("a*b*c", "aXbXc", true), ("a*b*c", "abbbcc", true), ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.b.b.c", false), ("a.**.c", "a.b.b.c", true),
        ])
    func patterns(_ pattern: String, _ name: String, _ isMatched: Bool) throws {
        #expect(try #require(AlertPattern(pattern)).matches(name) == isMatched)
    }

    @Test("is found by the name of a statistic as if each were asked")
    func index() throws {
        let patterns = ["a.b", "a.*", "**", "*.b", "b", "a.c*", "**.b", "a.b"]
        let kinds = ["c", "ms", ""]
        var rules: [AlertRule] = []
        for (number, pattern) in patterns.enumerated() {
            for kind in kinds {
                let kind = kind.isEmpty ? "" : #""kind":"\#(kind)","#
                rules.append(try Self.rule(#"{"id":"r\#(number)",\#(kind)"match":"\#(pattern)","measure":"rate","above":1}"#))
            }
        }
        let index = AlertRuleIndex(rules)
        for path in ["a.b", "a", "b", "a.c", "a.cd", "c.b", "x.y.b"] {
            for kind in Kind.allCases {
                let key = StatisticKey(kind, path)
                #expect(index.rules(of: key) == rules.indices.filter { rules[$0].matches(key) })
            }
        }
    }
}
