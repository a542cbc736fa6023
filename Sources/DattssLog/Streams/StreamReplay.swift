package import DattssCore

/// What the owner of a stream makes of its messages, one after the other, up to its own claim.
///
/// It begins behind what the blocks in the folder contain already. What was purged before that is missing, and is said to be; but only
/// if a mark allows for it, since otherwise the engine has lost what it had acknowledged. A mark is always after what it lets go, and
/// so the newest one is always there.
package struct StreamReplay: Sendable {
    package enum Step: Sendable, Hashable {
        /// The next message is wanted.
        case skip
        /// These batches count.
        case apply(first: LSN, count: Int, frames: [UInt8])
        /// Messages were purged while they were being read: forget what was applied, and begin at this one.
        case restart(at: StreamPosition)
        /// The claim is reached.
        case done
        /// Somebody else has owned the stream since the claim.
        case superseded
    }

    private let covered: StreamPosition
    private let claim: StreamPosition
    /// The message that is wanted next.
    package private(set) var next: StreamPosition
    /// The first message that was there.
    private var first: StreamPosition?
    /// The claim of whoever wrote last.
    private var epoch = StreamPosition.zero
    private var retired = StreamPosition.zero
    /// The claim is reached, and something is missing that no mark before it allows for. Either whoever owned the stream since then has
    /// let it go, and has left a claim further on, or it is lost.
    private var isDoubtful = false
    /// The LSN of the next batch; nil as long as no batch was seen.
    package private(set) var nextLSN: LSN?
    /// Messages that cannot be read.
    package private(set) var unreadable: [StreamPosition] = []
    /// Messages of somebody who did not own the stream any more. Nobody was told that they count.
    package private(set) var foreign = 0

    /// - Parameters:
    ///   - covered: the position up to which the folder's blocks contain the stream; 0 for an empty folder.
    ///   - claim: the position of the own claim.
    /// - Throws: when the folder is ahead of the stream: that is another stream, or it has lost its end.
    package init(covered: StreamPosition, claim: StreamPosition) throws(LogError) {
        guard covered < claim else {
            throw LogError(
                .malformed, expected: "a stream of more than \(covered.value) messages, as the folder has seen it",
                found: "\(claim.value)")
        }
        (self.covered, self.claim, next) = (covered, claim, covered.next)
    }

    /// The messages behind the folder's blocks that are gone.
    package var missing: ClosedRange<StreamPosition>? {
        guard let first, first > covered.next else { return nil }
        return covered.next...first.previous
    }

    /// Takes the first message that is there at ``next`` or later.
    /// - Parameter record: nil when its bytes cannot be read.
    package mutating func take(_ record: StreamRecord?, at position: StreamPosition) throws(LogError) -> Step {
        precondition(position >= next, "a message that is not wanted")
        if position > claim { return takeBehindClaim(record, at: position) }
        if first != nil, position > next {
            self = try StreamReplay(covered: covered, claim: claim)
            next = position
            return .restart(at: position)
        }
        first = first ?? position
        next = position.next
        let step = take(record, position)
        guard position == claim else { return step }
        if let missing, missing.upperBound >= retired {
            isDoubtful = true
            return .skip
        }
        return .done
    }

    /// Takes notice of that nothing is there at ``next``.
    /// - Throws: when it was the last hope that something that is missing was let go.
    package func takeEnd() throws(LogError) {
        guard isDoubtful, let missing else { return }
        throw LogError(
            .malformed, expected: "a mark before which messages \(missing.lowerBound.value) to \(missing.upperBound.value) lie",
            found: retired == .zero ? "none" : "one for those before \(retired.value)")
    }

    private mutating func takeBehindClaim(_ record: StreamRecord?, at position: StreamPosition) -> Step {
        // The claim itself is gone, or one has followed it.
        if position > next || !isDoubtful { return .superseded }
        if case .claim = record { return .superseded }
        next = position.next
        return .skip
    }

    private mutating func take(_ record: StreamRecord?, _ position: StreamPosition) -> Step {
        switch record {
        case nil:
            unreadable.append(position)
        case .claim:
            epoch = position
        case .mark(let writer, let below):
            if isOwner(writer, at: position) { retired = max(retired, below) }
        case .batches(let writer, let first, let count, let frames):
            guard isOwner(writer, at: position) else { break }
            nextLSN = first.advanced(by: count)
            return .apply(first: first, count: count, frames: frames)
        // (They have a stream of their own.)
        case .accounts(let writer, _): _ = isOwner(writer, at: position)
        }
        return .skip
    }

    /// Whether whoever wrote this owned the stream. The claim itself may be purged, or be one that cannot be read.
    private mutating func isOwner(_ writer: StreamPosition, at position: StreamPosition) -> Bool {
        guard writer >= epoch, writer < position else {
            foreign += 1
            return false
        }
        epoch = writer
        return true
    }
}
