import DattssCore
import DattssTestSupport
import Testing

@Suite struct SequenceWindowTests {
    @Test("answers are those of a set of all numbers", arguments: seeds)
    func randomNumbers(seed: UInt64) {
        // Goal: no number counts twice, and only what is 64 below the highest is forgotten.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let (window, numbers) = randomWindow(&generator)
            expectEqual(window, numbers, "seed \(seed)")
        }
    }

    @Test("a merged window has seen what either has", arguments: seeds)
    func merge(seed: UInt64) {
        // Goal: merging is the union of the sets, whichever is ahead.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let (a, b) = (randomWindow(&generator), randomWindow(&generator))
            var merged = a.window
            merged.merge(b.window)
            expectEqual(merged, a.numbers.union(b.numbers), "seed \(seed)")
            var reversed = b.window
            reversed.merge(a.window)
            #expect(reversed == merged, "seed \(seed)")
        }
    }

    @Test("numbers up to 2^53 fit, with any jump between them")
    func extremes() {
        // Goal: no shift or difference traps.
        var window = SequenceWindow(first: 0)
        window.insert(1 << 53)
        #expect(window.highest == 1 << 53)
        #expect(window.answer(to: 0) == .tooOld)
        #expect(window.answer(to: 1 << 53) == .seen)
        #expect(window.answer(to: (1 << 53) - 63) == .new)
        #expect(window.answer(to: (1 << 53) - 64) == .tooOld)
        window.insert(0)
        #expect(window.bits == 1)
        var other = SequenceWindow(first: 0)
        other.merge(window)
        #expect(other == window)
    }

    private func randomWindow(_ generator: inout SeededGenerator) -> (window: SequenceWindow, numbers: Set<Int64>) {
        var number = Int64.random(in: 0...300, using: &generator)
        var window = SequenceWindow(first: number)
        var numbers: Set<Int64> = [number]
        for _ in 0..<Int.random(in: 0...100, using: &generator) {
            number = max(0, number + (generator.oneIn(20) ? 70 : Int64.random(in: -20...22, using: &generator)))
            // A number that is too old is refused, not inserted.
            if window.answer(to: number) == .tooOld { continue }
            window.insert(number)
            numbers.insert(number)
        }
        return (window, numbers)
    }

    private func expectEqual(_ window: SequenceWindow, _ numbers: Set<Int64>, _ comment: Comment) {
        let highest = numbers.max()!
        #expect(window.highest == highest, comment)
        for number in max(0, highest - 130)...highest + 3 {
            let expected: SequenceWindow.Answer =
                number > highest ? .new : number <= highest - 64 ? .tooOld : numbers.contains(number) ? .seen : .new
            if window.answer(to: number) != expected { Issue.record(comment) }
        }
    }
}

@Suite struct ClientTableTests {
    @Test("a full table forgets the clients that were silent longest")
    func forgetting() {
        // Goal: memory is bounded and the lively ones stay.
        var table = ClientTable(capacity: 16)
        for client in 0..<16 { insert("c\(client)", 1, at: Int64(client), into: &table) }
        insert("c0", 2, at: 100, into: &table)
        #expect(table.count == 16)
        insert("new", 1, at: 101, into: &table)
        #expect(table.count == 15)
        #expect(table.window(of: "c0")?.highest == 2)
        #expect(table.window(of: "c1") == nil)
        #expect(table.window(of: "c2") == nil)
        #expect(table.window(of: "c3") != nil)
        #expect(table.window(of: "new") != nil)
    }

    @Test("the table never holds more than its capacity", arguments: [1, 2, 7, 8, 100])
    func capacity(capacity: Int) {
        // Goal: small capacities too, and restored windows as well as new numbers.
        var table = ClientTable(capacity: capacity)
        for client in 0..<300 {
            if client.isMultiple(of: 2) {
                insert("c\(client)", 1, at: Int64(client), into: &table)
            } else {
                table.merge(SequenceWindow(first: 3), of: "c\(client)", at: Timestamp(seconds: Int64(client)))
            }
            #expect(table.count <= capacity)
            #expect(table.window(of: "c\(client)") != nil)
        }
    }

    @Test("restoring merges with what is known")
    func merge() {
        // Goal: replay gives the union.
        var table = ClientTable()
        insert("c", 5, at: 1, into: &table)
        table.merge(SequenceWindow(first: 3), of: "c", at: Timestamp(seconds: 9))
        #expect(table.window(of: "c")?.answer(to: 3) == .seen)
        #expect(table.window(of: "c")?.answer(to: 4) == .new)
        var seen: [Timestamp] = []
        table.forEach { seen.append($2) }
        #expect(seen == [Timestamp(seconds: 9)])
    }

    private func insert(_ client: String, _ number: Int64, at seconds: Int64, into table: inout ClientTable) {
        table.insert(Batch.Origin(client: client, sequence: number), at: Timestamp(seconds: seconds))
    }
}
