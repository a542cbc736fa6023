import ArgumentParser
import DattssCore
import DattssLog
import DattssPipeline
import DattssServer
import Foundation
import Testing

@testable import dattss

@Suite("Settings")
struct SettingsTests {
    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-\(UUID()).conf").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Goal: the command line wins over the environment, the environment over the file, the file over the standard.
    @Test("come from the command line, the environment, the file, in this order")
    func order() throws {
        let path = try file("# a server\nhttp = 0.0.0.0:80\nsync=always   # with power in mind\n\nmax-partials = 7\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let environment = ["DATTSS_HTTP": "env:1", "DATTSS_CONFIG": path]
        let settings = try Settings(environment: environment)
        #expect(settings.text("http", "given:1") == "given:1")
        #expect(settings.text("http", nil) == "env:1")
        #expect(settings.text("sync", nil) == "always")
        #expect(settings.text("udp", nil) == nil)
        #expect(try settings.integer("max-partials", nil, standard: 5, atLeast: 1) == 7)
        #expect(try settings.integer("max-statistics", nil, standard: 5, atLeast: 1) == 5)
    }

    /// Goal: a mode is octal, and has no bits that a file has not.
    @Test("a socket's mode is octal, from 0 to 0777")
    func socketMode() throws {
        func mode(_ text: String) throws -> UInt32 {
            try ServeCommand.parse(["--statsd-socket-mode", text]).serverConfiguration().statsdSocketMode
        }
        #expect(try ServeCommand.parse([]).serverConfiguration().statsdSocketMode == 0o666)
        for (text, expected) in [("0", 0), ("0777", 0o777), ("660", 0o660), ("00000600", 0o600)] as [(String, UInt32)] {
            #expect(try mode(text) == expected)
        }
        for text in ["", "8", "0o600", "+600", "1000", "01777", "rw-rw-rw-", "77777777777777777777"] {
            #expect(throws: ValidationError.self, "\(text)") { try mode(text) }
        }
    }

    /// Goal: an address that is not understood never means the folder, and a password never stands in one.
    @Test("the accepted log is the folder, or a stream that is named in full")
    func acceptedLog() throws {
        func address(_ text: String) throws -> String? {
            try ServeCommand.parse(["--accepted-log", text]).serverConfiguration().acceptedLog?.description
        }
        #expect(try ServeCommand.parse([]).serverConfiguration().acceptedLog == nil && address("file") == nil)
        #expect(try address("nats://a:1,b:2/s?replicas=1") == "nats://a:1,b:2/s")
        for text in ["", "folder", "nats://a:1", "nats://joe:secret@a:1/s", "tls://a:1/s"] {
            #expect(throws: ValidationError.self, "\(text)") { try address(text) }
        }
    }

    /// Goal: one number says how much memory others can take, whatever the unit it is given in, and what makes no sense is refused.
    @Test("an amount of memory is shared out, and refused by name when it is senseless")
    func memory() throws {
        func limits(_ options: String...) throws -> Limits { try ServeCommand.parse(options).serverConfiguration().limits }
        #expect(try limits() == Limits(memoryBytes: 512 << 20) && limits() == Limits())
        for text in ["268435456", "262144k", "256m", "256M"] {
            let shares = try limits("--max-memory", text)
            #expect(shares == Limits(memoryBytes: 256 << 20) && shares.memoryBytes == 256 << 20)
            #expect((shares.uploadBytes, shares.unsentBytes) == (64 << 20, 32 << 20))
            #expect((shares.queuedPartials, shares.queuedPartialsPerUser, shares.connections) == (500_000, 100_000, 5000))
        }
        #expect(try limits("--max-memory", "2g").connections == 10_000)
        #expect(try limits("--max-memory", "256m", "--max-queued", "7").queuedPartials == 7)
        for text in ["m", "-1", "1", "31m", "512mb", "0.5g", "1.5g", "2000000g", "9223372036854775807g", "lots"] {
            let expected = "--max-memory (or DATTSS_MAX_MEMORY): is '\(text)', expected bytes from 33554432 to 1099511627776"
            let error = #expect(throws: ValidationError.self, "\(text)") { try limits("--max-memory=\(text)") }
            #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
        }
        let error = #expect(throws: ValidationError.self) { try limits("--max-memory", "32m", "--max-body-bytes", "4194305") }
        #expect(error?.message == "--max-body-bytes: is 4194305, expected at most 4194304, an eighth of --max-memory")
    }

    /// Goal: every option of `serve` has its variable and its line, and means what it says.
    @Test("reach every option of serve")
    func serve() throws {
        let lines = [
            "data-dir = /d", "http = 1.2.3.4:5", "udp = 1.2.3.4:6", "sync = never", "statsd-user = shop", "retention-days = 3",
            "hour-retention-days = 30", "statsd-tcp = [::1]:7", "graphite = [::1]:2003", "statsd-socket = /s",
            "statsd-stream-socket = /t", "statsd-socket-mode = 0620",
            "max-body-bytes = 2048", "max-partials = 11", "max-statistics = 12", "request-seconds = 13", "idle-seconds = 140",
            "max-queued-per-user = 15", "max-queued = 16", "max-connections = 170", "max-connections-per-address = 18",
            "receive-buffer-bytes = 17000", "udp-sockets = 3", "max-memory = 256m",
            "sign-up = open", "public-url = https://stats.example.com/", "mail-from = dattss@example.com",
            "smtp-url = smtp://127.0.0.1:25", "smtp-user = joe", "smtp-password = secret", "smtp-tls = true",
            "smtp-authority = /ca.pem", "tls-certificate = /c.pem", "tls-key = /k.pem",
            "trusted-proxies = 127.0.0.1, 10.0.0.0/8", "demo = true", "demo-days = 2", "no-self = true",
            "dygraphs-dir = /js", "alert-hosts = hooks.slack.com, .example.com", "alert-addresses = 127.0.0.1, 10.0.0.0/8",
            "alert-commands = /pagers", "forward = graphite://a:1/x?user=shop prometheus+https://b/w?bearer-file=/t",
            "accepted-log = nats://n:4222/dattss", "accepted-log-credentials = /n", "advertise = http://10.0.0.1:3002",
        ]
        // A server has either of the two ways to send mail.
        let names = Set(lines.map { String($0.prefix { $0 != " " }) }).union(["sendmail"])
        #expect(names == ServeCommand.optionNames.union(WebSettingNames.secret))
        let path = try file(lines.joined(separator: "\n"))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try ServeCommand.parse(["--config", path]).serverConfiguration()
        #expect(server.acceptedLog?.description == "nats://n:4222/dattss" && server.acceptedLogCredentials == "/n")
        #expect(server.advertised.map { "\($0)" } == "10.0.0.1:3002")
        #expect(server.dataDirectory == "/d" && "\(server.http) \(server.udp)" == "1.2.3.4:5 1.2.3.4:6")
        #expect(
            server.forwardTargets.map(\.description) == ["graphite://a:1/x?user=shop", "prometheus+https://b:9090/w"])
        #expect(server.statsdTCP == HostPort(host: "::1", port: 7) && server.graphite == HostPort(host: "::1", port: 2003))
        #expect(
            server.web.outgoing.hosts == ["hooks.slack.com", ".example.com"] && server.web.outgoing.commandDirectory == "/pagers")
        #expect(server.web.outgoing.exceptions == TrustedProxies("127.0.0.1,10.0.0.0/8"))
        #expect(server.statsdSocket == "/s" && server.statsdStreamSocket == "/t" && server.statsdSocketMode == 0o620)
        #expect(
            server.syncMode == .never && server.statsdUser == UserID("shop")
                && server.retention == .init(minuteDays: 3, hourDays: 30))
        var limits = Limits(memoryBytes: 256 << 20)
        (limits.bodyBytes, limits.partialsPerBatch, limits.liveStatisticsPerUser) = (2048, 11, 12)
        (limits.requestSeconds, limits.idleSeconds) = (13, 140)
        (limits.queuedPartialsPerUser, limits.queuedPartials) = (15, 16)
        (limits.connections, limits.connectionsPerAddress) = (170, 18)
        #expect(server.limits == limits && server.receiveBufferBytes == 17_000 && server.udpSockets == 3)
        var smtp = MailSettings.SMTP(url: "smtp://127.0.0.1:25")
        (smtp.user, smtp.password, smtp.requiresTLS, smtp.authorityFile) = ("joe", "secret", true, "/ca.pem")
        let from = try #require(EmailAddress("dattss@example.com"))
        #expect(server.web.mail == MailSettings(from: from, way: .smtp(smtp)))
        #expect(server.web.signUp == .open && server.web.publicURL == "https://stats.example.com")
        #expect(server.web.certificate == .init(certificate: "/c.pem", key: "/k.pem"))
        #expect(server.web.trustedProxies == TrustedProxies("127.0.0.1,10.0.0.0/8"))
        #expect(server.web.hasDemo && server.web.demoDays == 2 && !server.web.keepsOwnStatistics)
        #expect(server.plotDirectory == "/js")
        // The command line offers the same options.
        let help = ServeCommand.helpMessage()
        for option in ServeCommand.optionNames { #expect(help.contains("--\(option) "), "\(option)") }
    }

    @Test(
        "say what is wrong with a file or a value",
        arguments: [
            ("http", "expected 'option = value'"), ("htttp = 1", "no option 'htttp'"), ("= 1", "expected 'option = value'"),
            ("http = here", "expected HOST:PORT"), ("sync = often", "always, second or never"), ("max-partials = 0", "from 1 to"),
            ("statsd-user = A", "a user's name"), ("idle-seconds = 5", "from 120 to"),
            // What could not be reckoned with would end the server later.
            ("idle-seconds = 9223372036854775807", "from 120 to"), ("request-seconds = 9223372036854775807", "to 86400"),
            ("receive-buffer-bytes = 4294967296", "to 2147483647"), ("udp-sockets = 0", "from 1 to 64"),
            ("demo-days = 29", "1 to 28"),
        ])
    func wrong(line: String, complaint: String) throws {
        let path = try file(line)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = #expect(throws: (any Error).self) {
            try ServeCommand.parse(["--config", path]).serverConfiguration()
        }
        #expect(error.map { "\($0)".contains(complaint) } ?? false, "\(String(describing: error))")
    }
}
