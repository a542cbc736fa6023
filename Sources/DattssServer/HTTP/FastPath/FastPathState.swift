import DattssCore
import NIOCore

/// What the fast path makes of the bytes of one connection, without the connection: bytes come in by ``receive(_:)``, and ``next()``
/// says what is to be done, one ``Action`` after the other. What an action leads to is told by the method that it names.
///
///     idle ──head──► receiving ──body is there──► answering ──► idle
///      │                └──refused──► discarding ──end──► idle, or answering late
///      └──anything else──► passing: from that byte on, for good, everything goes to the router
///
/// A request whose answer is the last one ends in `closing`, where all that still comes is thrown away.
struct FastPathState {
    private var phase = Phase.idle
    /// What arrived and is not used up.
    private var received = ByteBuffer()
    private var known = KnownHead()
    /// Whether there is room for the body that is on its way.
    private(set) var hasRoom = false
    /// What is answered a while after the request has come to its end.
    private var lateRefusal: WireError?

    /// A sender that writes more than this without waiting for answers is held back.
    static let readAheadBytesMax = 65_536

    private enum Phase {
        case idle
        case passing
        case receiving(length: Int, closes: Bool)
        case answering(closes: Bool)
        case discarding(length: Int, closes: Bool)
        case closing
    }

    enum Action {
        /// Nothing can be done before more bytes or an answer come.
        case wait
        /// The head is that of the request before, but for the length: ``accept(_:)-(KnownHead.Repetition)``, or ``forgetHead()``.
        case checkAgain(KnownHead.Repetition)
        /// Whether the body is worth reading: ``accept(_:)-(PlainHead)`` or ``refuse(_:_:isLate:)``.
        case check(PlainHead)
        /// The body comes in pieces, for which room has to be kept: ``keepsRoom()`` or ``refuseBody()``.
        case keepRoom(length: Int)
        /// The body is there, in front of what arrived: ``withBody(_:_:)``, then ``dropBody(_:)``, and ``finish(isLast:)`` when it is
        /// answered.
        case take(length: Int)
        /// The request that was refused is over, and is answered only after a while; then ``finish(isLast:)``.
        case answerLate(WireError)
        /// A request that was answered before its end is over: ``finish(isLast:)``.
        case end
        /// From these bytes on everything is the router's.
        case pass(ByteBuffer)
    }

    /// How a request has come to its end.
    enum Finish {
        /// Nothing of the next one has arrived.
        case idle
        /// The next one has begun to arrive.
        case next
        /// There is no next one: the connection is to be closed behind the answer.
        case close
    }

    /// What is to be done when a request took too long to arrive, or none came.
    enum Timeout: Equatable {
        /// Somebody else has to hurry.
        case nothing
        /// The request is answered 408, and the connection closed behind that.
        case refuse
        /// The connection is closed; it was slow, if a head had begun.
        case close(isSlow: Bool)
    }

    // MARK: Bytes

    /// - Returns: whether a request begins with these bytes.
    mutating func receive(_ bytes: ByteBuffer) -> Bool {
        if received.readableBytes == 0 {
            received = bytes
            if case .idle = phase { return true }
            return false
        }
        // A sender that pipelines may never let it become empty.
        if received.readerIndex > received.readableBytes { received.discardReadBytes() }
        received.writeImmutableBuffer(bytes)
        return false
    }

    /// Goes as far as what has arrived allows; to be called until it says ``Action/wait`` or ``Action/pass(_:)``.
    mutating func next() -> Action {
        switch phase {
        case .idle: return nextHead()
        case .receiving(let length, let closes):
            guard received.readableBytes >= length else { return hasRoom ? .wait : .keepRoom(length: length) }
            phase = .answering(closes: closes)
            return .take(length: length)
        case .discarding(let length, let closes):
            let count = min(length, received.readableBytes)
            received.moveReaderIndex(forwardBy: count)
            phase = .discarding(length: length - count, closes: closes)
            if count < length { return .wait }
            phase = .answering(closes: closes)
            guard let lateRefusal else { return .end }
            self.lateRefusal = nil
            return .answerLate(lateRefusal)
        case .closing:
            received.moveReaderIndex(to: received.writerIndex)
            return .wait
        case .answering, .passing: return .wait
        }
    }

