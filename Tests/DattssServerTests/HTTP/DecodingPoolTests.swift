import DattssCore
import DattssPipeline
import Dispatch
import Synchronization
import Testing

@testable import DattssServer

/// Goal: dear work is bounded, and a user who sends much of it does not make others wait for all of it.
@Suite("DecodingPool")
struct DecodingPoolTests {
    private final class Record: Sendable {
        let names = Mutex<[String]>([])
        let running = Mutex((now: 0, most: 0))
    }

    private func user(_ name: String) throws -> UserID { try #require(UserID(name)) }

    @Test("users take turns, each with the oldest of theirs")
    func turns() async throws {
        let pool = DecodingPool(width: 1)
        let gate = DispatchSemaphore(value: 0)
        let done = Record()
        let order = ["ann", "ann", "ann", "bob", "cid", "cid"]
        try await withThrowingTaskGroup { group in
            group.addTask { try await pool.run(of: .local) { gate.wait() } }
            while pool.counts.underWay == 0 { await Task.yield() }
            for (number, name) in order.enumerated() {
                let user = try user(name)
                group.addTask {
                    try await pool.run(of: user) { done.names.withLock { $0.append("\(name)\(number)") } }
                }
                while pool.counts.waiting <= number { await Task.yield() }
            }
            gate.signal()
            try await group.waitForAll()
        }
        #expect(done.names.withLock { $0 } == ["ann0", "bob3", "cid4", "ann1", "cid5", "ann2"])
        #expect(pool.counts.begun == 7 && pool.counts.waiting == 0)
    }

    @Test("never more at once than it has threads, and what fails makes room")
    func width() async throws {
        let pool = DecodingPool(width: 2)
        let record = Record()
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    try? await pool.run(of: UserID("u\(number % 7)") ?? .local) {
                        record.running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        defer { record.running.withLock { $0.now -= 1 } }
                        if number.isMultiple(of: 3) { throw WireError(.malformed, "") }
                    }
                }
            }
        }
        #expect(record.running.withLock { $0.most } <= 2)
        // (A thread answers before it looks for the next.)
        while pool.counts.underWay > 0 { await Task.yield() }
        #expect(pool.counts.begun == 200 && pool.counts.waiting == 0)
    }
}
