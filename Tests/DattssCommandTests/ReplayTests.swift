import DattssCore
import DattssLog
import DattssTestSupport
import Testing

@testable import dattss

/// Goal: the same log gives the same minutes, however often and however fast it is played.
@Suite struct ReplayTests {
    private let users = ["ann", "bob"].compactMap { UserID($0) }
    private let start = Timestamp(seconds: 1_795_305_600)

    /// A lane of some minutes with gaps, of two users, with sketches and numbers whose sum depends on their order.
    private func record(seed: UInt64, batches: Int = 200, gaps: Bool = true) throws -> SimulatedFileSystem {
        var random = SeededGenerator(seed: seed)
        let fileSystem = SimulatedFileSystem()
        let lane = AcceptedLane(fileSystem: fileSystem, directory: "/data")
        var at = start
        for number in 0..<batches {
            at = at.advanced(byMilliseconds: Int64.random(in: 0...(gaps && random.oneIn(40) ? 400_000 : 3000), using: &random))
            let partials = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                var accumulator = SampleAccumulator()
                for _ in 0..<Int.random(in: 1...5, using: &random) { accumulator.add(Double.random(in: 0...1e6, using: &random)) }
                let kind = random.element(of: Kind.allCases)
                let key = StatisticKey(kind, "statistic.\(Int.random(in: 0...9, using: &random))")
                return Partial(key, accumulator.partial(of: kind) ?? Aggregate(sample: 1))
            }
            let user = random.element(of: users)
            let batch = Batch(partials: partials, origin: Batch.Origin(client: "client", sequence: Int64(number)))
            try lane.append([(encoded: BatchCodec.encode(user: user, batch: batch), at: at)])
        }
        return fileSystem
    }

    private func play(
        _ fileSystem: SimulatedFileSystem, from source: String = "/data", to target: String,
        _ speed: ReplaySpeed = .unpaced
    ) async throws -> AcceptedReplay.Outcome {
        try await AcceptedReplay(fileSystem: fileSystem, from: source, to: target, speed: speed).run()
    }

    @Test("played twice, a log gives the same digest, and stays as it is", arguments: 1...4 as ClosedRange<UInt64>)
    func twice(seed: UInt64) async throws {
        let fileSystem = try record(seed: seed)
        let before = fileSystem.files
        let first = try await play(fileSystem, to: "/first")
        let second = try await play(fileSystem, to: "/second")
        #expect(first.digest == second.digest, "seed \(seed)")
        #expect(first.isComplete && first.batches == 200 && first.duplicates == 0)
        #expect(first.digest.aggregates > 50)
        #expect(fileSystem.files.filter { $0.key.hasPrefix("/data") } == before)
    }

    @Test("what a replay writes can be played again, and other traffic gives another digest")
    func again() async throws {
        let fileSystem = try record(seed: 9, batches: 40, gaps: false)
        let first = try await play(fileSystem, to: "/first")
        #expect(try await play(fileSystem, from: "/first", to: "/second").digest == first.digest)
        let other = try record(seed: 10, batches: 40, gaps: false)
        #expect(try await play(other, to: "/first").digest != first.digest)
    }

    @Test("copied segments count once")
    func copies() async throws {
        let fileSystem = try record(seed: 5)
        let expected = try await play(fileSystem, to: "/first").digest
        let path = LogLayout.path(of: .accepted, sequence: 1, in: "/data")
        let copy = try fileSystem.open(LogLayout.path(of: .accepted, sequence: 900, in: "/data"), .appendingToNew)
        try copy.writeAll(try #require(fileSystem.bytes(of: path)))
        #expect(try await play(fileSystem, to: "/second").digest == expected)
    }

    @Test("a value that differs by one bit gives another digest, and damage is told")
    func differences() async throws {
        let fileSystem = try record(seed: 6, batches: 30)
        let expected = try await play(fileSystem, to: "/first").digest
        fileSystem.corrupt(LogLayout.path(of: .accepted, sequence: 1, in: "/data")) { $0[$0.count - 3] ^= 1 }
        let damaged = try await play(fileSystem, to: "/second")
        #expect(damaged.digest != expected)
        #expect(!damaged.isComplete && damaged.batches < 30)
    }

    @Test("a pace is kept, and changes nothing")
    func paced() async throws {
        let fileSystem = try record(seed: 7, batches: 30)
        let unpaced = try await play(fileSystem, to: "/first")
        let times = try #require(unpaced.times)
        let milliseconds = times.upperBound.milliseconds - times.lowerBound.milliseconds
        let paced = try await play(fileSystem, to: "/second", .factor(Double(milliseconds) / 100))
        #expect(paced.digest == unpaced.digest)
        #expect(paced.took >= .milliseconds(99))
    }

    @Test("speeds are factors or max", arguments: [("max", ReplaySpeed.unpaced), ("10x", .factor(10)), ("0.5x", .factor(0.5))])
    func speeds(text: String, speed: ReplaySpeed) {
        #expect(ReplaySpeed(argument: text) == speed)
        #expect(["", "x", "10", "-1x", "0x", "nanx", "infx"].allSatisfy { ReplaySpeed(argument: $0) == nil })
    }
}
