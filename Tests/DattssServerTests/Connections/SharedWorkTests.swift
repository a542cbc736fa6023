import Synchronization
import Testing

@testable import DattssServer

/// Goal: many who ask the same cost one answer, and no answer is older than its question.
@Suite("Shared work")
struct SharedWorkTests {
    @Test("who comes before the work begins shares it, who comes later has a part in the next")
    func groups() async throws {
        let shared = SharedWork<Int, Int>()
        let works = Mutex(0)
        let (mayBegin, begin) = AsyncStream.makeStream(of: Void.self)
        let (hasBegun, began) = AsyncStream.makeStream(of: Void.self)
        let (mayEnd, end) = AsyncStream.makeStream(of: Void.self)
        let ask: @Sendable () async throws -> Int = {
            try await shared.value(of: 1, isWanted: { true }) { group in
                for await _ in mayBegin { break }
                group.begin()
                let number = works.withLock { works in
                    works += 1
                    return works
                }
                began.yield()
                for await _ in mayEnd { break }
                return number
            }
        }
        async let first = ask()
        async let second = ask()
        while shared.askers(of: 1) < 2 { await Task.yield() }
        begin.yield()
        for await _ in hasBegun { break }
        async let third = ask()
        while shared.askers(of: 1) < 1 { await Task.yield() }
        end.yield()
        #expect(try await [first, second] == [1, 1])
        begin.yield()
        for await _ in hasBegun { break }
        end.yield()
        #expect(try await third == 2)
    }

    @Test("all of a group are told the same error, and the next begins anew")
    func errors() async throws {
        struct Refused: Error {}
        let shared = SharedWork<Int, Int>()
        await #expect(throws: Refused.self) { try await shared.value(of: 1, isWanted: { true }) { _ in throw Refused() } }
        #expect(try await shared.value(of: 1, isWanted: { true }) { _ in 5 } == 5)
        #expect(shared.askers(of: 1) == 0)
    }

    @Test("a group is wanted as long as one of it is there")
    func wanted() async throws {
        let shared = SharedWork<Int, Bool>()
        for isThere in [true, false] {
            #expect(try await shared.value(of: 1, isWanted: { isThere }) { $0.isWanted() } == isThere)
        }
    }
}
