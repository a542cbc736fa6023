import DattssCore
import DattssTestSupport
import Testing

@testable import DattssClient

/// `Fixtures/wire` against the Swift SDK.
@Suite struct WireVectorTests {
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
