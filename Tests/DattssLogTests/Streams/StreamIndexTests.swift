import DattssCore
import Testing

@testable import DattssLog

/// Goal: what is let go of a stream is covered and old, and never the last batches.
@Suite struct StreamIndexTests {
    private func at(_ position: UInt64) -> StreamPosition { StreamPosition(position) }

    /// Minutes 0 to 4, of three messages with two batches each.
    private var index: StreamIndex {
        var index = StreamIndex()
        for message in 0..<15 as Range<UInt64> {
            index.note(
                StreamIndex.Entry(minute: Minute(Int64(message / 3)), position: at(10 + message), first: LSN(1 + 2 * message)))
        }
        return index
    }

    @Test("each minute is noted with its first message")
    func entries() {
        #expect(index.entries.map(\.position) == [10, 13, 16, 19, 22].map(at))
        #expect(index.entries.map(\.first) == [1, 7, 13, 19, 25].map { LSN($0) })
    }

    @Test(
        "only what is covered and earlier goes, and the newest minute stays",
        arguments: [
            (through: 0, minute: 9, below: nil), (5, 9, nil), (6, 9, 13), (11, 9, 13), (12, 9, 16), (99, 9, 22), (99, 4, 22),
            (99, 2, 16),
            (99, 0, nil), (99, -1, nil),
        ] as [(through: UInt64, minute: Int64, below: UInt64?)])
    func retire(through: UInt64, minute: Int64, below: UInt64?) {
        var index = index
        #expect(index.retire(through: LSN(through), before: Minute(minute).start) == below.map(at))
        // What went is forgotten, and is not said again.
        #expect(index.retire(through: LSN(through), before: Minute(minute).start) == nil)
        #expect(index.entries.first?.position == at(below ?? 10))
    }
}
