import Foundation
import Subprocess
import Testing

/// What does not vary from machine to machine: how often the hot path asks for memory, and how much a statistic keeps. Counted
/// in a program of its own, `Benchmarks/Sources/HotPath`: optimised, which tests are not, and with a malloc that counts.
@Suite struct AllocationTests {
    @Test("no sample and no partial asks for memory, and a live statistic keeps what the README says")
    func hotPath() async throws {
        // Goal: what is asked for is asked for a datagram, a body or a minute, and is little by the fifty items of each; and a
        // field too many in what is kept of every statistic is noticed.
        let figures = try await Self.run()
        let allocations = [
            "decode a datagram": 0, "accumulate a datagram": 0.01, "decode a body": 0.05,
            "merge into window, status and minute": 0.05, "encode an accepted batch": 0.05,
        ]
        for (name, limit) in allocations { #expect(try #require(figures.allocations[name]) <= limit, "\(name)") }
        let bytes: [String: Double] = [
            "counter of ones": 512, "counter, a varying sample a partial": 512, "gauge that stays": 512,
            "gauge, a varying sample a partial": 512, "gauge, 20 samples a partial": 516, "timer, a sample a partial": 700,
            "timer, 20 samples a partial": 1100,
        ]
        for (name, limit) in bytes { #expect(try #require(figures.bytes[name]) <= limit, "\(name)") }
    }

    private struct Figures: Decodable {
        /// An item.
        var allocations: [String: Double]
        var bytes: [String: Double]
    }

    private static func run() async throws -> Figures {
        let debug = URL(fileURLWithPath: RealServer.binary).deletingLastPathComponent()
        // `scripts/test` builds it.
        let program = debug.deletingLastPathComponent().appendingPathComponent("release/HotPath")
        try #require(
            FileManager.default.fileExists(atPath: program.path), "first: scripts/benchmarks build -c release --product HotPath")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-hot-path-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let library = debug.appendingPathComponent("libAllocationCount.so").path
        let ended = try await ChildProcess.run(
            program.path, [folder.path, "20000"], environment: .inherit.updating(["LD_PRELOAD": library]))
        #expect(ended.status == 0, "\(ended.errors)")
        return try JSONDecoder().decode(Figures.self, from: Data(ended.output.utf8))
    }
}
