import DattssCore
import DattssTestSupport
import Testing

@Suite struct DatagramLineTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var line: String
        var result: Result<OwnedLine, DatagramError>
        var testDescription: String { String(line.prefix(60)) }

        static func good(_ line: String, _ path: String, _ samples: OwnedLine.Samples, scale: Double = 1) -> Case {
            packed(line, path, (samples, scale))
        }

        static func packed(_ line: String, _ path: String, _ parts: (OwnedLine.Samples, Double)...) -> Case {
            Case(line: line, result: .success(.statsd(parts.map { .init(path: path, samples: $0.0, scale: $0.1) })))
        }

        static func dattss(
            _ line: String, _ process: String, _ path: String, _ value: Double, _ kind: Kind, _ isEmphasised: Bool = false
        ) -> Case {
            let sample = SampleValue(value: value, kind: kind, isEmphasised: isEmphasised)
            return Case(line: line, result: .success(.dattss(key: "KEY", process: process, path: path, sample: sample)))
        }

        static func bad(_ line: String, _ error: DatagramError) -> Case { Case(line: line, result: .failure(error)) }
    }

    @Test(
        "a statsd line becomes its path, samples and scale",
        arguments: [
            Case.good("a.b:2|c", "a.b", .counter([2])),
            .good("a:-2.5e1|c", "a", .counter([-25])),
            .good("a:+2|c", "a", .counter([2])),
            .good("a:1|c|@0.1", "a", .counter([1]), scale: 1 / 0.1),
            .good("a:1|c|@1", "a", .counter([1])),
            .good("a:12|ms", "a", .timer([12])),
            .good("a:12|h", "a", .timer([12])),
            .good("a:12|d", "a", .timer([12])),
            .good("a:12:15:9|ms", "a", .timer([12, 15, 9])),
            .good("a:1:2|c|@0.5", "a", .counter([1, 2]), scale: 2),
            .good("a:5|g", "a", .gauge([.init(value: 5)])),
            .good("a:+3|g", "a", .gauge([.init(value: 3, isSigned: true)])),
            .good("a:-3|g", "a", .gauge([.init(value: -3, isSigned: true)])),
            .good("a:=-5|g", "a", .gauge([.init(value: -5)])),
            .good("a:=5|g", "a", .gauge([.init(value: 5)])),
            .good(
                "a:5:+1:-2|g", "a", .gauge([.init(value: 5), .init(value: 1, isSigned: true), .init(value: -2, isSigned: true)])),
            .good("a:bob|s", "a", .set("bob")),
            .good("ips:10.0.0.1:80|s", "ips", .set("10.0.0.1:80")),
            .good("a: x y :|s", "a", .set(" x y :")),
            .good("a:|s", "a", .set("")),
            .good("a:1|c|#env:prod,az:b", "a.az:b.env:prod", .counter([1])),
            .good("a:1|c|@0.5|#z,a", "a.a.z", .counter([1]), scale: 2),
            .good("a:1|c|#z,a|@0.5", "a.a.z", .counter([1]), scale: 2),
            .good("a:1|c|#one two/é", "a.one_two-", .counter([1])),
            .good("a b/c\"d\":1|c", "a_b-cd", .counter([1])),
            .good("a:1|c|#z, b ,a|c:x|#b,,c", "a.a.b.c.z", .counter([1])),
            .good("a:1|c|#é,e:é,e:", "a.e:", .counter([1])),
            .good("a: 1|c", "a", .counter([1])),
            .good("a:0007 |c ", "a", .counter([7])),
            .good("a:.5|ms\0", "a", .timer([0.5])),
            .good("a:5.|g\r", "a", .gauge([.init(value: 5)])),
            .good("a: +5 |g", "a", .gauge([.init(value: 5, isSigned: true)])),
            .good("a:= -5|g", "a", .gauge([.init(value: -5)])),
            .good("a:1\t| c |@ .5 | #t", "a.t", .counter([1]), scale: 2),
            .good("a:1|c|@0.1|@0.5", "a", .counter([1]), scale: 2),
            .good("a:1::2:|c", "a", .counter([1, 2])),
            .packed("a:1|c:2|c", "a", (.counter([1]), 1), (.counter([2]), 1)),
            .packed("a:1|c:200|ms|@0.1:b:c|s", "a", (.counter([1]), 1), (.timer([200]), 10), (.set("b:c"), 1)),
            .packed("a:1|c|@.5:2|g|#t", "a.t", (.counter([1]), 2), (.gauge([.init(value: 2)]), 1)),
            .good("a:1|c|#", "a", .counter([1])),
            .good("a:1|c|#,,", "a", .counter([1])),
            .good(
                "a:1|c|c:83c0a99c0a54c0c187f461c7980e9b57f3f6a8b0c918c8d93df19a9de6f3fe1d|T1656581400|e:it-x", "a", .counter([1])),
            .good("a:1|c|", "a", .counter([1])),
            .good("A-b_c!.d:1|c", "A-b_c!.d", .counter([1])),
        ])
    func statsd(line: Case) { expect(line) }

    @Test(
        "a DaTtSs line becomes its key, process, path and sample",
        arguments: [
            Case.dattss("KEY:api:query.time:153ms!", "api", "query.time", 153, .timer, true),
            .dattss("KEY:api:hits:2c", "api", "hits", 2, .counter),
            .dattss("KEY:api:load:-1.5g", "api", "load", -1.5, .gauge),
            .dattss("KEY:api:load:+1e3g", "api", "load", 1000, .gauge),
            .dattss("KEY:api:a:b:c:0c!", "api", "a:b:c", 0, .counter, true),
            .dattss("KEY:a.b-c:p!:2c", "a.b-c", "p!", 2, .counter),
        ])
    func dattss(line: Case) { expect(line) }

    @Test(
        "events and service checks of DogStatsD are told from samples",
        arguments: [
            ("_e{5,4}:title|text", .event), ("_e{5,4}:title|text|#tag|d:1", .event), ("_e{5,0}:title|", .event),
            ("_e{6,5}:a||b:c|1|c:2|t:error", .event), ("_e{2,2}:é|é\0", .event), ("_e{1,2}:a|b |#c", .event),
            ("_sc|Redis connection|2", .serviceCheck), ("_sc|redis|0|m:1|c", .serviceCheck), ("_sc|redis|1 ", .serviceCheck),
        ] as [(String, OwnedLine.MessageKind)])
    func messages(line: String, message: OwnedLine.MessageKind) {
        // Goal: a text may hold all that a sample is made of.
        expect(Case(line: line, result: .success(.message(message))))
    }

    @Test(
        "a bad line is refused for its reason",
        arguments: [
            Case.bad("", .badFormat), .bad("a", .badFormat), .bad("a:2", .badFormat), .bad("KEY:api:2c", .badFormat),
            .bad(":::", .badProcess),
            .bad("KEY::p:2c", .badProcess), .bad("KEY:a b:p:2c", .badProcess),
            .bad("KEY:\(String(repeating: "a", count: 65)):p:2c", .badProcess),
            .bad("KEY:api::2c", .badPath), .bad("KEY:api:a b:2c", .badPath), .bad("KEY:api:é:2c", .badPath),
            .bad("KEY:api:\(String(repeating: "a", count: 256)):2c", .badPath),
            .bad("KEY:api:p:", .badValue), .bad("KEY:api:p:c", .badValue), .bad("KEY:api:p:!", .badValue),
            .bad("KEY:api:p:1e999c", .badValue),
            .bad("KEY:api:p:+-1c", .badValue), .bad("KEY:api:p:+", .badValue), .bad("KEY:api:p:nanc", .badValue),
            .bad("KEY:api:p:0x1c", .badType),
            .bad("KEY:api:p:2", .badType), .bad("KEY:api:p:2!", .badType), .bad("KEY:api:p:2c!!", .badType),
            .bad("KEY:api:p:2 c", .badType),
            .bad("KEY:api:p:2s", .badType), .bad("KEY:api:p:2msx", .badType),
            .bad("|", .badFormat), .bad("a|c", .badFormat), .bad("a|b:c", .badFormat), .bad("|||", .badFormat),
            .bad(":1|c", .badPath), .bad(":1|c|#tag", .badPath), .bad("é:1|c", .badPath), .bad("é:x|c|#a", .badPath),
            .bad("\(String(repeating: "a", count: 256)):1|c", .badPath),
            .bad("\(String(repeating: "a", count: 250)):1|c|#abcdef", .badPath),
            .bad("a:|c", .badValue), .bad("a: |c", .badValue), .bad("a::|c", .badValue), .bad("a:x|c", .badValue),
            .bad("a:1:x|c", .badValue), .bad("a:0x10|c", .badValue), .bad("a:.|c", .badValue), .bad("a:1 2|c", .badValue),
            .bad("a:1x|ms", .badValue),
            .bad("a:1e999|c", .badValue), .bad("a:nan|g", .badValue), .bad("a:inf|g", .badValue), .bad("a:==1|g", .badValue),
            .bad("a:=|g", .badValue),
            .bad("a:--1|g", .badValue), .bad("a:+-1|g", .badValue), .bad("a:=1|c", .badValue), .bad("a:1\0|c", .badValue),
            .bad("a:1|", .badType), .bad("a:1|x", .badType), .bad("a:1|C", .badType), .bad("a:1|m", .badType),
            .bad("a:1||@0.1", .badType),
            .bad("a:1|c|@", .badRate), .bad("a:1|c|@0", .badRate), .bad("a:1|c|@-0.1", .badRate), .bad("a:1|c|@1.1", .badRate),
            .bad("a:1|c|@x", .badRate), .bad("a:1|c|@1e-300", .badRate), .bad("a:1|c|@nan", .badRate),
            .bad("a:1|c|0.1", .badField), .bad("a:1|c|#t|.5", .badField), .bad("a:1|c|-1", .badField), .bad("a:1|c|0,1", .badField),
            .bad("a:1|c:2|x", .badType), .bad("a:1|c:x|c", .badValue), .bad("a:1|c:2", .badType), .bad("a:1|c|@2:2|c", .badRate),
            .bad("_e{5,3}:title|text", .badEvent), .bad("_e{4,4}:title|text", .badEvent), .bad("_e{5,5}:title|text", .badEvent),
            .bad("_e{0,4}:|text", .badEvent), .bad("_e{5}:title|text", .badEvent), .bad("_e{5,4}title|text", .badEvent),
            .bad("_e{5,4}:", .badEvent), .bad("_e{99999999999999999999,4}:title|text", .badEvent),
            .bad("_e{-1,4}:title|text", .badEvent),
            .bad("_sc|redis", .badServiceCheck), .bad("_sc||2", .badServiceCheck), .bad("_sc|redis|4", .badServiceCheck),
        ])
    func bad(line: Case) { expect(line) }

    @Test("the name, the rate and the tags of a key's statsd line are left to whoever knows the keys")
    func keyPrefix() throws {
        // Goal: a name may begin with an auth key and a dot; nothing is split here.
        expect(.good("me.0123abcd.hits:1|c", "me.0123abcd.hits", .counter([1])))
    }

    @Test(
        "lines end at line feeds, with or without carriage returns, and empty ones are none",
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n\na\r\n\r\nb\r\n", ["a", "b"]), ("\r", []),
            ("a\rb", ["a\rb"]),
        ])
    func lines(datagram: String, expected: [String]) {
        // Goal: each line of a datagram is seen once.
        var lines: [String] = []
        Array(datagram.utf8).withUnsafeBytes { bytes in
            DatagramLine.forEachLine(of: bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
        }
        #expect(lines == expected)
    }

    @Test("random and mutated lines never trap, and give finite numbers and valid names", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: anybody can send datagrams.
        var generator = SeededGenerator(seed: seed)
        let originals = [
            "a.b:12:15|ms|@0.5|#env:prod,az:b", "KEY:api:query.time:153ms!", "g:=-5|g", "a:+3|g\nb:x|s",
            "a:1|c|@.5:2|ms:x|s|#b,a|#c",
            "_e{5,4}:title|text|#tag", "_sc|redis|2|#tag", "GET /é: 007.|c |T1",
        ].map { Array($0.utf8) }
        for _ in 0..<5000 {
            var datagram = generator.element(of: originals)
            if generator.oneIn(4) {
                datagram = (0..<Int.random(in: 0...30, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            for _ in 0..<Int.random(in: 0...3, using: &generator) where !datagram.isEmpty {
                let position = Int.random(in: 0..<datagram.count, using: &generator)
                if generator.oneIn(2) {
                    datagram.remove(at: position)
                } else {
                    datagram.insert(generator.element(of: Array("|:@#=+-.e0!,\n /é\0".utf8)), at: position)
                }
            }
            datagram.withUnsafeBytes { bytes in
                DatagramLine.forEachLine(of: bytes) { line in
                    if let parsed = try? OwnedLine(line) { #expect(isSound(parsed), "seed \(seed): \(parsed)") }
                }
            }
        }
    }

    @Test("a usual line and the same line with an empty field behind it are the same", arguments: seeds)
    func usualLines(seed: UInt64) {
        // Goal: the short way of usual lines takes apart like the one for all others.
        var generator = SeededGenerator(seed: seed)
        let originals = [
            "a.b.c.d.e:12|ms", "a:0|c", "hits.total:-3|g", "b:1.5|h", "c:+7e2|g", "d:123456789012345678|d", "e:007|c", "f:.5|ms",
            "g h/i:5.|c", "j: 1 |g", "k:1|c ",
        ]
        for _ in 0..<5000 {
            var line = Array(generator.element(of: originals).utf8)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                line[Int.random(in: line.indices, using: &generator)] = generator.element(of: Array("|:@#=+-.e019,_ cms".utf8))
            }
            guard line.count(where: { $0 == UInt8(ascii: "|") }) == 1 else { continue }
            let results = [line, line + [UInt8(ascii: "|")]].map { bytes in
                bytes.withUnsafeBufferPointer { bytes in
                    Result<OwnedLine, DatagramError> { () throws(DatagramError) in try OwnedLine(bytes) }
                }
            }
            #expect(results[0] == results[1], "seed \(seed): \(String(decoding: line, as: UTF8.self))")
        }
    }

    private func isSound(_ line: OwnedLine) -> Bool {
        switch line {
        case .dattss(_, let process, let path, let sample):
            return Name.isValidProcess(process.utf8) && Name.isValidPath(path.utf8) && sample.value.isFinite
        case .message: return true
        case .statsd(let parts): return parts.allSatisfy(isSound)
        }
    }

    private func isSound(_ statsd: OwnedLine.Statsd) -> Bool {
        let values: [Double] =
            switch statsd.samples {
            case .counter(let values), .timer(let values): values
            case .gauge(let values): values.map(\.value)
            case .set: [0]
            }
        return Name.isValidPath(statsd.path.utf8) && statsd.scale >= 1 && statsd.scale.isFinite && !values.isEmpty
            && values.allSatisfy(\.isFinite)
    }

    private func expect(_ line: Case) {
        // Goal of each table: what becomes of a line, exactly.
        let result = Array(line.line.utf8).withUnsafeBufferPointer { bytes in
            Result<OwnedLine, DatagramError> { () throws(DatagramError) in try OwnedLine(bytes) }
        }
        #expect(result == line.result)
    }
}

@Suite struct SampleValueTests {
    @Test(
        "a sample is a number, a unit and perhaps an exclamation mark",
        arguments: [
            ("2c", SampleValue(value: 2, kind: .counter)), ("153ms", SampleValue(value: 153, kind: .timer)),
            ("23g", SampleValue(value: 23, kind: .gauge)), ("-1.5g!", SampleValue(value: -1.5, kind: .gauge, isEmphasised: true)),
            ("+1c", SampleValue(value: 1, kind: .counter)), ("1e3ms", SampleValue(value: 1000, kind: .timer)),
        ])
    func good(text: String, sample: SampleValue) throws {
        // Goal: what people write.
        #expect(try SampleValue(text) == sample)
    }

    @Test(
        "anything else is refused",
        arguments: [
            ("", .badValue), ("c", .badValue), ("+c", .badValue), ("ms!", .badValue), ("1", .badType), ("1C", .badType),
            ("1 ms", .badType),
            ("1s", .badType), ("1ms?", .badType), (" 1c", .badValue), ("1e999c", .badValue), ("１c", .badValue),
        ] as [(String, DatagramError)])
    func bad(text: String, error: DatagramError) {
        // Goal: the reasons are told apart.
        #expect(throws: error) { try SampleValue(text) }
    }
}