    private mutating func nextHead() -> Action {
        guard received.readableBytes > 0 else { return .wait }
        if let repetition = received.withUnsafeReadableBytes(known.repetition) { return .checkAgain(repetition) }
        switch received.withUnsafeReadableBytes(PlainHead.parse) {
        case .incomplete: return .wait
        // A key may be in the body, which is not read here before a key is known.
        case .head(let head) where head.key != nil: return .check(head)
        case .head, .foreign:
            phase = .passing
            defer { received = ByteBuffer() }
            return .pass(received)
        }
    }

    // MARK: What actions led to

    mutating func accept(_ repetition: KnownHead.Repetition) {
        received.moveReaderIndex(forwardBy: repetition.byteCount)
        phase = .receiving(length: repetition.contentLength, closes: false)
    }

    /// The next head is looked at as if it were the first.
    mutating func forgetHead() { known.forget() }

    mutating func accept(_ head: PlainHead) {
        if head.closes || head.expectsContinue {
            known.forget()
        } else {
            received.withUnsafeReadableBytes { known.remember(head, in: $0) }
        }
        received.moveReaderIndex(forwardBy: head.byteCount)
        phase = .receiving(length: head.contentLength, closes: head.closes)
    }

    /// The request is refused before it has come to its end, the rest of which is thrown away. The connection is closed only
    /// behind that rest, because closing with something unread may take the answer away from the sender.
    /// - Parameter isLate: whether the answer waits for the end of the request and a while more.
    /// - Returns: whether the answer is the last.
    mutating func refuse(_ head: PlainHead, _ error: WireError, isLate: Bool) -> Bool {
        known.forget()
        received.moveReaderIndex(forwardBy: head.byteCount)
        let closes = head.closes || error.reason == .bodyTooLarge
        phase = .discarding(length: head.contentLength, closes: closes)
        if isLate { lateRefusal = error }
        return closes
    }

    mutating func keepsRoom() { hasRoom = true }

    /// There is no room for a body that is on its way: what comes of it is thrown away.
    /// - Returns: whether the answer is the last.
    mutating func refuseBody() -> Bool {
        guard case .receiving(let length, let closes) = phase else { return false }
        phase = .discarding(length: length, closes: closes)
        return closes
    }

    func withBody<Result>(_ length: Int, _ read: (UnsafeRawBufferPointer) -> Result) -> Result {
        received.withUnsafeReadableBytes { read(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    /// The same as a slice that can be kept.
    func body(_ length: Int) -> ByteBuffer? { received.getSlice(at: received.readerIndex, length: length) }

    /// The body is read, and needs no room any more.
    mutating func dropBody(_ length: Int) {
        received.moveReaderIndex(forwardBy: length)
        hasRoom = false
    }

    /// Whether the answer that is being waited for is the last one; nil when none is.
    var isLastAnswer: Bool? {
        if case .answering(let closes) = phase { closes } else { nil }
    }

    /// The request is answered, and over.
    /// - Parameter isLast: whether the answer says that it is the last.
    mutating func finish(isLast: Bool) -> Finish {
        if isLast {
            phase = .closing
            return .close
        }
        phase = .idle
        guard received.readableBytes == 0 else { return .next }
        received = ByteBuffer()
        return .idle
    }

    mutating func timeOut() -> Timeout {
        switch phase {
        case .receiving:
            phase = .closing
            hasRoom = false
            return .refuse
        case .idle: return .close(isSlow: received.readableBytes > 0)
        case .discarding, .closing: return .close(isSlow: false)
        case .answering, .passing: return .nothing
        }
    }

    // MARK: What goes on

    /// Whether everything is the router's.
    var isPassing: Bool {
        if case .passing = phase { true } else { false }
    }

    /// Whether a request has begun and not come to its end.
    var isWaitingForMore: Bool {
        switch phase {
        case .idle: received.readableBytes > 0
        case .receiving, .discarding, .closing: true
        case .answering, .passing: false
        }
    }

    /// Whether more may be read: not while much waits already, nor while the sender does not read its answers.
    func mayRead(isWritable: Bool) -> Bool {
        switch phase {
        case .passing: true
        case .answering: received.readableBytes < Self.readAheadBytesMax && isWritable
        case .idle, .receiving, .discarding, .closing: isWritable
        }
    }

    /// Whether an event waits for the end of the request: that the sender has closed its side waits for the answer, that the server
    /// is shutting down for the whole batch.
    func holds(isShutdown: Bool) -> Bool {
        switch phase {
        case .answering: true
        case .receiving: isShutdown
        case .idle, .discarding, .closing, .passing: false
        }
    }
}
