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

    /// Goal: every option of `serve` has its variable and its line, and means what it says.
    @Test("reach every option of serve")
    func serve() throws {
        let lines = [
            "data-dir = /d", "http = 1.2.3.4:5", "udp = 1.2.3.4:6", "sync = never", "statsd-user = shop", "retention-days = 3",
            "hour-retention-days = 30", "statsd-tcp = [::1]:7", "statsd-socket = /s", "statsd-stream-socket = /t",
            "max-body-bytes = 2048", "max-partials = 11", "max-statistics = 12", "request-seconds = 13", "idle-seconds = 140",
            "max-queued-per-user = 15", "max-queued = 16", "receive-buffer-bytes = 17000",
        ]
        #expect(Set(lines.map { String($0.prefix { $0 != " " }) }) == ServeCommand.optionNames)
        let path = try file(lines.joined(separator: "\n"))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try ServeCommand.parse(["--config", path]).serverConfiguration()
        #expect(server.dataDirectory == "/d" && "\(server.http) \(server.udp)" == "1.2.3.4:5 1.2.3.4:6")
        #expect(server.statsdTCP == HostPort(host: "::1", port: 7))
        #expect(server.statsdSocket == "/s" && server.statsdStreamSocket == "/t")
        #expect(
            server.syncMode == .never && server.statsdUser == UserID("shop")
                && server.retention == .init(minuteDays: 3, hourDays: 30))
        var limits = Limits()
        (limits.bodyBytes, limits.partialsPerBatch, limits.liveStatisticsPerUser) = (2048, 11, 12)
        (limits.requestSeconds, limits.idleSeconds) = (13, 140)
        (limits.queuedPartialsPerUser, limits.queuedPartials) = (15, 16)
        #expect(server.limits == limits && server.receiveBufferBytes == 17_000)
        // The command line offers the same options.
        let help = ServeCommand.helpMessage()
        for option in ServeCommand.optionNames { #expect(help.contains("--\(option) "), "\(option)") }
    }

    @Test(
        "say what is wrong with a file or a value",
        arguments: [
            ("http", "expected 'option = value'"), ("htttp = 1", "no option 'htttp'"), ("= 1", "expected 'option = value'"),
            ("http = here", "expected HOST:PORT"), ("sync = often", "always, second or never"), ("max-partials = 0", "at least 1"),
            ("statsd-user = A", "a user's name"), ("idle-seconds = 5", "at least 120"),
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
