import DattssCore
import DattssTestSupport
import Testing

@Suite struct MinuteEdgeTests {
    @Test("time never goes back, and each minute that was begun ends once", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: the order of the log is an order of time, whatever the clock does.
        var generator = SeededGenerator(seed: seed)
        var edge = MinuteEdge(.noon)
        var (clock, ended) = (Timestamp.noon, [Minute]())
        for _ in 0..<500 {
            clock = clock.advanced(byMilliseconds: Int64.random(in: -40_000...60_000, using: &generator))
            let before = edge
            let minute = edge.advance(to: clock)
            #expect(edge.latest == max(before.latest, clock), "seed \(seed)")
            #expect(minute == (edge.minute > before.minute ? before.minute : nil), "seed \(seed)")
            if let minute { ended.append(minute) }
        }
        #expect(ended == Set(ended).sorted(), "seed \(seed)")
        #expect(ended.count > 20)
    }

    @Test("a clock that was wrong by more than an hour is followed back, and its minute ends")
    func jumpBack() {
        // Goal: a year that never was does not hold up the minutes until it comes.
        var edge = MinuteEdge(.noon)
        let future = Timestamp.noon.advanced(byMilliseconds: 86_400_000 * 365)
        _ = edge.advance(to: future)
        let still = edge.advance(to: future.advanced(byMilliseconds: -MinuteEdge.jumpBackMilliseconds))
        #expect(still == nil && edge.latest == future)
        let ended = edge.advance(to: .noon)
        #expect(ended == future.minute && edge.latest == .noon)
        #expect(edge.advance(to: Timestamp.noon.advanced(byMilliseconds: 60_000)) == Timestamp.noon.minute)
    }

    @Test("a minute is over at its end, not before")
    func exact() {
        // Goal: both sides of the edge.
        var edge = MinuteEdge(.noon)
        let inside = edge.advance(to: Timestamp.noon.advanced(byMilliseconds: 59_999))
        let over = edge.advance(to: Timestamp.noon.advanced(byMilliseconds: 60_000))
        let again = edge.advance(to: Timestamp.noon.advanced(byMilliseconds: 60_000))
        #expect([inside, over, again] == [nil, Timestamp.noon.minute, nil])
    }
}

@Suite struct MinuteAssemblyTests {
    private let users = ["a", "b", "c"].map { UserID($0)! }

    @Test("blocks come out complete, sorted, and in the order of their edges", arguments: seeds + Array(10..<30))
    func random(seed: UInt64) {
        // Goal: whatever the interleaving, each minute once, each user in it once, and nothing early.
        var generator = SeededGenerator(seed: seed)
        var assembly = MinuteAssembly()
        let edges = (0..<8).map { edge($0, users: Int($0) % 4) }
        // Each edge and each closing is an event; they come in any order.
        var events = edges.flatMap { edge in [(edge, nil as UserID?)] + users.prefix(edge.userCount).map { (edge, $0) } }
        events.shuffle(using: &generator)
        var rolled: [MinuteAssembly.Rolled] = []
        var arrived: [UInt64: Int] = [:]
        for (edge, user) in events {
            if let user {
                rolled += assembly.closed(
                    edge: edge.number, user: user, minute: minute(of: user),
                    checkpoint: edge.wantsCheckpoint ? UserCheckpoint(user: user, totals: [], clients: []) : nil)
            } else {
                rolled += assembly.minuteEnded(edge)
            }
            arrived[edge.number, default: 0] += 1
            let complete = edges.prefix { arrived[$0.number] == $0.userCount + 1 }
            #expect(rolled.map(\.edge.minute) == complete.map(\.minute), "seed \(seed)")
        }
        #expect(assembly.openCount == 0)
        for (one, edge) in zip(rolled, edges) {
            let (block, checkpoint) = (one.block(), one.checkpoint())
            #expect((block?.users.map(\.user) ?? []) == Array(users.prefix(edge.userCount)))
            #expect(block?.through == (edge.userCount > 0 ? edge.through : nil))
            #expect(one.aggregateCount == edge.userCount)
            #expect(checkpoint?.users.map(\.user) == (edge.wantsCheckpoint ? Array(users.prefix(edge.userCount)) : nil))
            #expect(checkpoint?.at == (edge.wantsCheckpoint ? edge.at : nil))
        }
    }

    @Test("a user who sent nothing counts for completeness and is not in the block")
    func silentUser() {
        // Goal: a nil minute is an answer.
        var assembly = MinuteAssembly()
        let waiting = [
            assembly.minuteEnded(edge(0, users: 2)), assembly.closed(edge: 0, user: users[0], minute: nil, checkpoint: nil),
        ]
        #expect(waiting.map(\.count) == [0, 0])
        #expect(assembly.openCount == 1)
        let rolled = assembly.closed(edge: 0, user: users[1], minute: minute(of: users[1]), checkpoint: nil)
        #expect(rolled.map { $0.block()?.users.map(\.user) } == [[users[1]]])
    }

    @Test("a checkpoint is sorted when it is written")
    func sortedCheckpoint() throws {
        // Goal: an aggregator hands it on as it is kept, the file has it in order.
        var state = UserState(user: users[0])
        for path in ["m", "z", "a", "k"] {
            state.restore(
                StatusTotals(sum: 1, last: 1, seen: .noon, isEmphasised: false), of: StatisticKey(.counter, path), as: nil)
            state.restore(ClientWindow(client: path, window: SequenceWindow(first: 1)), at: .noon)
        }
        var assembly = MinuteAssembly()
        _ = assembly.minuteEnded(edge(0, users: 1))
        let rolled = assembly.closed(edge: 0, user: users[0], minute: nil, checkpoint: state.checkpoint)
        let user = try #require(rolled.first?.checkpoint()?.users.first)
        #expect(user.totals.map(\.key.path) == ["a", "k", "m", "z"] && user.clients.map(\.client) == ["a", "k", "m", "z"])
        #expect(rolled.first?.block() == nil)
    }

    /// One counter's.
    private func minute(of user: UserID) -> OpenMinute? {
        var state = UserState(user: user)
        let partial = Partial(StatisticKey(.counter, "hits"), Aggregate(sample: 1))
        state.apply(Batch(partials: [partial]), ids: [StatisticID(index: 0)], at: .noon)
        return state.close(through: Timestamp.noon.minute)
    }

    private func edge(_ number: UInt64, users: Int) -> MinuteAssembly.Edge {
        MinuteAssembly.Edge(
            number: number, minute: Minute(100 + Int64(number)), through: LSN(number * 10), at: Timestamp(seconds: Int64(number)),
            userCount: users, wantsCheckpoint: number.isMultiple(of: 3))
    }
}
