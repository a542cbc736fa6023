internal import DattssCore

/// A stream of a replicated engine, as far as the accepted log needs it: messages have positions 1, 2, 3, …, are appended where their
/// publisher expects the end to be or nowhere, and are let go from the front.
///
/// Whoever implements it bounds every wait: what is not answered in time is said to be unanswered.
package protocol ReplicatedStream: Sendable {
    /// What people call it.
    var name: String { get }
    /// Differs from that of every other stream, also of one that had the same name.
    var identity: String { get }
    /// The largest message that it takes, in bytes.
    var messageBytesMax: Int { get }

    func publish(_ publication: StreamOwner.Publication) async -> StreamAnswer
    /// What lies at a position; the one that is asked may not know of it yet.
    func find(_ position: StreamPosition) async -> StreamOwner.Found
    /// The first position that is still there, and the last that there is; an empty stream has the first behind the last.
    func bounds() async throws(LogError) -> (first: StreamPosition, last: StreamPosition)
    /// The first message that is there at this position or later; nil when there is none.
    func message(from position: StreamPosition) async throws(LogError) -> StreamMessage?
    /// Lets go of what lies before a position. When it does not succeed, a later one will.
    func purge(below position: StreamPosition) async
    /// Lets some time pass before something is asked again.
    func pause() async
}

/// What an engine says to a message that is to be appended.
package enum StreamAnswer: Sendable, Hashable {
    case stored(StreamPosition)
    /// The last position is not the expected one.
    case refused
    /// No answer, or one that does not say what became of it.
    case missing
}

/// A message of a stream as it is read back.
package struct StreamMessage: Sendable {
    package let position: StreamPosition
    /// nil when its bytes cannot be read.
    package let record: StreamRecord?

    package init(position: StreamPosition, record: StreamRecord?) { (self.position, self.record) = (position, record) }
}

/// How the owner of a stream stands with it, for `/metrics`.
package struct StreamStanding: Sendable, Hashable {
    /// What people call it.
    package var name: String
    /// The position of the claim by which it is owned.
    package var epoch: StreamPosition
    /// The position of the last message that was stored.
    package var last: StreamPosition
    /// Messages of batches that were stored since the start.
    package var messages = 0
    /// The first position that is needed: what lies before it may be purged.
    package var kept = StreamPosition.zero

    package init(name: String, epoch: StreamPosition) { (self.name, self.epoch, last) = (name, epoch, epoch) }
}
