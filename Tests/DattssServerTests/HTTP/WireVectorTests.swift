@testable import DattssCore
@testable import DattssServer
import DattssPipeline
import DattssTestSupport
import Foundation
import Testing

/// `Fixtures/wire` against the server: its expectations come from an oracle that shares no code with it.
@Suite struct WireVectorTests {
    @Test("a sample's text means what the vectors say")
    func samples() throws {
        for vector in try WireVectors.samples() {
            let result = Result { () throws(DatagramError) in try SampleValue(vector.text) }
            switch result {
            case .success(let sample):
                #expect(vector.reason == nil, "'\(vector.text)'")
                #expect(
                    sample.value == vector.value && sample.kind.symbol == vector.typ && sample.isEmphasised == vector.emp,
                    "'\(vector.text)': \(sample)")
            case .failure(let error): #expect(error.rawValue == vector.reason, "'\(vector.text)'")
            }
        }
    }

    @Test("samples become the partial of the vectors, to the last bit")
    func partials() throws {
        for vector in try WireVectors.partials() {
            var table = AccumulatorTable(fraction: vector.pct)
            for text in vector.samples { #expect(table.add(try SampleValue(text), to: "a.b")) }
            let batch = try WireBatch(Batch(partials: table.flush()))
            #expect(batch.prt.values.flatMap { $0 } == [vector.partial], "\(vector.name)")
        }
    }

    @Test("a partial of the vectors is taken in as it is")
    func decodedPartials() throws {
        for vector in try WireVectors.batches() {
            var batch = Batch(partials: [], origin: .init(client: vector.cid, sequence: vector.seq), process: vector.process)
            var table = AccumulatorTable()
            for call in vector.calls where Name.isValidPath(call[0].utf8) {
                if let sample = try? SampleValue(call[1]) { _ = table.add(sample, to: call[0]) }
            }
            batch.partials = table.flush()
            var expected = vector.body
            // Only clients tell of their own drops.
            expected.prt["c"]?.removeAll { $0.pth == "dattss.client.dropped" }
            let decoded = try BatchEncoder.encode(batch).withUnsafeBytes { bytes throws(WireError) in try BatchDecoder.decode(bytes)
            }
            #expect(try WireBatch(decoded) == expected, "\(vector.name)")
        }
    }

    @Test("a line becomes what the vectors say, or is refused for their reason")
    func lines() throws {
        // Goal: the whole grammar of clients/statsd.md, as other servers' tests and clients write it.
        for vector in try WireVectors.lines() {
            var expected = vector
            expected.source = nil
            expected.dattss?.sample = ""
            #expect(said(vector.line) == expected, "\(vector.line.prefix(60))")
        }
    }

    @Test("the vectors of lines are many, and each of statsd has its source")
    func sources() throws {
        // Goal: the table covers what others send, and says whom it has it from.
        let statsd = try WireVectors.lines().filter { $0.dattss == nil && $0.line.contains("|") }
        #expect(statsd.count >= 120 && statsd.allSatisfy { $0.source?.isEmpty == false })
    }

    @Test("the page about statsd says of each line what becomes of it")
    func page() throws {
        // Goal: the grammar that users read is the one that runs.
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../clients/statsd.md")
        var (taken, refused) = (0, 0)
        for row in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") where row.hasPrefix("| `") {
            // A bar within a cell is written with a backslash.
            let cells = row.replacing("\\|", with: "\0").split(separator: "|").map { $0.replacing("\0", with: "|") }
            guard cells.count == 2 else { continue }
            let reason = cells[1].hasPrefix(" refused, `") ? cells[1].split(separator: "`")[1] : nil
            for span in cells[0].split(separator: "`").enumerated().filter({ $0.offset % 2 == 1 }).map(\.element) {
                let line = (span.hasPrefix("@") ? "hits:1|c|" : "") + span.replacing("…", with: "x")
                guard line.contains("|") || line.hasPrefix("KEY:") else { continue }
                #expect(said(line).reason == reason.map(String.init), "\(line)")
                if reason == nil { taken += 1 } else { refused += 1 }
            }
        }
        #expect(taken >= 25 && refused >= 15, "\(taken) and \(refused)")
    }

    @Test("a collector counts what the vectors say, each line alone and all of them in one datagram")
    func collected() throws {
        // Goal: the ways of the server's ports, also the one for usual lines, are those of the vectors.
        let vectors = try WireVectors.lines().filter { $0.source != nil }
        for lines in vectors.map({ [$0] }) + [vectors, vectors + vectors] {
            var collector = DatagramCollector(authenticator: NoKeys(), statsdUser: UserID("joe"), limits: Limits())
            // From the second line on, usual lines are looked for.
            for datagram in ["a:0|c", lines.map(\.line).joined(separator: "\n")] {
                Array(datagram.utf8).withUnsafeBytes { collector.receive($0) }
            }
            let counts = collector.counts
            let said = lines.first.map { String($0.line.prefix(60)) } ?? ""
            #expect(counts.lines == lines.count + 1, "\(said)")
            let refused = Dictionary(grouping: lines.compactMap(\.reason)) { $0 }.mapValues(\.count)
            #expect(Dictionary(uniqueKeysWithValues: counts.refusedLines.map { ($0.rawValue, $1) }) == refused, "\(said)")
            #expect(counts.rewrittenNames == lines.count { $0.statsd?.rewritten == true }, "\(said)")
            #expect(counts.events == lines.count { $0.message == "event" }, "\(said)")
            #expect(counts.serviceChecks == lines.count { $0.message == "service_check" }, "\(said)")
            let samples = lines.compactMap(\.statsd).flatMap(\.samples)
            #expect(counts.samples == 1 + samples.reduce(0) { $0 + ($1.values?.count ?? 1) }, "\(said)")
            let partials = collector.flush().periods.flatMap { $0.period.partials() }
            let keys = partials.map { "\($0.key.kind.symbol):\($0.key.path)" }
            let expected = lines.compactMap(\.statsd).flatMap { line in line.samples.map { "\(Self.symbol($0)):\(line.pth)" } }
            #expect(Set(keys) == Set(expected + ["c:a"]) && Set(keys).count == keys.count, "\(said)")
        }
    }

    private struct NoKeys: Authenticator {
        func owner(ofKey key: String) -> KeyOwner? { nil }
    }

    private static func symbol(_ sample: WireVectors.Line.Sample) -> String {
        switch sample.type {
        case "counter": "c"
        case "timer": "ms"
        default: "g"
        }
    }

    @Test("a body is taken in as the vectors say, or refused with their error")
    func bodies() throws {
        for vector in try WireVectors.bodies() {
            let result = vector.bytes.withUnsafeBytes { bytes in
                Result<Batch, WireError> { () throws(WireError) in
                    let encoding = try ContentEncoding(vector.encoding)
                    let body = try BodyDecompressor().decode(bytes, encoding, upTo: 1 << 20)
                    return try body.withUnsafeBufferPointer { body throws(WireError) in
                        try BatchDecoder.decode(UnsafeRawBufferPointer(body))
                    }
                }
            }
            switch result {
            case .success(let batch): #expect(try WireBatch(batch) == vector.batch, "\(vector.name)")
            case .failure(let error):
                #expect(error.reason.rawValue == vector.error?.name, "\(vector.name)")
                #expect(error.message == vector.error?.message, "\(vector.name)")
            }
        }
    }

    private func dattss(_ line: DattssLine) -> WireVectors.Line.DattssLine {
        .init(
            auth: text(line.key), process: text(line.process), pth: text(line.path), sample: "", value: line.sample.value,
            typ: line.sample.kind.symbol, emp: line.sample.isEmphasised)
    }

    /// What a line says, as a vector has it.
    private func said(_ line: String) -> WireVectors.Line {
        var said = WireVectors.Line(line: line)
        Array(line.utf8).withUnsafeBufferPointer { bytes in
            do throws(DatagramError) {
                switch try DatagramLine.parse(bytes) {
                case .dattss(let line): said.dattss = dattss(line)
                case .message(.event): said.message = "event"
                case .message(.serviceCheck): said.message = "service_check"
                case .statsd(let line): said.statsd = try statsd(line)
                }
            } catch {
                said.reason = error.rawValue
            }
        }
        return said
    }

    private func statsd(_ line: StatsdLine) throws(DatagramError) -> WireVectors.Line.StatsdLine {
        let samples = sequence(first: line) { $0.next }.map(sample)
        let (path, isRewritten) = line.withPath(behind: 0) { (text($0.bytes), $0.isRewritten) }
        if path.isEmpty { throw .badPath }
        return .init(pth: path, rewritten: isRewritten, samples: samples)
    }

    private func sample(_ line: StatsdLine) -> WireVectors.Line.Sample {
        var values = [line.first]
        line.forEachFurtherValue { values.append($0) }
        let (numbers, deltas) = (values.map(\.value), values.map(\.isSigned))
        return switch line.type {
        case .counter: .init(type: "counter", scale: line.scale, values: numbers)
        case .timer: .init(type: "timer", scale: line.scale, values: numbers)
        case .gauge: .init(type: "gauge", scale: line.scale, values: numbers, deltas: deltas)
        case .set: .init(type: "set", scale: line.scale, member: text(line.member))
        }
    }

    private func text(_ bytes: DatagramLine.Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
