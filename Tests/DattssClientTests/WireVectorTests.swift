import DattssCore
import DattssTestSupport
import Testing

@testable import DattssClient

/// `Fixtures/wire` against the Swift SDK.
@Suite struct WireVectorTests {
    private func client(percentile: Double = Aggregate.defaultFraction) -> Dattss {
        var configuration = Dattss.Configuration.quiet()
        configuration.percentile = percentile
        return Dattss(configuration, transport: ScriptedTransport(), clock: HandClock(), seed: 1)
    }

    @Test("a sample's text means what the vectors say")
    func samples() throws {
        for vector in try WireVectors.samples() {
            let stats = client()
            stats.agg("a.b", vector.text)
            let partials = stats.recorder.flush(reportsDrops: false).partials
            guard vector.reason == nil else {
                #expect(partials.isEmpty && stats.drops[.badSample] == 1, "'\(vector.text)'")
                continue
            }
            let partial = try #require(partials.first)
            #expect(partial.key == StatisticKey(try #require(vector.typ.flatMap { Kind(symbol: $0) }), "a.b"), "'\(vector.text)'")
            #expect(partial.aggregate.last == vector.value && partial.aggregate.isEmphasised == vector.emp, "'\(vector.text)'")
        }
    }

    @Test("samples become the partial of the vectors, to the last bit")
    func partials() throws {
        for vector in try WireVectors.partials() {
            let stats = client(percentile: vector.pct)
            for text in vector.samples { stats.agg("a.b", text) }
            let batch = try WireBatch(Batch(partials: stats.recorder.flush(reportsDrops: false).partials))
            #expect(batch.prt.values.flatMap { $0 } == [vector.partial], "\(vector.name)")
        }
    }

    @Test("a period's calls become the batch of the vectors, with what was dropped")
    func batches() throws {
        for vector in try WireVectors.batches() {
            let recorder = Recorder(fraction: Aggregate.defaultFraction)
            for call in vector.calls {
                if let sample = try? SampleValue(call[1]) {
                    recorder.add(sample, to: call[0])
                } else {
                    recorder.drop(1, .badSample)
                }
            }
            for reason in DropReason.allCases {
                #expect(recorder.drops[reason] == vector.drops[reason.rawValue] ?? 0, "\(vector.name): \(reason)")
            }
            let (partials, drops) = recorder.flush(reportsDrops: true)
            var numbering = PushNumbering(client: vector.cid, process: vector.process)
            for _ in 1..<vector.seq { _ = numbering.pushes(of: Array(partials.prefix(1)), uptimeSeconds: 0) }
            let pushes = numbering.pushes(of: partials, uptimeSeconds: 0, reportedDrops: drops)
            #expect(try pushes.map { try WireBatch(json: $0.body) } == [vector.body], "\(vector.name)")
        }
    }

    @Test("an answer has the consequence of the vectors")
    func answers() throws {
        let push = Push(sequence: 1, body: [], samples: 1)
        for vector in try WireVectors.answers() {
            var queue = PushQueue(bufferBatches: 10, bufferBytes: 100, seed: 1)
            _ = queue.enqueue(push)
            let start = Timestamp(milliseconds: 0)
            let step = vector.status.map { queue.answer(TransportAnswer(status: $0), at: start) } ?? queue.fail("none", at: start)
            let consequence =
                switch step.action {
                case .rest, .send: step.losses.isEmpty ? "done" : "drop"
                case .wait(let until): until.milliseconds > Backoff.firstMilliseconds ? "slowly" : "again"
                }
            #expect(consequence == vector.then, "\(vector.status ?? 0)")
        }
    }
}
