import Testing

@testable import DattssCore
@testable import DattssServer

/// Goal: what `--forward` may say, and what is shown of it.
@Suite struct ForwardTargetTests {
    static let good: [(text: String, shown: String, url: String?)] = [
        ("graphite://carbon", "graphite://carbon:2003", nil),
        ("graphite://10.0.0.1:2103/dattss.prod?user=shop", "graphite://10.0.0.1:2103/dattss.prod?user=shop", nil),
        ("graphite://[::1]:2003", "graphite://[::1]:2003", nil),
        (
            "victoriametrics://vm:8428", "victoriametrics://vm:8428/api/v1/import", "http://vm:8428/api/v1/import"
        ),
        (
            "prometheus://p:9090/api/v1/write?bearer-file=/etc/token", "prometheus://p:9090/api/v1/write",
            "http://p:9090/api/v1/write"
        ),
        (
            "https://mimir.example.com/api/v1/push", "prometheus+https://mimir.example.com:443/api/v1/push",
            "https://mimir.example.com:443/api/v1/push"
        ),
        (
            "https://p:1/w?ca-file=/etc/ca.pem&basic-file=/etc/p&user=shop", "prometheus+https://p:1/w?user=shop", "https://p:1/w"
        ),
        ("prometheus+https://p", "prometheus+https://p:9090/api/v1/write", "https://p:9090/api/v1/write"),
    ]

    @Test("what is a target", arguments: good) func targets(_ row: (text: String, shown: String, url: String?)) throws {
        let target = try #require(ForwardTarget(row.text))
        #expect("\(target)" == row.shown)
        #expect(target.url == row.url)
    }

    @Test(
        "what is none",
        arguments: [
            "", "carbon:2003", "udp://carbon", "graphite://", "graphite://:2003", "graphite://h:0", "graphite://h:70000",
            "graphite://h/a b", "graphite://h/a/b", "graphite://h/a.", "graphite://h?user=A", "graphite://h?user",
            "graphite://h?bearer-file=/x", "graphite://h?", "prometheus://u:p@h/", "prometheus://h?basic-file=a&bearer-file=b",
            "prometheus://h?x=1", "prometheus://h?ca-file=/x", "https://h?ca-file=", "https://h?ca-file=a&ca-file=b",
        ])
    func others(_ text: String) { #expect(ForwardTarget(text) == nil) }

    @Test("other targets have other files, without what names a file of credentials") func files() throws {
        let texts = ["graphite://a/b", "graphite://a/b?user=c", "graphite://a_b", "prometheus://a/b", "prometheus://a/b_"]
        let names = try texts.map { try #require(ForwardTarget($0)).fileName }
        #expect(Set(names).count == texts.count)
        #expect(names.allSatisfy { !$0.contains("/") && $0.utf8.count < 200 })
        #expect(ForwardTarget("prometheus://a?bearer-file=/x")?.fileName == ForwardTarget("prometheus://a")?.fileName)
    }
}
