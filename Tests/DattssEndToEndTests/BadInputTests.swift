import CZlib
import CZstd
import DattssCore
import DattssTestSupport
import Foundation
import NIOHTTP1
import Testing

@Suite("Bad input over real sockets")
struct BadInputTests {
    static let partial = """
        {"typ":"c","pth":"a.b","sum":3,"cnt":2,"max":2,"min":1,"top":2,"bot":1,"fst":1,"lst":2,"pct":0.1,"emp":false}
        """

    static func body(c: String = partial, ms: String = "", g: String = "", more: String = "") -> String {
        "{\"prt\":{\"c\":[\(c)],\"ms\":[\(ms)],\"g\":[\(g)]}\(more)}"
    }

    static func partial(_ field: String, _ value: String) -> String {
        partial.replacingOccurrences(of: "\"\(field)\":[^,}]*", with: "\"\(field)\":\(value)", options: .regularExpression)
    }

    /// Body, status, the error's name, and what its message names.
    static let cases: [(body: String, status: Int, name: String, place: String)] = [
        ("", 400, "malformed", "empty"),
        ("nonsense", 400, "malformed", "byte 0"),
        ("[]", 400, "malformed", "an object"),
        ("{", 400, "malformed", "member"),
        ("{\"prt\":", 400, "malformed", "prt"),
        ("{\"prt\":[]}", 400, "malformed", "prt"),
        ("{\"prt\":{\"c\":{}}}", 400, "malformed", "prt.c"),
        ("{\"prt\":{\"c\":[1],\"ms\":[],\"g\":[]}}", 400, "malformed", "prt.c[0]"),
        ("{}", 400, "missing_field", "prt"),
        ("{\"prt\":{\"c\":[],\"ms\":[]}}", 400, "missing_field", "prt.g"),
        ("{\"prt\":{\"c\":[],\"ms\":[],\"g\":[],\"x\":[]}}", 400, "bad_kind", "x"),
        (body() + "x", 400, "malformed", "end of the body"),
        (body(c: "\(partial),\(partial("sum", "\"3\""))"), 400, "malformed", "prt.c[1].sum"),
        (body(c: partial("sum", "NaN")), 400, "malformed", "prt.c[0].sum"),
        (body(c: partial("sum", "Infinity")), 400, "malformed", "prt.c[0].sum"),
        (body(c: partial("sum", "1e999")), 400, "malformed", "prt.c[0].sum"),
        (body(c: partial("cnt", "-1")), 400, "bad_value", "prt.c[0].cnt"),
        (body(c: partial("cnt", "0")), 400, "bad_value", "prt.c[0].cnt"),
        (body(c: partial("cnt", "1.5")), 400, "bad_value", "prt.c[0].cnt"),
        (body(c: partial("cnt", "9007199254740993")), 400, "bad_value", "prt.c[0].cnt"),
        (body(c: partial("min", "7")), 400, "bad_value", "prt.c[0].min"),
        (body(c: partial("pct", "0.6")), 400, "bad_value", "prt.c[0].pct"),
        (body(c: partial("typ", "\"ms\"")), 400, "bad_kind", "prt.c[0].typ"),
        (body(c: partial("typ", "\"x\"")), 400, "bad_kind", "prt.c[0].typ"),
        (body(c: partial("pth", "\"a b\"")), 400, "bad_path", "prt.c[0].pth"),
        (body(c: partial("pth", "\"\"")), 400, "bad_path", "prt.c[0].pth"),
        (body(c: partial("pth", "\"" + String(repeating: "x", count: 256) + "\"")), 400, "bad_path", "prt.c[0].pth"),
        (body(c: partial("emp", "1")), 400, "malformed", "prt.c[0].emp"),
        (body(c: "", ms: partial("typ", "\"ms\"").dropLast() + ",\"skt\":{\"p\":[1]}}"), 400, "bad_value", "prt.ms[0].skt.p"),
        (body(c: "", ms: partial("typ", "\"ms\"").dropLast() + ",\"skt\":{\"p\":[1,5]}}"), 400, "bad_value", "prt.ms[0].skt"),
        (body(more: ",\"nam\":\"a/b\""), 400, "bad_name", "nam"),
        (body(more: ",\"cid\":\"x\""), 400, "missing_field", "seq"),
        (body(more: ",\"seq\":1"), 400, "missing_field", "cid"),
        (body(more: ",\"cid\":\"x\",\"seq\":-1"), 400, "bad_value", "seq"),
        (String(repeating: "[", count: 100_000), 400, "malformed", "object"),
        (body(more: ",\"x\":" + String(repeating: "[", count: 1000)), 400, "malformed", "nested deeper"),
        (body(c: Array(repeating: partial, count: 1001).joined(separator: ",")), 413, "too_many_partials", "prt.c"),
        (body(more: ",\"pad\":\"" + String(repeating: "x", count: 300_000) + "\""), 413, "body_too_large", "bytes"),
    ]

