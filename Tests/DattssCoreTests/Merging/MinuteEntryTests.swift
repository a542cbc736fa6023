import DattssTestSupport
import Testing

@testable import DattssCore

@Suite struct MinuteEntryTests {
    @Test("an entry of the open minute is the merge that a MergingAggregate makes", arguments: seeds)
    func isMerge(seed: UInt64) {
        // Goal: whatever parts come in whatever order, with rows growing beside each other in the same memory, and whatever
        // room was expected: every number, every percentile and every sketch is that of the plain merge.
        var generator = SeededGenerator(seed: seed)
        var memory = MinuteMemory()
        var entries: [MinuteEntry] = []
        var merges: [MergingAggregate] = []
        for _ in 0..<400 {
            let isNew = entries.isEmpty || (entries.count < 12 && generator.oneIn(8))
            let position = isNew ? entries.count : Int.random(in: 0..<entries.count, using: &generator)
            // Each has a habit, and departs from it now and then.
            let part = generator.part(habit: generator.oneIn(10) ? Int.random(in: 0..<9, using: &generator) : position % 9)
            let room = generator.room()
            if isNew {
                entries.append(MinuteEntry(StatisticID(index: Int32(position)), part, expecting: room, in: &memory))
                merges.append(MergingAggregate(part))
            } else {
                entries[position].merge(part, expecting: room, in: &memory)
                merges[position].merge(part)
            }
            #expect(entries[position].merged(in: memory) == merges[position].merged, "seed \(seed)")
        }
        for (entry, merge) in zip(entries, merges) { #expect(entry.merged(in: memory) == merge.merged, "seed \(seed)") }
    }

    @Test("the room that a minute needed is enough for the same minute again")
    func room() {
        // Goal: a sender who sends every minute alike makes no row grow after the first.
        func fill(_ memory: inout MinuteMemory, _ rooms: [MinuteEntry.Room]) -> [MinuteEntry] {
            var generator = SeededGenerator(seed: 7)
            var entries: [MinuteEntry] = []
            for push in 0..<12 {
                for position in 0..<9 {
                    let part = generator.part(habit: position % 3)
                    if push == 0 {
                        entries.append(
                            MinuteEntry(StatisticID(index: 0), part, expecting: rooms[position], in: &memory))
                    } else {
                        entries[position].merge(part, expecting: rooms[position], in: &memory)
                    }
                }
            }
            return entries
        }
        var first = MinuteMemory()
        let entries = fill(&first, Array(repeating: MinuteEntry.Room(), count: 9))
        let rooms = entries.map { $0.room($0.forPercentiles(in: first).packedSketch) }
        var second = MinuteMemory()
        let again = fill(&second, rooms)
        #expect(zip(entries, again).allSatisfy { $0.merged(in: first) == $1.merged(in: second) })
        #expect(second.arena.wordCount < first.arena.wordCount)
    }

    private static let seeds: [UInt64] = Array(1...30)
}

extension SeededGenerator {
    fileprivate mutating func room() -> MinuteEntry.Room {
        guard oneIn(3) else { return MinuteEntry.Room() }
        return MinuteEntry.Room(
            buckets: OpenSketch.Range(
                first: Int32.random(in: -600...600, using: &self), width: UInt16.random(in: 0...512, using: &self)),
            parts: OpenParts.Room(count: UInt8.random(in: 0...64, using: &self), widths: widths()))
    }

    private mutating func widths() -> CompactColumns.Widths {
        var widths = CompactColumns.Widths()
        for column in 0..<4 { widths[column] = UInt8.random(in: 0...3, using: &self) }
        return widths
    }

    /// Mostly one that is compact, so that most rows are: see ``CompactNumber``.
    private mutating func number() -> Double {
        let integer = Double(Int.random(in: -2...5, using: &self))
        return oneIn(30) ? integer / 3 : oneIn(3) ? integer / 100 : integer
    }

    /// A partial of a habit: 0 a single sample, 1 several without a sketch, 2 with one, 3 zeros and ones, 4 far apart, 5 negative
    /// ones, 6 more than 2 bytes count, 7 more than 4 bytes count, 8 equal samples without a sketch.
    fileprivate mutating func part(habit: Int) -> Aggregate {
        var sketch = Sketch()
        for _ in 0..<Int.random(in: 1...(habit == 0 ? 1 : 30), using: &self) {
            switch habit {
            case 3: sketch.add(Double(Int.random(in: 0...1, using: &self)))
            case 4: sketch.add(Double.random(in: 1...2, using: &self) * (oneIn(2) ? 1e-30 : 1e30))
            case 5: sketch.add(Double.random(in: -50...50, using: &self))
            case 6: sketch.add(Double.random(in: 1...900, using: &self), weight: Int64.random(in: 1...9000, using: &self))
            case 7: sketch.add(Double.random(in: 1...900, using: &self), weight: Int64.random(in: 1...(1 << 33), using: &self))
            default: sketch.add(Double(Int.random(in: 1...90, using: &self)))
            }
        }
        let (low, high) = (sketch.quantile(0), sketch.quantile(1))
        let isEqual = habit == 8 || habit == 0
        let value = number()
        return Aggregate(
            sum: Double.random(in: 0...100, using: &self), count: habit == 0 ? 1 : sketch.count, max: isEqual ? value : high,
            min: isEqual ? value : low, first: isEqual ? value : high, last: isEqual ? value : low,
            bottom: isEqual ? value : low, top: isEqual ? value : high, isEmphasised: oneIn(20),
            packedSketch: habit < 2 || habit == 8 ? nil : PackedSketch(sketch))
    }
}
