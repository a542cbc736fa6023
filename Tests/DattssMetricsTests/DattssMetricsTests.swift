import DattssClient
import DattssCore
import DattssTestSupport
import Metrics
import Synchronization
import Testing

@testable import DattssMetrics

@Suite struct DattssMetricsTests {
    /// Acknowledges everything and remembers it.
    private final class Acknowledging: Transport {
        let bodies = Mutex<[[UInt8]]>([])

        func send(_ request: TransportRequest) async throws -> TransportAnswer {
            bodies.withLock { $0.append(request.body) }
            return TransportAnswer(status: 200)
        }
    }

    /// What `work` makes a program send.
    private func sent(_ work: (DattssMetrics) -> Void) async throws -> [StatisticKey: Aggregate] {
        let transport = Acknowledging()
        let stats = Dattss(Dattss.Configuration(auth: "KEY"), transport: transport, clock: ManualClock(Timestamp(seconds: 0)))
        work(DattssMetrics(stats))
        #expect(await stats.flush())
        let body = try #require(transport.bodies.withLock { $0.first })
        let batch = try body.withUnsafeBytes { bytes throws(WireError) in try BatchDecoder.decode(bytes) }
        return Dictionary(uniqueKeysWithValues: batch.partials.map { ($0.key, $0.aggregate) })
    }

    @Test("every instrument of swift-metrics becomes a statistic of its kind")
    func kinds() async throws {
        let sent = try await sent { factory in
            let counter = Counter(label: "hits", dimensions: [], factory: factory)
            counter.increment()
            counter.increment(by: 4)
            counter.reset()
            FloatingPointCounter(label: "litres", dimensions: [], factory: factory).increment(by: 2.5)
            let timer = Metrics.Timer(label: "wait", dimensions: [], preferredDisplayUnit: .seconds, factory: factory)
            timer.recordMilliseconds(12)
            timer.recordNanoseconds(500_000)
            let meter = Meter(label: "queue", dimensions: [], factory: factory)
            meter.set(10)
            meter.increment(by: 5)
            meter.decrement(by: 2)
            Gauge(label: "load", dimensions: [], factory: factory).record(0.75)
            Recorder(label: "size", dimensions: [], aggregate: true, factory: factory).record(300)
        }
        #expect(sent[StatisticKey(.counter, "hits")]?.sum == 5)
        #expect(sent[StatisticKey(.counter, "hits")]?.count == 2)
        #expect(sent[StatisticKey(.counter, "litres")]?.sum == 2.5)
        #expect(sent[StatisticKey(.timer, "wait")]?.sum == 12.5)
        #expect(sent[StatisticKey(.timer, "wait")]?.min == 0.5)
        #expect(sent[StatisticKey(.gauge, "queue")]?.last == 13)
        #expect(sent[StatisticKey(.gauge, "queue")]?.max == 15)
        #expect(sent[StatisticKey(.gauge, "load")]?.last == 0.75)
        #expect(sent[StatisticKey(.timer, "size")]?.last == 300)
        #expect(sent.count == 6)
    }

    @Test("dimensions become components of the path, in sorted order, and what no path has becomes _")
    func paths() {
        #expect(
            DattssMetrics.path("http.requests", [("status", "200"), ("method", "GET")]) == "http.requests.method:GET.status:200")
        #expect(DattssMetrics.path("a b/é", []) == "a_b___")
        #expect(DattssMetrics.path("", []) == "_")
        #expect(DattssMetrics.path(String(repeating: "x", count: 300), [("a", "b")]).utf8.count == 255)
    }

    @Test("increments of a meter from many tasks at once leave the right level as the last sample")
    func concurrentMeter() async throws {
        let transport = Acknowledging()
        let stats = Dattss(Dattss.Configuration(auth: "KEY"), transport: transport, clock: ManualClock(Timestamp(seconds: 0)))
        let meter = Meter(label: "open", dimensions: [], factory: DattssMetrics(stats))
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<8 {
                tasks.addTask { for _ in 0..<100 { meter.increment(by: 1) } }
            }
        }
        #expect(await stats.flush())
        let body = try #require(transport.bodies.withLock { $0.first })
        let batch = try body.withUnsafeBytes { bytes throws(WireError) in try BatchDecoder.decode(bytes) }
        #expect(batch.partials.map(\.aggregate.last) == [800])
    }
}
