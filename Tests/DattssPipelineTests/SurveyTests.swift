import DattssCore
import DattssPipeline
import DattssTestSupport
import Testing

/// Goal: a question about many statistics sees every minute that is over once, wherever it is at the moment, and totals that fit to them.
@Suite struct SurveyTests {
    private static let ann = UserID("ann")!
    private static let ben = UserID("ben")!

    @Test("all minutes that are over are handed out once, in whatever state the log is, and totals are what these add up to")
    func minutesAndTotals() async throws {
        let harness = try PipelineHarness()
        var sums: [StatisticKey: Double] = [:]
        var random = SeededGenerator(seed: 3)
        for round in 0..<60 {
            let keys = (0..<4).filter { _ in !random.oneIn(3) }.map { StatisticKey(.counter, "hits.\($0)") }
            for key in keys {
                let value = Double(Int.random(in: 1...9, using: &random))
                #expect(await harness.pipeline.ingest.submit(batch([(key, [value])]), of: Self.ann) == .accepted)
                #expect(await harness.pipeline.ingest.submit(batch([(key, [1000])]), of: Self.ben) == .accepted)
                sums[key, default: 0] += value
            }
            harness.clock.advance(byMilliseconds: 60_000)
            if round % 20 == 13 { try await harness.killAndRestart() }
            #expect(await eventually { await survey(harness).sums == sums }, "round \(round)")
            #expect(await survey(harness).totals == sums, "round \(round)")
            // What is sent in the open minute is in neither.
            let key = StatisticKey(.counter, "hits.0")
            if sums[key] != nil {
                #expect(await harness.pipeline.ingest.submit(batch([(key, [5])]), of: Self.ann) == .accepted)
                let found = await survey(harness)
                #expect(found.sums == sums && found.totals == sums, "round \(round)")
                sums[key, default: 0] += 5
            }
        }
        await harness.stop()
    }

    private final class Found {
        var slots: [StatisticKey: Int] = [:]
        var keys: [StatisticKey] = []
        var sums: [StatisticKey: Double] = [:]
        var totals: [StatisticKey: Double] = [:]
    }

    private func survey(_ harness: PipelineHarness) async -> (sums: [StatisticKey: Double], totals: [StatisticKey: Double]) {
        let found = Found()
        let reader = SurveyReader(
            slot: { key in
                if let slot = found.slots[key] { return slot }
                found.slots[key] = found.keys.count
                found.keys.append(key)
                return found.keys.count - 1
            },
            add: { slot, point, _ in
                found.sums[found.keys[slot], default: 0] += point.aggregate.sum
                return true
            },
            restart: { found.sums = [:] },
            keys: { found.keys.enumerated().map { ($0.offset, $0.element) } },
            setTotal: { found.totals[found.keys[$0]] = $1 })
        let request = SurveyRequest(
            user: Self.ann, prefix: "hits", minutes: Minute(0)..<Minute(1 << 40), withSketches: false, withTotals: true)
        do { _ = try await harness.pipeline.queries.survey(request, into: reader) } catch { Issue.record(error) }
        return (found.sums, found.totals)
    }
}
