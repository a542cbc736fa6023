import DattssCore
import Synchronization
import Testing

@testable import DattssServer

@Suite struct OTLPTurnsTests {
    /// How many are in their turn now, were at the most, and were in all.
    private final class Inside: Sendable {
        private let state = Mutex([0, 0, 0])

        var counts: [Int] { state.withLock { $0 } }
        func begin() { state.withLock { $0 = [$0[0] + 1, max($0[1], $0[0] + 1), $0[2] + 1] } }
        func end() { state.withLock { $0[0] -= 1 } }
    }

    @Test("one export of a user is worked on at a time, whatever becomes of it, and those of others are not waited for")
    func turns() async throws {
        // Goal: what an export is taken for never depends on one whose fate is not known yet.
        struct Refused: Error {}
        let turns = OTLPTurns()
        let (ann, bob) = (UserID("ann")!, UserID("bob")!)
        let inside = Inside()
        await withTaskGroup { group in
            for number in 0..<100 {
                group.addTask {
                    try? await turns.inTurn(of: ann) {
                        inside.begin()
                        for _ in 0..<number % 7 { await Task.yield() }
                        // Ann's turn is still hers: bob does not wait for its end.
                        if number % 10 == 0 { await turns.inTurn(of: bob) {} }
                        inside.end()
                        if number % 3 == 0 { throw Refused() }
                    }
                }
            }
        }
        #expect(inside.counts == [0, 1, 100])
        await turns.inTurn(of: ann) {}
    }
}
