import Testing

@testable import DattssCore
@testable import DattssServer

/// Goal: what is scraped is what the status says, in the two text formats as their specifications have them.
@Suite struct ExportTextTests {
    private static func status(
        _ kind: Kind, _ path: String, sum: Double = 0, last: Double = 0, _ percentiles: StatisticStatus.Percentiles? = nil
    ) -> StatisticStatus {
        StatisticStatus(
            key: StatisticKey(kind, path), sum: sum, since: nil, last: last, seen: Timestamp(seconds: 1_795_330_000),
            isEmphasised: false, window: Window.Totals(), percentiles: percentiles)
    }

    private static let statuses = [
        status(.timer, "wait", .init(p50: 20.5, p95: 100, p99: 1e30)),
        status(.counter, "hits.host:b", sum: 7),
        status(.gauge, "load", last: -0.25),
        status(.timer, "silent"),
        status(.counter, "hits.host:a", sum: 2.5),
        status(.counter, "orders.paid", sum: 12_345_678_901),
    ]

    @Test("families follow their names, series their labels, and a timer without percentiles is not there")
    func plain() {
        #expect(
            ExportText.write(Self.statuses, .plain) == """
                # TYPE hits_total counter
                hits_total{host="a"} 2.5
                hits_total{host="b"} 7
                # TYPE load gauge
                load -0.25
                # TYPE orders:paid_total counter
                orders:paid_total 12345678901
                # TYPE wait_ms summary
                wait_ms{quantile="0.5"} 20.5
                wait_ms{quantile="0.95"} 100
                wait_ms{quantile="0.99"} 1e+30

                """)
        #expect(ExportText.write([], .plain) == "")
    }

    @Test("in OpenMetrics a family of counters is named without the ending, and the text has an end")
    func openMetrics() {
        let text = ExportText.write(Self.statuses, .openMetrics)
        #expect(text.hasPrefix("# TYPE hits counter\nhits_total{host=\"a\"} 2.5\nhits_total{host=\"b\"} 7\n# TYPE load gauge\n"))
        #expect(text.hasSuffix("wait_ms{quantile=\"0.99\"} 1e+30\n# EOF\n"))
        #expect(ExportText.write([], .openMetrics) == "# EOF\n")
    }

    @Test("OpenMetrics is for those who accept it")
    func formats() {
        let accepted = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
        #expect(ExportText.Format(accepted: accepted) == .openMetrics)
        #expect(ExportText.Format(accepted: "text/plain") == .plain)
        #expect(ExportText.Format(accepted: nil) == .plain)
    }
}
