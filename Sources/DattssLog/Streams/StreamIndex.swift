package import DattssCore

/// Where in a stream each minute's first batches are, so that what is old can be let go without reading it again.
package struct StreamIndex: Sendable {
    package struct Entry: Sendable, Hashable {
        package var minute: Minute
        package var position: StreamPosition
        /// The first LSN of the message.
        package var first: LSN

        package init(minute: Minute, position: StreamPosition, first: LSN) {
            (self.minute, self.position, self.first) = (minute, position, first)
        }
    }

    private(set) var entries: [Entry] = []

    package init() {}

    /// Takes notice of a message of batches behind all before it; one of a minute that is known adds nothing.
    package mutating func note(_ entry: Entry) {
        if let last = entries.last, entry.minute <= last.minute || entry.position <= last.position { return }
        entries.append(entry)
    }

    /// The position before which everything is covered and of earlier minutes than `before`; it is forgotten here. A message of batches
    /// lies at that position and stays, so that whoever comes to the stream finds the LSNs that were given out.
    package mutating func retire(through: LSN, before: Timestamp) -> StreamPosition? {
        let retirable = entries.indices.dropFirst().last {
            entries[$0].first <= through.advanced(by: 1) && entries[$0].minute.start <= before
        }
        guard let retirable else { return nil }
        let position = entries[retirable].position
        entries.removeFirst(retirable)
        return position
    }
}