    /// Goal: every bad body has its precise answer, none leaves a trace, and all are counted.
    @Test("is refused precisely and disturbs nothing")
    func refused() async throws {
        let server = RealServer(["--max-partials", "1000", "--max-body-bytes", "262144"])
        try await server.start()
        let key = try await server.key()
        for (body, status, name, place) in Self.cases {
            let answer = try await server.request(.PUT, "/agg", key: key, body: Array(body.utf8))
            #expect(answer.status == status && answer.errorName == name, "\(body.prefix(120)): \(answer.body)")
            #expect(answer.errorMessage?.contains(place) ?? false, "\(body.prefix(120)): \(answer.body)")
        }
        for (key, path) in [(nil, "/agg"), ("local.0000", "/agg"), (nil, "/agg?auth=nobody.1234"), ("", "/api/v1/status")] {
            let answer = try await server.request(
                path == "/agg" ? .PUT : .GET, path == "/agg?auth=nobody.1234" ? "/api/v1/status?auth=nobody.1234" : path, key: key,
                body: path == "/agg" ? Array(Self.body().utf8) : nil)
            #expect(answer.status == 401 && answer.errorName == "unauthorized", "\(path): \(answer.body)")
        }
        #expect(try await server.request(.POST, "/agg?auth=\(key)", body: Array(Self.body().utf8)).status == 200)
        #expect(try await server.status(.counter, key: key)["a.b"]?.sum == 3)
        #expect(try await server.metric("dattss_batches_accepted_total") == 1)
        #expect(
            try await server.metric(#"dattss_batches_refused_total{reason="bad_value"}"#)
                == Double(Self.cases.count { $0.name == "bad_value" }))
        try await server.discard()
    }

