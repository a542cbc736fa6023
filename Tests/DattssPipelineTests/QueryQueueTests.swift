import DattssCore
import DattssTestSupport
import Synchronization
import Testing

@testable import DattssPipeline

/// Goal: nobody's questions keep others waiting for long, and there are never more under way or waiting than was said.
@Suite("Turns of queries")
struct QueryQueueTests {
    private static let bounds = TurnBounds(atOnceMax: 2, atOncePerUserMax: 1, waitingMax: 4, waitingPerUserMax: 3)

    private static func user(_ name: String) throws -> UserID { try #require(UserID(name)) }

    @Test("one user has one, another has the other, and who waits comes in turn with other users")
    func turns() throws {
        let (ann, ben, cem) = (try Self.user("ann"), try Self.user("ben"), try Self.user("cem"))
        var queue = TurnQueue<Int>(Self.bounds)
        #expect(queue.enter(ann, 1) == .go)
        #expect(queue.enter(ann, 2) == .wait)
        #expect(queue.enter(ann, 3) == .wait)
        #expect(queue.enter(ben, 4) == .go)
        #expect(queue.enter(cem, 5) == .wait)
        // Nothing of cem was answered yet.
        #expect(queue.leave(ann) == [5])
        #expect(queue.leave(cem) == [2])
        #expect(queue.leave(ben) == [])
        #expect(queue.leave(ann) == [3])
        #expect(queue.leave(ann) == [])
        #expect(queue.counts == TurnCounts(begun: 5))
    }

    @Test("too many of one user are refused, and too many of all")
    func refusals() throws {
        var queue = TurnQueue<Int>(Self.bounds)
        let (ann, ben, cem) = (try Self.user("ann"), try Self.user("ben"), try Self.user("cem"))
        for number in 0..<4 { #expect(queue.enter(ann, number) == (number == 0 ? .go : .wait)) }
        #expect(queue.enter(ann, 9) == .refuse(.tooManyOfUser))
        #expect(queue.enter(ben, 4) == .go)
        #expect(queue.enter(ben, 5) == .wait)
        #expect(queue.enter(cem, 6) == .refuse(.tooMany))
        #expect(queue.counts == TurnCounts(begun: 2, underWay: 2, waiting: 4, refused: 1, refusedOfUser: 1))
    }

    @Test("who sends little waits for one piece of another's much, and not for all that costs as much as theirs")
    func costs() throws {
        let (ann, ben) = (try Self.user("ann"), try Self.user("ben"))
        var queue = TurnQueue<String>(
            TurnBounds(atOnceMax: 1, atOncePerUserMax: 1, waitingMax: 100, waitingPerUserMax: 100))
        #expect(queue.enter(ann, cost: 100, "") == .go)
        for number in 0..<3 { #expect(queue.enter(ann, cost: 100, "ann \(number)") == .wait) }
        for number in 0..<12 { #expect(queue.enter(ben, cost: 10, "ben \(number)") == .wait) }
        var (order, user): ([String], UserID) = ([], ann)
        while let next = queue.leave(user).first {
            order.append(next)
            user = next.hasPrefix("ann") ? ann : ben
        }
        // Ben is behind by what ann has had, and then has as much in the time of one of hers.
        let expected =
            (0..<10).map { "ben \($0)" } + ["ann 0", "ben 10", "ben 11", "ann 1", "ann 2"]
        #expect(order == expected)
        #expect(queue.counts == TurnCounts(begun: 16))
    }

    @Test("what somebody had long ago is not remembered, however many come and go")
    func memory() throws {
        var queue = TurnQueue<Int>(TurnBounds(atOnceMax: 2, atOncePerUserMax: 1, waitingMax: 1, waitingPerUserMax: 1))
        let busy = try Self.user("busy")
        #expect(queue.enter(busy, 0) == .go)
        for number in 0..<100_000 {
            let user = try Self.user("user\(number)")
            #expect(queue.enter(user, number) == .go)
            #expect(queue.leave(user) == [])
            #expect(queue.rememberedCount <= 1024)
        }
    }

    @Test("whatever comes and goes, bounds hold, everybody gets in, and no one waits while there is room")
    func schedules() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let users = try ["ann", "ben", "cem", "dan"].map(Self.user)
        var queue = TurnQueue<(user: UserID, number: Int)>(Self.bounds)
        var (underWay, waiting): ([UserID], Set<Int>) = ([], [])
        for number in 0..<20_000 {
            if Bool.random(using: &random), let position = underWay.indices.randomElement(using: &random) {
                for next in queue.leave(underWay.remove(at: position)) {
                    #expect(waiting.remove(next.number) != nil)
                    underWay.append(next.user)
                }
            } else if let user = users.randomElement(using: &random) {
                switch queue.enter(user, (user, number)) {
                case .go: underWay.append(user)
                case .wait: waiting.insert(number)
                case .refuse: #expect(queue.counts.waiting >= 3)
                }
            }
            #expect(underWay.count <= 2 && Set(underWay).count == underWay.count && waiting.count <= 4)
            #expect(queue.counts.underWay == underWay.count && queue.counts.waiting == waiting.count)
            #expect(waiting.isEmpty || !underWay.isEmpty)
        }
        while let user = underWay.popLast() {
            for next in queue.leave(user) {
                waiting.remove(next.number)
                underWay.append(next.user)
            }
        }
        #expect(waiting.isEmpty)
    }

    @Test("an answer that nobody waits for any more is not worked out, and the next in turn is")
    func abandoned() async throws {
        let turns = QueryTurns(TurnBounds(atOnceMax: 1, atOncePerUserMax: 1, waitingMax: 4, waitingPerUserMax: 4))
        let ann = try Self.user("ann")
        await #expect(throws: TurnRefusal.abandoned) {
            try await turns.inTurn(of: ann, isWanted: { false }) { Issue.record("worked out for nobody") }
        }
        #expect(try await turns.inTurn(of: ann, isWanted: { true }) { 7 } == 7)
        #expect(turns.counts == TurnCounts(begun: 2, abandoned: 1))
    }

    @Test("questions are answered on threads of their own, and those end with the executor")
    func threads() async {
        weak var ended: QueryThreads?
        do {
            let threads = QueryThreads(count: 2, niceness: 0)
            ended = threads
            let sum = await withTaskExecutorPreference(threads) {
                await withTaskGroup { group in
                    for number in 0..<100 { group.addTask { number } }
                    return await group.reduce(0, +)
                }
            }
            #expect(sum == 4950)
        }
        while ended != nil { await Task.yield() }
    }
}
