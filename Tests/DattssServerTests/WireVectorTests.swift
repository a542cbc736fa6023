@testable import DattssCore
@testable import DattssServer
import DattssTestSupport
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
        for vector in try WireVectors.lines() {
            let result = Array(vector.line.utf8).withUnsafeBufferPointer { bytes in
                Result<(WireVectors.Line.DattssLine?, WireVectors.Line.StatsdLine?), DatagramError> {
                    () throws(DatagramError) in
                    switch try DatagramLine.parse(bytes) {
                    case .dattss(let line): (dattss(line), nil)
                    case .statsd(let line): (nil, try statsd(line))
                    }
                }
            }
            switch result {
            case .failure(let error): #expect(error.rawValue == vector.reason, "\(vector.line.prefix(60))")
            case .success(let (dattss, statsd)):
                var expected = vector.dattss
                expected?.sample = ""
                #expect(dattss == expected && statsd == vector.statsd, "\(vector.line.prefix(60))")
            }
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

    private func statsd(_ line: StatsdLine) throws(DatagramError) -> WireVectors.Line.StatsdLine {
        guard let path = line.withPath({ Name.isValidPath($0) ? text($0) : nil }) else { throw .badPath }
        var values = [line.first]
        line.forEachFurtherValue { values.append($0) }
        var members: [String] = []
        line.forEachMember { members.append(text($0)) }
        let (numbers, deltas) = (values.map(\.value), values.map(\.isSigned))
        return switch line.type {
        case .counter: .init(pth: path, type: "counter", scale: line.scale, values: numbers)
        case .timer: .init(pth: path, type: "timer", scale: line.scale, values: numbers)
        case .gauge: .init(pth: path, type: "gauge", scale: line.scale, values: numbers, deltas: deltas)
        case .set: .init(pth: path, type: "set", scale: line.scale, members: members)
        }
    }

    private func text(_ bytes: DatagramLine.Bytes) -> String { String(decoding: bytes, as: UTF8.self) }
}
