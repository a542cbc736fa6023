import Foundation
import Testing

/// What a run of `dattss-bench load` says of itself, as far as these tests look.
private struct LoadOutcome: Decodable {
    var streams: [Stream]
    var server: Server
    var problems: [String]

    struct Stream: Decodable {
        var name: String
        var phase: Int
        var sent: Amount
        var acknowledged: Amount
        var refused: [String: Int]
        var unanswered: Int
    }

    struct Amount: Decodable, Equatable {
        var bundles: Int
        var samples: Int
    }

    struct Server: Decodable {
        var countedSamples: Int
        var udpSamples: Int
        var kernelDrops: Int
        var readBackCounters: Int
        var readBackSeries: Int
        var samplesOfOthers: Int
    }

    func stream(_ name: String, phase: Int = 1) throws -> Stream {
        try #require(streams.first { $0.name == name && $0.phase == phase })
    }
}

extension RealServer {
    /// Runs `dattss-bench load` on this server, with nobody else sending.
    fileprivate func load(_ plan: String, expects status: Int32 = 0) async throws -> LoadOutcome {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("plan-\(UUID()).json")
        try Data(plan.utf8).write(to: file)
        let program = URL(fileURLWithPath: Self.binary).deletingLastPathComponent().appendingPathComponent("dattss-bench").path
        try #require(FileManager.default.fileExists(atPath: program), "first: scripts/benchmarks build")
        let run = try await ChildProcess.run(
            program,
            ["load", "--play", file.path, "--udp", udp, "--alone", "--quiet", "--json", "--data-dir", folder])
        try FileManager.default.removeItem(at: file)
        #expect(run.status == status, "\(run.output) \(run.errors)")
        return try JSONDecoder().decode(LoadOutcome.self, from: Data(run.output.utf8))
    }

    fileprivate func residentBytes() throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * 1024
    }
}

/// What must hold however slow the machine is; how long it may take is measured by `scripts/soak`.
@Suite("Under load", .serialized)
struct OverloadTests {
    /// Goal: the generator's books and the server's agree in all shapes at once, and so do the totals of each statistic.
    @Test("everything that is sent over HTTP and UDP, by several users, is counted to the last sample")
    func books() async throws {
        let server = RealServer()
        try await server.start()
        let outcome = try await server.load(
            """
            {"phases":[{"seconds":1,"streams":[
              {"name":"bodies","over":"http","rate":2000,"users":3,"paths":70,"partials":20},
              {"name":"sketches","over":"http","rate":200,"users":2,"firstUser":2,"paths":9,"partials":4,"sketch":30},
              {"name":"lines","over":"udp","rate":3000,"users":3,"paths":50,"samples":10},
              {"name":"reader","over":"query","rate":10,"users":3}]},
             {"seconds":1,"streams":[{"name":"lines","over":"udp","rate":1000,"samples":10,"lines":"dattss","threads":2}]}]}
            """)
        #expect(outcome.problems.isEmpty && outcome.server.samplesOfOthers == 0)
        for name in ["bodies", "sketches", "reader"] {
            let stream = try outcome.stream(name)
            #expect(stream.sent.bundles > 0 && stream.acknowledged == stream.sent, "\(name)")
        }
        let sent = outcome.streams.reduce(0) { $0 + $1.sent.samples }
        #expect(sent == outcome.server.countedSamples + 10 * outcome.server.kernelDrops)
        if outcome.server.kernelDrops == 0 {
            #expect(outcome.server.readBackCounters > 100 && outcome.server.readBackSeries > 100)
        }
        try await server.discard()
    }

    /// Goal: the check can fail. A server that forgets what it has counted does not get away with it.
    @Test("a server that loses count is found out")
    func foundOut() async throws {
        let server = RealServer()
        try await server.start()
        // Long enough for a slow machine to start the server anew meanwhile.
        async let outcome = server.load(
            #"{"phases":[{"seconds":20,"streams":[{"over":"http","rate":1000,"partials":10,"connections":2}]}]}"#, expects: 1)
        #expect(try await eventually { try await server.metric("dattss_batches_accepted_total") > 20 })
        // Its counters begin anew, its statistics do not: only the statement about itself is wrong.
        try await server.kill()
        try await server.start()
        #expect(try await !outcome.problems.isEmpty)
        try await server.discard()
    }

    /// Goal: a server that is sent far more than it takes accepts or refuses each batch, counts what the kernel dropped, goes
    /// on answering, does not grow without bound, and is as before two seconds after it is over: what was collected of the last
    /// datagrams comes a second later.
    @Test("under more load than it takes, every sample is accepted, refused or counted as lost")
    func overload() async throws {
        let server = RealServer(["--max-queued-per-user", "300", "--max-queued", "600", "--receive-buffer-bytes", "4096"])
        try await server.start()
        let before = try await server.residentBytes()
        let outcome = try await server.load(
            """
            {"phases":[{"seconds":3,"streams":[
              {"name":"bodies","over":"http","rate":"max","users":3,"partials":100,"connections":40},
              {"name":"lines","over":"udp","rate":200000,"samples":20,"lines":"dattss"},
              {"name":"reader","over":"query","rate":5,"connections":2}]},
             {"seconds":2,"streams":[{"name":"reader","over":"query","rate":5,"connections":2}]},
             {"seconds":1,"streams":[{"name":"after","over":"http","rate":200,"partials":10,"connections":1}]}]}
            """)
        #expect(outcome.problems.isEmpty)
        let bodies = try outcome.stream("bodies")
        #expect(bodies.refused.keys.allSatisfy { $0 == "overloaded" } && bodies.unanswered == 0)
        #expect(bodies.refused["overloaded", default: 0] > 0, "nothing was too much: the test shows nothing")
        #expect(outcome.server.kernelDrops > 0, "the kernel dropped nothing: the test shows nothing")
        #expect(try outcome.stream("reader").refused.isEmpty)
        let after = try outcome.stream("after", phase: 3)
        #expect(after.sent.bundles > 0 && after.acknowledged == after.sent, "\(after)")
        #expect(try await server.residentBytes() < before + 300 << 20)
        try await server.discard()
    }

    /// Goal: whoever sends too much is refused, and not those who do not.
    @Test("one user's flood costs a hundred others nothing")
    func flood() async throws {
        let server = RealServer(["--max-queued-per-user", "300"])
        try await server.start()
        let outcome = try await server.load(
            """
            {"phases":[{"seconds":3,"streams":[
              {"name":"flood","over":"http","rate":"max","partials":100,"connections":16},
              {"name":"trickle","over":"http","rate":500,"users":100,"firstUser":2,"paths":5,"partials":5,"connections":20}]}]}
            """)
        #expect(outcome.problems.isEmpty)
        let trickle = try outcome.stream("trickle")
        #expect(trickle.sent.bundles > 0 && trickle.acknowledged == trickle.sent && trickle.refused.isEmpty)
        #expect(try outcome.stream("flood").acknowledged.bundles > 0)
        try await server.discard()
    }
}
