package import DattssCore

/// What a process has to do to own a replicated stream alone and to write to it: every input returns an action. It knows neither
/// connections nor clocks.
///
/// One message is under way at a time. It names the position that it wants to follow, and the engine takes it there or nowhere.
/// Therefore, whatever happens to answers:
///
/// - A message that was not answered is *uncertain*. It is neither repeated under another position nor given up; what lies at its
///   place says what became of it. If it is there, it counts. If nothing is, the same message is sent to the same place. If another
///   one is, that is a claim, and this process is not the owner any more.
/// - That the engine refuses a message only says that something lies at its place; it may be the message itself, by an attempt
///   before. So a refusal is looked into like a missing answer.
/// - That a message is not there yet is no proof that it will not come: a replica may lag, and a request may still be on its way.
///   A second attempt does no harm, because only one of them finds its place free.
///
///     standby ── claim ──► claiming ── written ──► replaying ── replayed ──► owning ── another's claim ──► deposed
///        ▲                    │
///        └──── outrun ────────┘
package struct StreamOwner: Sendable {
    /// A message and the place that it is meant for. It is the same, byte for byte, as often as it is sent.
    package struct Publication: Sendable, Hashable {
        /// Differs for each two messages that were ever meant for the stream.
        package let id: String
        /// The last position of the whole stream, as the engine has to find it.
        package let expectedLast: StreamPosition
        package let record: StreamRecord

        package var place: StreamPosition { expectedLast.next }
    }

    package enum Input: Sendable {
        /// The stand-by wants to own a stream whose last message it has just seen.
        case claim(last: StreamPosition)
        /// The state is rebuilt of all messages up to the claim.
        case replayed
        /// Only while ``StreamOwner/isReady``.
        case append(first: LSN, count: Int, frames: [UInt8])
        /// A change of the accounts, in a stream of their own. Only while ``StreamOwner/isReady``.
        case store(change: [UInt8])
        /// What lies before this position is in blocks that are synced. Only while ``StreamOwner/isReady``.
        case retire(below: StreamPosition)
        /// The engine has stored a message.
        case acknowledged(id: String, at: StreamPosition)
        /// The last position of the stream is not the one that the message expects.
        case refused(id: String)
        /// Nobody has answered, or with an error that does not say what became of the message.
        case unanswered(id: String)
        /// What was found at a position.
        case read(StreamPosition, Found)
    }

    /// What the engine says of a position.
    package enum Found: Sendable, Hashable {
        case message(id: String)
        /// Nothing is there, or the one that was asked does not know of it yet.
        case nothing
        /// Something was there, and was purged.
        case purged
        /// Nobody has answered.
        case unanswered
    }

    package enum Action: Sendable, Hashable {
        case none
        case publish(Publication)
        case read(StreamPosition)
        /// The stream is ours: replay everything up to this position, and say so.
        case replay(through: StreamPosition)
        /// The message is in the stream for good.
        case written(Publication)
        /// The mark is in the stream: what lies before the position may be purged.
        case purge(below: StreamPosition)
        /// Somebody else was faster: stand by.
        case outrun
        /// Somebody else owns the stream: write and answer nothing any more.
        case deposed(Deposition)
    }

    package enum Deposition: Sendable, Hashable {
        /// Another's message lies where the last one was to go: that one is not in the stream and never will be.
        case notWritten(Publication)
        /// Whether the last message was in the stream cannot be found out. Who sent it must not be told either.
        case unknown(Publication)
    }

    private enum Role: Sendable {
        case standby
        case claiming
        case replaying(epoch: StreamPosition)
        case owning(epoch: StreamPosition)
        case deposed
    }

    private let node: String
    private let nonce: UInt64
    private var role = Role.standby
    /// The last position of the stream, as far as it is certain.
    package private(set) var last = StreamPosition.zero
    /// The message that is under way.
    package private(set) var pending: Publication?
    /// Whether what became of ``pending`` is unknown for now: its senders are neither told that it counts nor that it does not.
    package private(set) var isUncertain = false

    package init(node: String, nonce: UInt64) { (self.node, self.nonce) = (node, nonce) }

    /// Whether a message can be appended.
    package var isReady: Bool {
        if case .owning = role { pending == nil } else { false }
    }

    /// The position of the claim by which the stream is owned.
    package var epoch: StreamPosition? {
        switch role {
        case .replaying(let epoch), .owning(let epoch): epoch
        case .standby, .claiming, .deposed: nil
        }
    }

    package mutating func take(_ input: Input) -> Action {
        switch input {
        case .claim(let last):
            guard case .standby = role else { return .none }
            (role, self.last) = (.claiming, last)
            return publish(.claim(node: node, nonce: nonce), id: "\(node).\(nonce).\(last.value)")
        case .replayed:
            guard case .replaying(let epoch) = role else { return .none }
            role = .owning(epoch: epoch)
            return .none
        case .append(let first, let count, let frames):
            return publish { .batches(epoch: $0, first: first, count: count, frames: frames) }
        case .store(let change):
            return publish { .accounts(epoch: $0, change: change) }
        case .retire(let below):
            precondition(below <= last.next, "a mark beyond the end of the stream")
            return publish { .mark(epoch: $0, below: below) }
        case .acknowledged(let id, let position):
            guard let pending, pending.id == id else { return .none }
            // An engine that stores a message elsewhere than it was asked to has let somebody else write, too.
            return position == pending.place ? settle(pending) : end(.unknown(pending))
        case .refused(let id), .unanswered(let id):
            guard let pending, pending.id == id else { return .none }
            isUncertain = true
            return .read(pending.place)
        case .read(let position, let found):
            guard let pending, pending.place == position else { return .none }
            return take(found, of: pending)
        }
    }

    private mutating func take(_ found: Found, of pending: Publication) -> Action {
        switch found {
        case .message(pending.id): settle(pending)
        case .message: end(.notWritten(pending))
        case .purged: end(.unknown(pending))
        case .nothing: .publish(pending)
        case .unanswered: .read(pending.place)
        }
    }

    private mutating func publish(_ record: (StreamPosition) -> StreamRecord) -> Action {
        guard case .owning(let epoch) = role, pending == nil else { preconditionFailure("a message of one that may not write") }
        return publish(record(epoch), id: "\(epoch.value).\(last.value)")
    }

    private mutating func publish(_ record: StreamRecord, id: String) -> Action {
        let publication = Publication(id: id, expectedLast: last, record: record)
        (pending, isUncertain) = (publication, false)
        return .publish(publication)
    }

    /// The message is in the stream.
    private mutating func settle(_ publication: Publication) -> Action {
        (pending, isUncertain, last) = (nil, false, publication.place)
        switch publication.record {
        case .claim:
            role = .replaying(epoch: last)
            return .replay(through: last)
        case .batches, .accounts: return .written(publication)
        case .mark(_, let below): return .purge(below: below)
        }
    }

    private mutating func end(_ deposition: Deposition) -> Action {
        (pending, isUncertain) = (nil, false)
        if case .claiming = role {
            role = .standby
            return .outrun
        }
        role = .deposed
        return .deposed(deposition)
    }
}
