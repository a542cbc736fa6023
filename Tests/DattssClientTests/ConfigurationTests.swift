import DattssCore
import Synchronization
import Testing

@testable import DattssClient

@Suite struct ConfigurationTests {
    private func configuration(_ variables: [String: String]) -> (Dattss.Configuration, [String]) {
        let lines = Lines()
        let configuration = Dattss.Configuration(process: "api", environment: { variables[$0] }, log: lines.append)
        return (configuration, lines.all)
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        @Sendable func append(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("an empty environment is a server on this machine")
    func defaults() {
        let (configuration, lines) = configuration([:])
        #expect(configuration.url == "http://127.0.0.1:3002")
        #expect(configuration.pushPeriodMilliseconds == 5000 && configuration.percentile == 0.1)
        #expect(lines.isEmpty)
    }

    @Test("the names of the original clients are read")
    func names() {
        let (configuration, _) = configuration([
            "DATTSS_AUTH_KEY": "local.key", "DATTSS_SERVER_HTTP_HOST": "stats", "DATTSS_SERVER_HTTP_PORT": "80",
            "DATTSS_PERCENTILE": "0.05", "DATTSS_PUSH_PERIOD": "2.5", "DATTSS_DEBUG": "true",
        ])
        #expect(configuration.auth == "local.key" && configuration.url == "http://stats:80")
        #expect(configuration.percentile == 0.05 && configuration.pushPeriodMilliseconds == 2500)
        #expect(configuration.isDebugging)
    }

    @Test("a push period of the early clients is in milliseconds")
    func milliseconds() {
        #expect(configuration(["DATTSS_PUSH_PERIOD": "5000"]).0.pushPeriodMilliseconds == 5000)
    }

    @Test(
        "what cannot be read is said and ignored",
        arguments: [
            ("DATTSS_SERVER_HTTP_PORT", "0"), ("DATTSS_SERVER_HTTP_PORT", "http"), ("DATTSS_PERCENTILE", "0.6"),
            ("DATTSS_PERCENTILE", "nan"), ("DATTSS_PUSH_PERIOD", "-1"), ("DATTSS_PUSH_PERIOD", "inf"),
            ("DATTSS_SERVER_HTTP_HOST", "http://stats/"),
        ])
    func unreadable(name: String, value: String) {
        let (configuration, lines) = configuration([name: value])
        #expect(configuration.url == "http://127.0.0.1:3002" && configuration.percentile == 0.1)
        #expect(configuration.pushPeriodMilliseconds == 5000)
        #expect(lines.count == 1 && lines[0].hasPrefix(name))
    }

    @Test("a process name that the server would refuse is mended")
    func processName() {
        #expect(Dattss.Configuration(auth: "k", process: "my api/1").process == "my_api_1")
        #expect(Dattss.Configuration(auth: "k", process: "").process == nil)
        let long = Dattss.Configuration(auth: "k", process: String(repeating: "x", count: 100))
        #expect(long.process?.utf8.count == Name.processBytesMax)
    }

    @Test("addresses lose a slash at their end, and get brackets around IPv6")
    func addresses() {
        #expect(Dattss.Configuration(auth: "k", url: "https://stats/dattss//").url == "https://stats/dattss")
        #expect(Dattss.Configuration(auth: "k", host: "::1", port: 3002).url == "http://[::1]:3002")
    }
}
