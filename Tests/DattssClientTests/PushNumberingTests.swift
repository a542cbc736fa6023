import DattssCore
import Testing

@testable import DattssClient

@Suite struct PushNumberingTests {
    private func partials(_ count: Int) -> [Partial] {
        (0..<count).map { Partial(StatisticKey(.counter, "path.\($0)"), Aggregate(sample: Double($0))) }
    }

    @Test("batches are numbered from 1 and carry the client, the process and its uptime")
    func numbers() throws {
        var numbering = PushNumbering(client: "cafe", process: "api")
        for expected in 1...3 as ClosedRange<Int64> {
            let pushes = numbering.pushes(of: partials(2), uptimeSeconds: 12)
            let batch = try decode(try #require(pushes.first).body)
            #expect(batch.origin == Batch.Origin(client: "cafe", sequence: expected))
            #expect(batch.process == "api" && batch.uptimeSeconds == 12)
            #expect(pushes[0].samples == 2)
        }
    }

    @Test("nothing recorded makes no batch and takes no number")
    func empty() {
        var numbering = PushNumbering(client: "cafe", process: nil)
        #expect(numbering.pushes(of: [], uptimeSeconds: 0).isEmpty)
        #expect(numbering.pushes(of: partials(1), uptimeSeconds: 0)[0].sequence == 1)
    }

    @Test("what is too much for one batch is cut, and every piece is within the server's limits")
    func split() throws {
        var limits = Limits()
        limits.partialsPerBatch = 300
        limits.bodyBytes = 20_000
        var numbering = PushNumbering(client: "cafe", process: nil, limits: limits)
        let pushes = numbering.pushes(of: partials(1000), uptimeSeconds: 0)
        #expect(pushes.map(\.sequence) == Array(1...Int64(pushes.count)))
        #expect(pushes.allSatisfy { $0.body.count <= 20_000 })
        #expect(try pushes.flatMap { try decode($0.body).partials } == partials(1000))
    }

    @Test("earlier drops are reported as a counter, which is not itself a sample")
    func reportedDrops() throws {
        var numbering = PushNumbering(client: "cafe", process: nil)
        let pushes = numbering.pushes(of: partials(1), uptimeSeconds: 0, reportedDrops: 5)
        #expect(pushes[0].samples == 1 && pushes[0].reportedDrops == 5)
        #expect(try decode(pushes[0].body).aggregate(.counter, "dattss.client.dropped")?.sum == 5)
    }
}