    /// Goal: compressed bodies are read, and none becomes larger than the limit.
    @Test("that is compressed is unpacked up to the limit")
    func compressed() async throws {
        let server = RealServer()
        try await server.start()
        let key = try await server.key()
        let plain = Array(Self.body().utf8)
        let bomb = [UInt8](repeating: UInt8(ascii: " "), count: 200 << 20)
        let encodings: [(String, ([UInt8]) -> [UInt8])] = [
            ("zstd", zstd), ("gzip", { zlib($0, windowBits: 31) }), ("deflate", { zlib($0, windowBits: 15) }),
            ("deflate", { zlib($0, windowBits: -15) }),
        ]
        for (name, compress) in encodings {
            let headers: HTTPHeaders = ["Content-Encoding": name]
            let good = try await server.request(.PUT, "/agg", key: key, body: compress(plain), headers: headers)
            #expect(good.status == 200, "\(name): \(good.body)")
            let cut = try await server.request(
                .PUT, "/agg", key: key, body: Array(compress(plain).dropLast(3)), headers: headers)
            #expect(cut.status == 400 && cut.errorName == "malformed", "\(name): \(cut.body)")
            let large = try await server.request(.PUT, "/agg", key: key, body: compress(bomb), headers: headers)
            #expect(large.status == 413 && large.errorName == "body_too_large", "\(name): \(large.body)")
        }
        let unknown = try await server.request(.PUT, "/agg", key: key, body: plain, headers: ["Content-Encoding": "br"])
        #expect(unknown.status == 415 && unknown.errorName == "unsupported_encoding")
        #expect(try await server.status(.counter, key: key)["a.b"]?.sum == 12)
        // A bomb must not have been held in memory.
        let status = try String(contentsOfFile: "/proc/\(await server.processIdentifier)/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }?.split(separator: " ").dropFirst().first
        #expect(peak.flatMap { Int($0) } ?? .max < 400 << 10, "peak \(peak ?? "?") KiB")
        try await server.discard()
    }

    /// Goal: a sender who stops in the middle of a request is answered 408 and counted, others are served meanwhile.
    @Test("that stops half way is ended")
    func halfSent() async throws {
        let server = RealServer(["--request-seconds", "1"])
        try await server.start()
        let key = try await server.key()
        let half = try RawConnection(await server.http)
        try half.send("PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"prt\":")
        let silent = try RawConnection(await server.http)
        try silent.send("PUT /agg HTT")
        #expect(try await server.request(.PUT, "/agg", key: key, body: Array(Self.body().utf8)).status == 200)
        #expect(try half.readToEnd().hasPrefix("HTTP/1.1 408"))
        #expect(try silent.readToEnd().isEmpty)
        // A head that does not end is counted, too.
        #expect(try await server.metric("dattss_request_timeouts_total") == 2)
        #expect(try await server.status(.counter, key: key)["a.b"]?.sum == 3)
        try await server.discard()
    }

    /// Goal: requests that are sent without waiting are answered in order, whoever answers them; `Connection: close` and
    /// `Expect: 100-continue` mean what they say; a sender who is refused early can go on.
    @Test("or not: pipelined requests are answered in order")
    func pipelined() async throws {
        let server = RealServer(["--max-body-bytes", "2000"])
        try await server.start()
        let key = try await server.key()
        func put(_ key: String, _ body: String, _ more: String = "") -> String {
            "PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        let connection = try RawConnection(await server.http)
        try connection.send(
            put(key, Self.body()) + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + put(key, Self.body()) + put("no.key", Self.body())
                + put(key, "{") + put(key, Self.body(more: ",\"pad\":\"" + String(repeating: "x", count: 1000) + "\""))
                + put(key, Self.body(), "Connection: close\r\n"))
        let answers = try connection.readToEnd()
        let statuses = answers.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        #expect(statuses == ["200", "200", "200", "401", "400", "200", "200"], "\(answers)")
        #expect(try await server.status(.counter, key: key)["a.b"]?.sum == 12)
        let polite = try RawConnection(await server.http)
        try polite.send(put(key, Self.body(), "Expect: 100-continue\r\nConnection: close\r\n"))
        let continued = try polite.readToEnd()
        #expect(continued.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "\(continued)")

        // A head that is known already is held to the limit all the same, and may come in pieces.
        let repeated = try RawConnection(await server.http)
        let head = String(put(key, Self.body()).prefix { $0 != "{" })
        try repeated.send(put(key, Self.body()) + String(head.dropLast(9)))
        #expect(try await eventually { try await server.status(.counter, key: key)["a.b"]?.sum == 18 })
        try repeated.send(String(head.suffix(9)) + Self.body() + put(key, String(repeating: " ", count: 2001)))
        let ends = try repeated.readToEnd().components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        #expect(ends == ["200", "200", "413"])
        // Too large, and not in one piece: refused at once, and closed behind the rest.
        let large = try RawConnection(await server.http)
        try large.send("PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<4 { try large.send("3e8\r\n" + String(repeating: " ", count: 1000) + "\r\n") }
        try large.send("0\r\n\r\n")
        #expect(try large.readToEnd().hasPrefix("HTTP/1.1 413"))
        // Garbage behind a batch does not overtake its answer.
        let garbage = try RawConnection(await server.http)
        try garbage.send(put(key, Self.body()) + "@@@@\r\n\r\n")
        #expect(try garbage.readToEnd().hasPrefix("HTTP/1.1 200"))
        try await server.discard()
    }

    /// Goal: datagrams of random bytes are counted and cost nothing else.
    @Test("in datagrams is counted by reason, and the rest of the datagram counts")
    func datagrams() async throws {
        let server = RealServer(["--statsd-user", "local"])
        try await server.start()
        let key = try await server.key()
        var random = SeededGenerator(seed: 7)
        var datagrams = (0..<500).map { _ in
            (0..<Int.random(in: 1..<600, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        datagrams.append(
            Array(
                "good:1|c\né:1|c\nother name:1|c\ngood:x|c\ngood:1|zz\ngood:2|c|@0\n\(key):api:also.good:4c\nno.user:api:x:1c\ngood:3|c"
                    .utf8
            ))
        for chunk in stride(from: 0, to: datagrams.count, by: 50) {
            try await server.send(Array(datagrams[chunk..<min(chunk + 50, datagrams.count)]))
        }
        #expect(try await eventually { try await server.status(.counter, key: key)["good"]?.sum == 4 })
        #expect(try await server.status(.counter, key: key)["also.good"]?.sum == 4)
        #expect(try await server.metric("dattss_udp_datagrams_total") == 501)
        for reason in ["bad_path", "bad_value", "bad_type", "bad_rate", "unknown_key", "bad_format"] {
            #expect(try await server.metric("dattss_udp_lines_refused_total{reason=\"\(reason)\"}") >= 1, "\(reason)")
        }
        #expect(try await server.metric("dattss_udp_names_rewritten_total") >= 1)
        #expect(try await server.status(.counter, key: key)["other_name"]?.sum == 1)
        #expect(try await server.request(.GET, "/api/v1/processes", key: key).body.contains("\"api\""))
        try await server.discard()
    }

    private func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var compressed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&compressed, compressed.count, bytes, bytes.count, 3)
        return Array(compressed[..<count])
    }
}

private func zlib(_ bytes: [UInt8], windowBits: Int32) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))) + 64)
    return input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
            (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
            deflate(&stream, Z_FINISH)
            return Array(target[..<Int(stream.total_out)])
        }
    }
}

