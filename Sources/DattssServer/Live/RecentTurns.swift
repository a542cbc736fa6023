import NIOCore

/// The events of the last turns of a feed, as far as they are small, for readers that have missed some.
struct RecentTurns: Sendable {
    /// One behind the other; those that are left out begin before the reader index.
    private var events = ByteBuffer()
    /// Where the events of the turn `first`, and those behind it, begin.
    private var starts: [Int] = []
    private var first = 1

    static let bytesMax = 65_536
    static let turnsMax = 256

    enum Missed: Sendable, Hashable {
        case nothing
        /// Up to the turn `last`.
        case some(ByteBuffer, last: Int)
        case tooMuch
    }

    /// The number of the latest turn; the first one is 1.
    var last: Int { first + starts.count - 1 }

    mutating func add(_ bytes: ByteBuffer) {
        starts.append(events.writerIndex)
        events.writeImmutableBuffer(bytes)
        var count = max(0, starts.count - Self.turnsMax)
        while count < starts.count, events.writerIndex - starts[count] > Self.bytesMax { count += 1 }
        starts.removeFirst(count)
        first += count
        compact()
    }

    /// What a reader has missed that was told a turn.
    func missed(since number: Int) -> Missed {
        if number >= last { return .nothing }
        guard number + 1 >= first else { return .tooMuch }
        let start = starts[number + 1 - first]
        guard let bytes = events.getSlice(at: start, length: events.writerIndex - start) else { return .tooMuch }
        return .some(bytes, last: last)
    }

    private mutating func compact() {
        let start = starts.first ?? events.writerIndex
        events.moveReaderIndex(to: start)
        guard start > Self.bytesMax else { return }
        events.discardReadBytes()
        for position in starts.indices { starts[position] -= start }
    }
}
