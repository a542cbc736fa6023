@testable import DattssLog

/// A stream of a replicated engine in memory, as far as a client can see it: whole-stream compare and set, ids that are known for a
/// while, purging, replicas that lag behind.
struct SimulatedStream {
    struct Message {
        let id: String
        let record: StreamRecord
    }

    /// Everything that was ever stored, what is purged included.
    private(set) var history: [Message] = []
    /// The first position that is still there.
    private(set) var first = StreamPosition(1)
    private var known: [String: StreamPosition] = [:]
    /// Tests switch it off: then every message finds a place, and is told that it was the one it wanted.
    var comparesPosition = true

    enum Answer {
        case acknowledged(StreamPosition)
        case refused
    }

    var last: StreamPosition { StreamPosition(UInt64(history.count)) }

    mutating func publish(_ publication: StreamOwner.Publication) -> Answer {
        if let position = known[publication.id] { return .acknowledged(position) }
        guard publication.expectedLast == last || !comparesPosition else { return .refused }
        history.append(Message(id: publication.id, record: publication.record))
        known[publication.id] = last
        return .acknowledged(comparesPosition ? last : publication.place)
    }

    /// - Parameter lag: how many of the newest messages the replica that is asked does not have yet.
    func read(_ position: StreamPosition, lag: Int) -> StreamOwner.Found {
        guard Int(position.value) <= history.count - lag else { return .nothing }
        return position < first ? .purged : .message(id: history[Int(position.value) - 1].id)
    }

    /// The first message that is there at this position or later.
    func message(from position: StreamPosition) -> (StreamPosition, StreamRecord)? {
        let found = max(position, first)
        return found <= last ? (found, history[Int(found.value) - 1].record) : nil
    }

    mutating func purge(below position: StreamPosition) { first = max(first, min(position, last.next)) }

    /// The time is over for which ids are remembered.
    mutating func forgetIDs() { known = [:] }
}