/// A TCP connection that says exactly what it is told.
struct RawConnection {
    private let socket: Int32

    init(_ address: String) throws {
        guard let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw RealServer.Failure(description: "no port in \(address)")
        }
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        target.sin_addr.s_addr = inet_addr("127.0.0.1")
        let (socket, size) = (socket, socklen_t(MemoryLayout<sockaddr_in>.size))
        let status = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard status == 0 else { throw RealServer.Failure(description: "connect failed: errno \(errno)") }
        // Less than a server waits on an idle connection: one that it ought to close is not to look as if it had.
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard write(socket, bytes, bytes.count) == bytes.count else {
            throw RealServer.Failure(description: "write failed: errno \(errno)")
        }
    }

    func hangUp() { close(socket) }

    /// Everything until one of `marks` has come, or the other side closes: within a minute, whatever else comes meanwhile.
    func read(until marks: [String]) throws -> String {
        let deadline = ContinuousClock.now + .seconds(60)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !marks.contains(where: { String(decoding: bytes, as: UTF8.self).contains($0) }) {
            let count = Foundation.read(socket, &chunk, chunk.count)
            if count < 0 { throw RealServer.Failure(description: "nothing came: errno \(errno)") }
            if count == 0 { break }
            if ContinuousClock.now > deadline { throw RealServer.Failure(description: "only other things came") }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Everything until the other side closes.
    func readToEnd() throws -> String {
        defer { close(socket) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Foundation.read(socket, &chunk, chunk.count)
            if count < 0, errno == EAGAIN { throw RealServer.Failure(description: "the other side does not close") }
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
