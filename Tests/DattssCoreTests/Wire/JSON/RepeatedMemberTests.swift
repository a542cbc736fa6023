import DattssTestSupport
import Testing

@testable import DattssCore

/// Goal: what says a thing twice is taken by nobody: which of the two was meant is known to its writer alone.
@Suite("A member that is there twice")
struct RepeatedMemberTests {
    private static let partialMembers: [(name: String, value: String)] = [
        ("typ", #""ms""#), ("pth", #""t""#), ("sum", "6"), ("cnt", "3"), ("max", "3"), ("min", "1"), ("top", "3"), ("bot", "1"),
        ("fst", "2"), ("lst", "3"), ("pct", "0.1"), ("emp", "true"), ("skt", #"{"z":0,"p":[-1,1,31,1,50,1]}"#),
    ]

    /// A body with one timer, and any members of it once more: in front, behind, or as null.
    private static func body(_ members: [(name: String, value: String)], space: String) -> String {
        Bodies.body(ms: "{" + members.map { "\"\($0.name)\":\(space)\($0.value)" }.joined(separator: ",\(space)") + "}")
    }

    @Test(
        "is refused by its name in a partial, whatever it is, wherever it stands and however it is written", arguments: ["", " "])
    func partials(space: String) throws {
        for (place, member) in Self.partialMembers.enumerated() {
            let isNullable = !["typ", "pth"].contains(member.name)
            for again in [member.value] + (isNullable ? ["null"] : []) {
                for position in 0...Self.partialMembers.count {
                    var members = Self.partialMembers
                    members.insert((member.name, again), at: position)
                    expect(Self.body(members, space: space), "prt.ms[0].\(member.name): is there twice")
                }
            }
            var escaped = Self.partialMembers
            let letter = String(member.name.utf8.first ?? 0, radix: 16)
            escaped.insert(("\\u00\(letter)" + member.name.dropFirst(), member.value), at: (place + 7) % escaped.count)
            expect(Self.body(escaped, space: space), "prt.ms[0].\(member.name): is there twice")
        }
        // Twice as null is twice, too.
        expect(
            Self.body([("pth", #""a""#), ("emp", "null"), ("emp", "null")], space: space), "prt.ms[0].emp: is there twice")
        expect(Self.body([("nam", #""a""#), ("nam", #""b""#)], space: space), "prt.ms[0].nam: is there twice")
    }

    @Test("is none of the next partial's, and none that nobody knows")
    func others() throws {
        let counter = #"{"pth":"a","sum":1,"cnt":1,"max":1,"min":1,"top":1,"bot":1,"fst":1,"lst":1,"x":1,"x":{"y":1,"y":2}}"#
        let body = Bodies.body(c: "\(counter),\(counter)", rest: #","auth":"k","auth":"l","later":[{"a":1,"a":1}]"#)
        #expect(try BatchDecoder.decode(body).partials.count == 2)
        // What version 2 sends beside its path.
        let both = counter.replacing(#"{"pth":"a""#, with: #"{"pth":"a","nam":"b""#)
        #expect(try BatchDecoder.decode(Bodies.body(c: both)).partials.map(\.key.path) == ["a"])
    }

    @Test(
        "is refused by its name beside the partials and in a sketch",
        arguments: [
            (Bodies.body(rest: #","nam":"a","nam":"a""#), "nam: is there twice"),
            (Bodies.body(rest: #","upt":1,"nam":"a","upt":null"#), "upt: is there twice"),
            (Bodies.body(rest: #","cid":"a","seq":1,"cid":"a""#), "cid: is there twice"),
            (Bodies.body(rest: #","cid":"a","seq":1,"seq":2"#), "seq: is there twice"),
            (Bodies.body(rest: #","nam":"a","n\u0061m":"b""#), "nam: is there twice"),
            (Bodies.body(rest: #","prt":{}"#), "prt: is there twice"),
            (Bodies.body(ms: Bodies.timer("skt", #"{"p":[-1,1],"p":[-1,1,31,1,50,1]}"#)), "prt.ms[0].skt.p: is there twice"),
            (Bodies.body(ms: Bodies.timer("skt", #"{"p":[-1,1,31,1,50,1],"n":[],"n":[]}"#)), "prt.ms[0].skt.n: is there twice"),
            (Bodies.body(ms: Bodies.timer("skt", #"{"z":1,"p":[31,1,50,1],"z":0}"#)), "prt.ms[0].skt.z: is there twice"),
            (Bodies.body(ms: Bodies.timer("skt", #"{"cp":0,"cp":0}"#)), "prt.ms[0].skt.cp: is there twice"),
            (Bodies.body(ms: Bodies.timer("skt", #"{"cn":0,"cn":0}"#)), "prt.ms[0].skt.cn: is there twice"),
        ])
    func batches(body: String, message: String) { expect(body, message) }

    @Test("is refused by its name in a rule and in a silence")
    func alerts() {
        let rule = #"{"match":"a","measure":"sum","above":1,"enabled":false,"above":2}"#
        #expect(throws: WireError(.malformed, "above: is there twice")) {
            try read(rule) { (cursor) throws(WireError) in _ = try AlertRule(&cursor, id: "x") }
        }
        #expect(throws: WireError(.malformed, "recover: is there twice")) {
            try read(#"{"match":"a","recover":null,"recover":1}"#) { (cursor) throws(WireError) in
                _ = try AlertRule(&cursor, id: "x")
            }
        }
        #expect(throws: WireError(.malformed, "for: is there twice")) {
            try read(#"{"for":60,"for":6000}"#) { (cursor) throws(WireError) in
                _ = try AlertSilence(&cursor, id: "x", now: Timestamp(seconds: 0))
            }
        }
    }

    @Test("is shown as far as it is short")
    func long() {
        let name = String(repeating: "é", count: 500)
        #expect(throws: WireError(.malformed, String(repeating: "é", count: 20) + ": is there twice")) {
            try read(#"{"\#(name)":1,"\#(name)":1}"#) { (cursor) throws(WireError) in
                try cursor.object { (_, cursor) throws(WireError) in try cursor.skipValue() }
            }
        }
    }

    private func read(_ json: String, _ body: (inout JSONCursor) throws(WireError) -> Void) throws {
        _ = try Array(json.utf8).withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                try body(&cursor)
                return true
            }
        }
    }

    private func expect(_ body: String, _ message: String) {
        for readsAhead in [true, false] {
            // What comes behind is read ahead, too.
            let bytes = Array((body.dropLast() + #","later":"\#(String(repeating: "x", count: 64))"}"#).utf8)
            let error = #expect(throws: WireError.self, "\(body)") {
                try bytes.withUnsafeBytes { bytes throws(WireError) in
                    var paths = NameCache.none
                    return try BatchDecoder.decode(bytes, limits: Limits(), paths: &paths, readsAhead: readsAhead)
                }
            }
            #expect(error == WireError(.malformed, message), "\(body)")
        }
    }
}
