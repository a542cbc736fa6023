import DattssCore
import DattssTestSupport
import Testing

@Suite struct LinkLedgerTests {
    @Test("the books balance whatever happens", arguments: seeds)
    func random(seed: UInt64) {
        // Goal: offered = admitted + refused, admitted = processed + queued, and never more than the capacity.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var ledger = LinkLedger(capacity: Int.random(in: 1...40, using: &generator))
            var (queue, reserved): ([Int], [Int]) = ([], [])
            var (offered, refused, processed) = (0, 0, 0)
            for _ in 0..<200 {
                let weight = Int.random(in: 0...12, using: &generator)
                let occupied = queue.reduce(0, +) + reserved.reduce(0, +)
                let fits = occupied == 0 || occupied + weight <= ledger.capacity
                switch Int.random(in: 0..<6, using: &generator) {
                case 0, 1:
                    let answer = generator.oneIn(2) ? ledger.offer(weight) : ledger.reserve(weight)
                    #expect(answer == (ledger.isClosed ? .closed : fits ? .admitted : .refused), "seed \(seed)")
                    if answer != .admitted {
                        offered += weight
                        refused += weight
                    } else if ledger.reserved > reserved.reduce(0, +) {
                        reserved.append(weight)
                    } else {
                        queue.append(weight)
                        offered += weight
                    }
                case 2:
                    guard let weight = reserved.popLast() else { continue }
                    ledger.commit(weight)
                    queue.append(weight)
                    offered += weight
                case 3:
                    guard let weight = reserved.popLast() else { continue }
                    ledger.cancel(weight)
                case 4:
                    guard !queue.isEmpty else { continue }
                    processed += queue[0]
                    ledger.process(queue.removeFirst())
                default: if generator.oneIn(100) { ledger.close() }
                }
                #expect(ledger.offered == offered && ledger.refused == refused && ledger.processed == processed, "seed \(seed)")
                #expect(ledger.offered == ledger.admitted + ledger.refused, "seed \(seed)")
                #expect(ledger.queued == queue.reduce(0, +), "seed \(seed)")
                #expect(ledger.reserved == reserved.reduce(0, +), "seed \(seed)")
            }
        }
    }

    @Test("an element heavier than the link passes when the link is empty, and only then")
    func heavyElement() {
        // Goal: a large batch is not refused for ever.
        var ledger = LinkLedger(capacity: 10)
        let answers = [ledger.offer(25), ledger.offer(1)]
        #expect(answers == [.admitted, .refused])
        ledger.process(25)
        let after = [ledger.offer(10), ledger.offer(1)]
        #expect(after == [.admitted, .refused])
    }

    @Test("a reservation keeps its room, and a closed link still takes it")
    func reservation() {
        // Goal: what was promised before shutdown is kept, what comes after is refused as closed.
        var ledger = LinkLedger(capacity: 10)
        let first = [ledger.reserve(6), ledger.offer(5), ledger.offer(4)]
        #expect(first == [.admitted, .refused, .admitted])
        ledger.close()
        ledger.commit(6)
        let late = [ledger.offer(0), ledger.reserve(1)]
        #expect(late == [.closed, .closed])
        #expect(ledger.queued == 10)
    }

    @Test("books add up")
    func sum() {
        // Goal: the totals of all users in `/metrics`.
        var (a, b) = (LinkLedger(capacity: 5), LinkLedger(capacity: 7))
        for weight in [3, 3] { _ = a.offer(weight) }
        _ = b.offer(2)
        _ = b.reserve(1)
        b.process(2)
        let sum = a + b
        #expect(
            [sum.capacity, sum.offered, sum.admitted, sum.refused, sum.processed, sum.reserved, sum.queued] == [
                12, 8, 5, 3, 2, 1, 3,
            ])
    }
}
