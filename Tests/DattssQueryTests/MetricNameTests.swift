import DattssCore
import DattssQuery
import Testing

@Suite struct MetricNameTests {
    @Test(
        "a path has the name that the documents say",
        arguments: [
            (Kind.gauge, "routes.get_user", MetricField.gauge, "routes:get_user"),
            (.counter, "orders.paid", .total, "orders:paid_total"),
            (.counter, "hits.env:prod.host:web1.example.com", .total, "hits_total{env=\"prod\", host=\"web1.example.com\"}"),
            (.timer, "GET_-users", .timerCount, "GET__x2d_users_ms_count"), (.timer, "wait", .distribution, "wait_ms"),
            (.timer, "wait", .bucket, "wait_ms_bucket"), (.gauge, "x_total", .gauge, "x__x74_otal"),
            (.counter, "x_total", .total, "x_total_total"), (.gauge, "a_x2d", .gauge, "a_x5f_x2d"),
            (.gauge, "5xx", .gauge, "_x35_xx"),
            (.gauge, "a.b:1.a:2", .gauge, "a:b_x3a_1:a_x3a_2"), (.gauge, "a:b", .gauge, "a_x3a_b"),
            (.gauge, "a.le:5", .gauge, "a:le_x3a_5"),
        ])
    func names(_ kind: Kind, _ path: String, _ field: MetricField, _ expected: String) {
        let name = MetricName(StatisticKey(kind, path), field)
        #expect(name.labels.text == expected)
        #expect(name.key == StatisticKey(kind, path))
    }

    @Test("the name of any path leads back to it, and no two paths have one name", arguments: 0..<6)
    func wayBack(seed: UInt64) {
        var random = Seeded(seed)
        let pieces = [
            "a", "b", "_", "__", ".", ":", "-", "!", "x", "x2d", "_x2d_", "5", "total", "_total", "_ms", "_count", "_ms_count",
            "env:prod",
            ".env:prod", ".host:a.b", "_bucket", "..", "_x74_",
        ]
        var seen: [Labels: StatisticKey] = [:]
        for _ in 0..<200 {
            let path = (0..<Int.random(in: 1...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            for field in MetricField.allCases {
                let key = StatisticKey(field.kind, path)
                let name = MetricName(key, field)
                #expect(name.key == key, "seed \(seed)")
                let parsed = MetricName.parse(name.metric)
                #expect(parsed?.base == name.base && parsed?.field == field, "seed \(seed): \(path) is \(name.metric)")
                #expect(name.metric.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil, "seed \(seed): \(name.metric)")
                let earlier = seen.updateValue(key, forKey: name.labels)
                #expect(earlier == nil || earlier == key, "seed \(seed): \(path) and \(String(describing: earlier))")
            }
        }
    }

    @Test("a name that no statistic has is not taken for another's", arguments: ["x_x2D_", "a_x", "_total", "", "é", "a_x61_"])
    func foreign(_ metric: String) {
        if let (base, field) = MetricName.parse(metric) {
            #expect(MetricName(StatisticKey(field.kind, base), field).metric == metric)
        }
    }
}
