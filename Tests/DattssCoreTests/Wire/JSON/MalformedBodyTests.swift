import DattssCore
import Testing

@Suite struct MalformedBodyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var body: String
        var reason: WireError.Reason
        /// What the message begins with: the place, and where it matters the problem.
        var message: String

        init(_ body: String, _ reason: WireError.Reason, _ message: String) {
            (self.body, self.reason, self.message) = (body, reason, message)
        }

        var testDescription: String { String(body.prefix(60)) }
    }

    @Test(
        "a broken frame says what is wrong and where",
        arguments: [
            Case("", .malformed, "the body is empty"),
            Case(" \n", .malformed, "expected an object at byte 2, the body ends"),
            Case("null", .malformed, "expected an object at byte 0, found 'null'"),
            Case("[]", .malformed, "expected an object at byte 0, found '[]'"),
            Case("\u{0}", .malformed, "expected an object at byte 0, found byte 0x0"),
            Case("{}", .missingField, "prt: is missing"),
            Case("{,}", .malformed, "expected a member's name in quotes at byte 1"),
            Case("{prt:1}", .malformed, "expected a member's name in quotes at byte 1, found 'prt:1}'"),
            Case(#"{"prt"}"#, .malformed, "expected ':' after a member's name at byte 6, found '}'"),
            Case(#"{"prt":null}"#, .malformed, "prt: expected an object at byte 7, found 'null}'"),
            Case(#"{"prt":[]}"#, .malformed, "prt: expected an object at byte 7"),
            Case(#"{"prt":{}}"#, .missingField, "prt.c: is missing"),
            Case(#"{"prt":{"c":[],"g":[]}}"#, .missingField, "prt.ms: is missing"),
            Case(#"{"prt":{"c":[],"ms":[]}}"#, .missingField, "prt.g: is missing"),
            Case(#"{"prt":{"c":{},"ms":[],"g":[]}}"#, .malformed, "prt.c: expected an array at byte 12"),
            Case(#"{"prt":{"c":[],"ms":null,"g":[]}}"#, .malformed, "prt.ms: expected an array at byte 20, found 'null"),
            Case(#"{"prt":{"x":[],"c":[],"ms":[],"g":[]}}"#, .badKind, "prt: 'x' is no kind, expected c, ms or g"),
            Case(#"{"prt":{"c":[],"c":[],"ms":[],"g":[]}}"#, .malformed, "prt: c is there twice"),
            Case(#"{"prt":{"c":[],"ms":[],"g":[]},"prt":{"c":[],"ms":[],"g":[]}}"#, .malformed, "prt: is there twice"),
            Case(#"{"prt":{"c":[,],"ms":[],"g":[]}}"#, .malformed, "prt.c[0]: expected an object at byte 13"),
            Case(#"{"prt":{"c":[1],"ms":[],"g":[]}}"#, .malformed, "prt.c[0]: expected an object at byte 13"),
            Case(Bodies.body() + "x", .malformed, "expected the end of the body at byte 31, found 'x'"),
            Case(Bodies.body() + Bodies.body(), .malformed, "expected the end of the body at byte 31"),
            Case(Bodies.body(rest: ","), .malformed, "expected a member's name in quotes at byte 31"),
            Case(Bodies.body(c: Bodies.counter + ","), .malformed, "prt.c[1]: expected an object"),
            Case(Bodies.body(c: Bodies.counter + Bodies.counter), .malformed, "prt.c: expected ',' or ']'"),
        ])
    func frames(broken: Case) { expect(broken) }

    @Test(
        "what stands beside prt is checked",
        arguments: [
            Case(Bodies.body(rest: #","nam":1"#), .malformed, "nam: expected a string at byte 37, found '1}'"),
            Case(Bodies.body(rest: #","nam":"""#), .badName, "nam: expected 1 to 64 of"),
            Case(Bodies.body(rest: #","nam":"a b""#), .badName, "nam: expected"),
            Case(Bodies.body(rest: #","nam":"\#(String(repeating: "a", count: 65))""#), .badName, "nam: expected"),
            Case(Bodies.body(rest: #","upt":"1""#), .malformed, "upt: expected a number at byte 37"),
            Case(Bodies.body(rest: #","upt":1e999"#), .malformed, "upt: '1e999}' at byte 37 is beyond the range of a double"),
            Case(Bodies.body(rest: #","cid":"x""#), .missingField, "seq: is missing, cid is there"),
            Case(Bodies.body(rest: #","seq":1"#), .missingField, "cid: is missing, seq is there"),
            Case(Bodies.body(rest: #","cid":null,"seq":1"#), .missingField, "cid: is missing"),
            Case(Bodies.body(rest: #","cid":"é","seq":1"#), .badName, "cid: expected 1 to 64 of"),
            Case(Bodies.body(rest: #","cid":"","seq":1"#), .badName, "cid: expected"),
            Case(Bodies.body(rest: #","cid":7,"seq":1"#), .malformed, "cid: expected a string"),
            Case(Bodies.body(rest: #","cid":"x","seq":-1"#), .badValue, "seq: is -1.0, expected an integer from 0 to 2^53"),
            Case(Bodies.body(rest: #","cid":"x","seq":1.5"#), .badValue, "seq: is 1.5"),
            Case(
                Bodies.body(rest: #","cid":"x","seq":9007199254740993"#), .badValue,
                "seq: is 9.007199254740994e+15, expected an integer from 0 to 2^53"),
            Case(Bodies.body(rest: #","cid":"x","seq":9.007199254740993e15"#), .badValue, "seq: is"),
            Case(Bodies.body(rest: #","cid":"x","seq":1e300"#), .badValue, "seq: is 1e+300"),
            Case(Bodies.body(rest: #","cid":"x","seq":"1""#), .malformed, "seq: expected a number"),
            Case(Bodies.body(rest: #","x":truth"#), .malformed, "expected true or false at byte 35, found 'truth}'"),
            Case(Bodies.body(rest: #","x":nul"#), .malformed, "expected null at byte 35"),
            Case(Bodies.body(rest: #","x":NaN"#), .malformed, "expected a number at byte 35, found 'NaN}'"),
            Case(Bodies.body(rest: #","x":Infinity"#), .malformed, "expected a number at byte 35"),
            Case(Bodies.body(rest: #","x":+1"#), .malformed, "expected a number at byte 35"),
            Case(Bodies.body(rest: #","x":01"#), .malformed, "expected a number at byte 35"),
            Case(Bodies.body(rest: #","x":'a'"#), .malformed, "expected a number at byte 35"),
            Case(Bodies.body(rest: #","x":"\x""#), .malformed, "the string at byte 35 is not valid UTF-8 or has a bad escape"),
            Case(Bodies.body(rest: #","x":"\u12g4""#), .malformed, "the string at byte 35"),
            Case(Bodies.body(rest: #","x":"\ud800""#), .malformed, "the string at byte 35"),
            Case(Bodies.body(rest: #","x":"\ud800\u0041""#), .malformed, "the string at byte 35"),
            Case(Bodies.body(rest: #","x":"\udc00""#), .malformed, "the string at byte 35"),
            Case(Bodies.body(rest: #","x\q":1"#), .malformed, "the string at byte 31 is not valid UTF-8 or has a bad escape"),
            Case(Bodies.body(rest: #","\ud800":1"#), .malformed, "the string at byte 31"),
            Case(Bodies.body(rest: ",\"x\":\"a\u{1}b\""), .malformed, "a control character in the string at byte 37"),
            Case(Bodies.body(rest: ",\"a\tb\":1"), .malformed, "a control character in the string at byte 33"),
            Case(Bodies.body(rest: #","x":"a"#), .malformed, "the string at byte 35 does not end"),
            Case(Bodies.body(rest: #","x":"a\"#), .malformed, "the string at byte 35 does not end"),
            Case(Bodies.body(rest: #","x":[1,]"#), .malformed, "expected a number at byte 38"),
            Case(Bodies.body(rest: #","x":{"a" 1}"#), .malformed, "expected ':' after a member's name at byte 40"),
        ])
    func frame(broken: Case) { expect(broken) }

    @Test(
        "a broken partial is named by its kind, index and field",
        arguments: [
            fourth(Bodies.timer("pth", nil), .missingField, ".pth: is missing"),
            fourth(Bodies.timer("pth", #""""#), .badPath, ".pth: '' is no path"),
            fourth(Bodies.timer("pth", #""a b""#), .badPath, ".pth: 'a b' is no path, expected 1 to 255 of"),
            fourth(Bodies.timer("pth", #""a/b""#), .badPath, ".pth: 'a/b'"),
            fourth(Bodies.timer("pth", #""\u00e9""#), .badPath, ".pth: 'é'"),
            fourth(Bodies.timer("pth", #""\#(String(repeating: "a", count: 256))""#), .badPath, ".pth: 'aaa"),
            fourth(Bodies.timer("typ", #""c""#), .badKind, ".typ: is 'c' in the array of ms"),
            fourth(Bodies.timer("typ", #""timer""#), .badKind, ".typ: is 'timer'"),
            fourth(
                Bodies.timer("sum", "1e999"), .malformed, ".sum: '1e999,\"cnt\":3,\"m' at byte 496 is beyond the range of a double"),
            fourth(Bodies.timer("sum", "-1e309"), .malformed, ".sum: '-1e309"),
            fourth(Bodies.timer("sum", "NaN"), .malformed, ".sum: expected a number at byte"),
            fourth(Bodies.timer("sum", "1,\"sum\":1"), .malformed, ".sum: is there twice"),
            fourth(Bodies.timer("cnt", "3,\"cnt\":3"), .malformed, ".cnt: is there twice"),
            fourth(Bodies.timer("cnt", "0"), .badValue, ".cnt: is 0, expected at least 1"),
            fourth(Bodies.timer("cnt", "-1"), .badValue, ".cnt: is -1"),
            fourth(Bodies.timer("cnt", "2.5"), .badValue, ".cnt: is 2.5, expected an integer"),
            fourth(Bodies.timer("cnt", "1e30"), .badValue, ".cnt: is 1e+30, expected an integer"),
            fourth(Bodies.timer("cnt", "9007199254740993"), .badValue, ".cnt: is 9007199254740994, expected at most 2^53"),
            fourth(Bodies.timer("cnt", "4"), .badValue, ".skt: counts 3 samples, but cnt is 4"),
            fourth(Bodies.timer("min", "3.5"), .badValue, ".min: is 3.5, which is more than max, 3.0"),
            fourth(Bodies.timer("pct", "0"), .badValue, ".pct: is 0.0"),
            fourth(Bodies.timer("pct", "0.51"), .badValue, ".pct: is 0.51"),
            fourth(Bodies.timer("skt", #"{"z":-1}"#), .badValue, ".skt.z: is -1.0, expected an integer from 0"),
            fourth(Bodies.timer("skt", #"{"z":9007199254740993}"#), .badValue, ".skt.z: is"),
            fourth(Bodies.timer("skt", #"{"p":[1]}"#), .badValue, ".skt.p: expected index, count pairs"),
            fourth(Bodies.timer("skt", #"{"n":[1,2,1,1]}"#), .badValue, ".skt.n: expected index, count pairs"),
            fourth(Bodies.timer("skt", #"{"p":[1,0]}"#), .badValue, ".skt.p[1]: is 0.0, expected an integer from 1"),
            fourth(
                Bodies.timer("skt", #"{"n":[32768,1]}"#), .badValue,
                ".skt.n[0]: is 32768.0, expected an integer from -34369 to 32767"),
            fourth(Bodies.timer("skt", #"{"p":[1,1,true,1]}"#), .malformed, ".skt.p[2]: expected a number"),
            fourth(Bodies.timer("skt", #"{"p":[1,3],"cp":1}"#), .badValue, ".skt.p: expected"),
            fourth(Bodies.timer("skt", #"{"p":[1,3],"cn":1}"#), .badValue, ".skt.n: expected"),
            fourth(Bodies.timer("skt", #"{"cp":1.5}"#), .badValue, ".skt.cp: is 1.5"),
            fourth(
                Bodies.timer("skt", #"{"p":[\#((0..<513).map { "\($0),1" }.joined(separator: ","))]}"#), .badValue,
                ".skt.p: has more than 512 buckets"),
            fourth(Bodies.timer("skt", #"{"p":[9007199254740993,1]}"#), .badValue, ".skt.p[0]: is"),
        ])
    func partials(broken: Case) { expect(broken) }

    @Test(
        "a number that is missing or null is named", arguments: ["sum", "cnt", "max", "min", "top", "bot", "fst", "lst"],
        [nil, "null"])
    func missingNumbers(field: String, value: String?) {
        // Goal: absence is an error of its own, and never 0.
        expect(Self.fourth(Bodies.timer(field, value), .missingField, ".\(field): is missing"))
    }

    @Test(
        "each field refuses the types that it does not have",
        arguments: [
            ("typ", "s"), ("pth", "s"), ("sum", "n"), ("cnt", "n"), ("max", "n"), ("min", "n"), ("top", "n"), ("bot", "n"),
            ("fst", "n"), ("lst", "n"), ("pct", "n"), ("emp", "b"), ("skt", "o"),
        ])
    func wrongTypes(field: String, type: String) {
        // Goal: every field, every type of JSON.
        for (other, value) in [("s", #""ms""#), ("n", "3"), ("b", "true"), ("o", #"{"z":3}"#), ("a", "[]")] where other != type {
            expect(Self.fourth(Bodies.timer(field, value), .malformed, ".\(field): expected "))
        }
    }

    @Test("nesting beyond the limit is refused before it can exhaust the stack", arguments: ["[", #"{"a":"#])
    func nesting(open: String) {
        // Goal: 10,000 levels cost an error, 30 pass.
        let deep = Bodies.body(rest: ",\"x\":" + String(repeating: open, count: 10_000))
        expect(Case(deep, .malformed, "nested deeper than 32 at byte"))
        let shallow = String(repeating: "[", count: 30) + String(repeating: "]", count: 30)
        #expect(throws: Never.self) { try BatchDecoder.decode(Bodies.body(rest: ",\"x\":\(shallow)")) }
    }

    @Test(
        "bytes that are not UTF-8 are refused wherever a string may stand",
        arguments: [
            [0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        // Goal: values and names, known and unknown; overlong forms and surrogates too.
        for place in ["x\":\"@\"", "nam\":\"@\"", "@\":1", "x\":{\"@\":1}"] {
            let body = Array(Bodies.body(rest: ",\"" + place).utf8)
            let position = body.firstIndex(of: UInt8(ascii: "@"))!
            let broken = Array(body[..<position]) + bytes + Array(body[(position + 1)...])
            let error = #expect(throws: WireError.self) { try BatchDecoder.decode(broken) }
            #expect(error?.reason == .malformed)
        }
    }

    @Test("every prefix of a valid body is an error")
    func prefixes() {
        // Goal: no body that was cut off counts, and none traps.
        let body = Array(Bodies.valid.utf8)
        #expect(throws: Never.self) { try BatchDecoder.decode(body) }
        for length in 0..<body.count {
            let error = #expect(throws: WireError.self) { try BatchDecoder.decode(Array(body.prefix(length))) }
            #expect(error?.reason == .malformed, "length \(length)")
        }
    }

    /// The partial at `prt.ms[3]`, behind three sound ones.
    static func fourth(_ partial: String, _ reason: WireError.Reason, _ message: String) -> Case {
        let sound = Array(repeating: Bodies.timer, count: 3)
        return Case(Bodies.body(ms: (sound + [partial]).joined(separator: ",")), reason, "prt.ms[3]" + message)
    }

    private func expect(_ broken: Case) {
        // Goal of each table: exact reason, and a message that begins with the place.
        let error = #expect(throws: WireError.self) { try BatchDecoder.decode(broken.body) }
        #expect(error?.reason == broken.reason)
        #expect(error?.message.hasPrefix(broken.message) ?? false, "\(error?.message ?? "")")
    }
}
