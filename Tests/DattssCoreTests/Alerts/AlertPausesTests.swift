import Testing

@testable import DattssCore

@Suite("Pauses of alerts")
struct AlertPausesTests {
    private func views(_ slots: Range<Int64>, heard: Set<Int64>) -> [SlotView] {
        slots.map { SlotView(slot: $0, isActive: true, isHeard: heard.contains($0), statuses: []) }
    }

    /// Goal: what was heard is looked at, however late; what was not heard is not, nor is the minute that follows.
    @Test(
        "are the slots that were looked at late and not heard, and the minute that follows",
        arguments: [
            // Everything was heard, by senders of whom some are late.
            (late: 100..<120, unheard: [103, 104, 109], quiet: []),
            // The machine slept in the middle.
            (late: 100..<120, unheard: [104, 105, 106], quiet: [104..<119]),
            // Twice, and the second time before the first is over, or long after.
            (late: 100..<120, unheard: [101, 102, 103, 108, 109, 110], quiet: [101..<123]),
            (late: 100..<140, unheard: [101, 102, 103, 130, 131, 132], quiet: [101..<116, 130..<145]),
            // Up to the end, and beyond it, where nobody was late any more.
            (late: 100..<120, unheard: [117, 118, 119], quiet: [117..<132]),
            (late: 100..<120, unheard: [118, 119, 120, 121, 122], quiet: []),
            // Nobody was late: then it is news that nothing was heard.
            (late: 0..<0, unheard: Array(100..<120), quiet: []),
        ] as [(Range<Int64>, [Int64], [Range<Int64>])], [20, 1])
    func slots(_ row: (late: Range<Int64>, unheard: [Int64], quiet: [Range<Int64>]), atOnce: Int64) {
        var pauses = AlertPauses()
        pauses.beLate(row.late)
        let heard = Set(Int64(90)..<160).subtracting(row.unheard)
        var found: Set<Int64> = []
        for first in stride(from: Int64(90), to: 150, by: Int64.Stride(atOnce)) {
            pauses.add(views(first..<(first + atOnce), heard: heard), from: first)
            for slot in first..<(first + atOnce) where pauses.isQuiet(slot) { found.insert(slot) }
        }
        var expected = Set(row.quiet.flatMap { Array($0) }).filter { $0 < 150 }
        // One at a time, the first two are not known to be part of a pause.
        if atOnce == 1 { for pause in row.quiet { expected.subtract(pause.lowerBound..<(pause.lowerBound + 2)) } }
        #expect(found == expected)
    }

    /// Goal: of a pause that is longer than what is kept of slots, the slots that are not there were not heard.
    @Test("are also the slots that nobody knows anything of any more")
    func longPause() {
        var pauses = AlertPauses()
        pauses.beLate(100..<200)
        pauses.add(views(140..<210, heard: Set(140..<210)), from: 100)
        let quiet = (100..<210).filter { pauses.isQuiet($0) }
        #expect(quiet == Array(100..<152))
        let hasEnded = [pauses.hasEnded(by: 152), pauses.hasEnded(by: 153)]
        #expect(hasEnded == [true, false])
    }

    /// Goal: who is late again has not forgotten what it was late for before, of which something is still to come.
    @Test("are not forgotten by who is late twice in a row")
    func lateTwice() {
        var pauses = AlertPauses()
        pauses.beLate(100..<110)
        pauses.add(views(100..<103, heard: [100, 101, 102]), from: 100)
        pauses.beLate(112..<120)
        pauses.add(views(103..<125, heard: Set(107..<125)), from: 103)
        let quiet = (103..<125).filter { pauses.isQuiet($0) }
        #expect(quiet == Array(103..<119))
    }
}
