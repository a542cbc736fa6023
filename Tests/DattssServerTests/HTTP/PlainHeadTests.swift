import DattssTestSupport
import Testing

@testable import DattssServer

@Suite("The head of a batch")
struct PlainHeadTests {
    static let usual = "PUT /agg?auth=local.0aF HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n"

    /// Goal: what senders write is read, whatever the case, order and space.
    @Test(
        "is read as senders write it",
        arguments: [
            (usual, "local.0aF", 12, false, false),
            ("POST /agg?auth=a.b HTTP/1.1\r\nHost: x\r\ncontent-length:0\r\n\r\n", "a.b", 0, false, false),
            ("PUT /agg HTTP/1.1\r\nHost: x\r\nCONTENT-LENGTH: \t7 \r\nAuthorization: bEaReR k.1\r\n\r\n", "k.1", 7, false, false),
            ("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer b\r\nContent-Length: 1\r\n\r\n", "b", 1, false, false),
            ("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\nAuthorization: Basic b\r\nContent-Length: 1\r\n\r\n", "a", 1, false, false),
            ("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\nConnection: Close\r\nContent-Length: 1\r\n\r\n", "a", 1, true, false),
            ("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n", "a", 1, false, false),
            ("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "a", 1, false, true),
        ] as [(String, String, Int, Bool, Bool)])
    func plain(text: String, key: String, length: Int, closes: Bool, expectsContinue: Bool) throws {
        guard case .head(let head) = parse(text + "{body}") else {
            Issue.record("\(parse(text))")
            return
        }
        #expect(head.key == key)
        #expect(head.contentLength == length)
        #expect(head.closes == closes)
        #expect(head.expectsContinue == expectsContinue)
        #expect(head.byteCount == text.utf8.count)
        #expect(head.contentEncoding == nil)
    }

    /// Goal: what another parser could read in another way is left to a complete one, from its first byte.
    @Test(
        "is left to the router when it is anything else",
        arguments: [
            "GET /agg HTTP/1.1\r\n", "PUT /agg HTTP/1.0\r\n", "PUT /agg\r\n", "put /agg HTTP/1.1\r\n", "PUT  /agg HTTP/1.1\r\n",
            "PUT /aggregate HTTP/1.1\r\n", "PUT /agg/ HTTP/1.1\r\n", "PUT /agg?x=1 HTTP/1.1\r\n",
            "PUT /agg?auth=a&b=c HTTP/1.1\r\n",
            "PUT /agg?auth=%61 HTTP/1.1\r\n", "PUT /agg?auth=a HTTP/1.1 \r\n", "PUT /agg HTTP/1.1\n",
            "\r\nPUT /agg HTTP/1.1\r\n", "PUT /process HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "PRI * HTTP/2.0\r\n",
        ])
    func foreignLine(line: String) {
        #expect(parse(line + "Host: x\r\nContent-Length: 1\r\n\r\nx") == .foreign)
    }

    @Test(
        "is left to the router when a field is anything else",
        arguments: [
            "", "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 1\r\n", "Content-Length: +1\r\n", "Content-Length: 1,1\r\n",
            "Content-Length: 0x1\r\n", "Content-Length: \r\n", "Content-Length: 9999999999999999\r\n", "Content-Length : 1\r\n",
            "Content-Length: 1\r\n X: folded\r\n", "Content-Length: 1\r\n: x\r\n", "Content-Length: 1\r\nX y: 1\r\n",
            "Content-Length: 1\r\nnothing\r\n", "Content-Length: 1\r\nX: a\u{0}b\r\n", "Content-Length: 1\r\nX: a\rb\r\n",
            "Content-Length: 1\r\nX: a\nb\r\n", "Content-Length: 1\r\nX: é\r\n", "Content-Length: 1\r\nUpgrade: websocket\r\n",
            "Content-Length: 1\r\nConnection: upgrade\r\n", "Content-Length: 1\r\nConnection: close, x\r\n",
            "Content-Length: 1\r\nExpect: tea\r\n", "Content-Length: 1\r\nTrailer: x\r\n",
            "Content-Length: 1\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n",
            "Content-Length: 1\r\nHost: x\r\n",
        ])
    func foreignFields(fields: String) {
        #expect(parse("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\nx") == .foreign)
        #expect(parse("PUT /agg?auth=a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx") == .foreign, "no Host")
    }

    /// Goal: exports are the fast path's when nothing about them is special, and told from batches.
    @Test(
        "is that of an export when it is short protobuf, and not compressed",
        arguments: [
            ("/v1/metrics", "Content-Type: application/x-protobuf\r\n", 12, true),
            ("/v1/metrics?auth=a", "content-type: APPLICATION/X-PROTOBUF\r\nConnection: close\r\n", 8191, true),
            ("/v1/metrics", "Content-Type: application/x-protobuf\r\n", 8192, false),
            ("/v1/metrics", "Content-Type: application/x-protobuf; v=1\r\n", 12, false),
            ("/v1/metrics", "Content-Type: application/json\r\n", 12, false), ("/v1/metrics", "", 12, false),
            ("/v1/metrics", "Content-Type: application/x-protobuf\r\nContent-Type: application/json\r\n", 12, false),
            ("/v1/metrics", "Content-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n", 12, false),
            ("/v1/metrics", "Content-Type: application/x-protobuf\r\nExpect: 100-continue\r\n", 12, false),
            ("/v1/metrics/", "Content-Type: application/x-protobuf\r\n", 12, false),
            ("/v1/traces", "Content-Type: application/x-protobuf\r\n", 12, false),
        ] as [(String, String, Int, Bool)])
    func export(path: String, fields: String, length: Int, isHead: Bool) {
        let text = "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n\(fields)Content-Length: \(length)\r\n\r\n"
        guard isHead, case .head(let head) = parse(text) else { return #expect(!isHead && parse(text) == .foreign) }
        #expect(head.route == .exports && head.contentLength == length)
        #expect(parse("PUT" + text.dropFirst(4)) == .foreign)
    }

    @Test("of a batch may name any type, even twice")
    func batchType() {
        // Goal: nobody asks for the type of a batch.
        let type = "Content-Type: text/plain\r\n"
        guard case .head(let head) = parse("PUT /agg?auth=a HTTP/1.1\r\nHost: x\r\n\(type)\(type)Content-Length: 1\r\n\r\n") else {
            Issue.record("it is left to the router")
            return
        }
        #expect(head.route == .batches)
    }

    /// Goal: bytes may come one at a time; what has begun like a batch is waited for, and not for ever.
    @Test("is waited for until it is whole")
    func dripFed() {
        let bytes = Array(Self.usual.utf8)
        for count in 0..<bytes.count { #expect(parse(Array(bytes[..<count])) == .incomplete, "\(count) bytes") }
        #expect(parse(bytes) != .incomplete)
        let endless = "PUT /agg?auth=a HTTP/1.1\r\nContent-Length: 1\r\nX: "
        #expect(parse(endless + String(repeating: "x", count: PlainHead.bytesMax - endless.utf8.count - 1)) == .incomplete)
        #expect(parse(endless + String(repeating: "x", count: PlainHead.bytesMax)) == .foreign)
    }

    /// Goal: no byte that is changed makes it trap, or read beyond what is there.
    @Test("survives every mutation", arguments: 1...4 as ClosedRange<UInt64>)
    func mutated(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = Array(Self.usual.utf8)
        for _ in 0..<20_000 {
            var mutated = Array(bytes[..<Int.random(in: 1...bytes.count, using: &generator)])
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                mutated[Int.random(in: 0..<mutated.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if case .head(let head) = parse(mutated) { #expect(head.byteCount <= mutated.count, "seed \(seed)") }
        }
    }

    private func parse(_ text: String) -> PlainHead.Outcome { parse(Array(text.utf8)) }

    private func parse(_ bytes: [UInt8]) -> PlainHead.Outcome { bytes.withUnsafeBytes(PlainHead.parse) }
}
