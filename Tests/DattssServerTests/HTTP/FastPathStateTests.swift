import DattssCore
import NIOCore
import Testing

@testable import DattssServer

/// Goal: what the fast path does depends on the bytes of a connection, and not on how they are cut.
@Suite("Decisions of the fast path")
struct FastPathStateTests {
    /// A connection that does what the state says, and notes it.
    private struct Connection {
        var state = FastPathState()
        /// Whether batches are answered as soon as they are there.
        var answersAtOnce = true
        var hasRoom = true
        /// Whether wrong keys are answered late.
        var isLate = false
        /// Whether a head like the one before may still be used.
        var isStillGood = true
        private(set) var notes: [String] = []
        /// Everything that the router gets.
        private(set) var passed = ""
        private(set) var checks = 0
        private(set) var repetitions = 0

        mutating func receive(_ text: String) { receive(text.utf8) }

        mutating func receive(_ bytes: some Sequence<UInt8>) {
            let bytes = ByteBuffer(bytes: bytes)
            if state.isPassing { return passed += String(buffer: bytes) }
            _ = state.receive(bytes)
            advance()
        }

        /// The answer to a batch, or a late one, is there.
        mutating func answer(isLast: Bool? = nil) throws {
            let last = try #require(state.isLastAnswer as Bool?)
            finish(isLast: isLast ?? last)
            advance()
        }

        private mutating func advance() {
            while true {
                switch state.next() {
                case .wait: return
                case .checkAgain(let repetition):
                    repetitions += 1
                    if isStillGood { state.accept(repetition) } else { state.forgetHead() }
                case .check(let head):
                    checks += 1
                    check(head)
                case .keepRoom(let length):
                    if hasRoom { state.keepsRoom() } else { notes.append("no room for \(length), last: \(state.refuseBody())") }
                case .take(let length):
                    notes.append("take \(state.withBody(length) { String(decoding: $0, as: UTF8.self) })")
                    state.dropBody(length)
                    if answersAtOnce { finish(isLast: state.isLastAnswer ?? false) }
                case .answerLate(let error):
                    notes.append("late \(error.reason)")
                case .end: finish(isLast: state.isLastAnswer ?? false)
                case .pass(let bytes):
                    passed += String(buffer: bytes)
                    return
                }
            }
        }

        private mutating func check(_ head: PlainHead) {
            switch head.key {
            case "good":
                state.accept(head)
                if head.expectsContinue { notes.append("continue") }
            case "large":
                notes.append("too large, last: \(state.refuse(head, WireError(.bodyTooLarge, "large"), isLate: false))")
            default:
                let closes = state.refuse(head, WireError(.unauthorized, "wrong"), isLate: isLate)
                if !isLate { notes.append("wrong key, last: \(closes)") }
            }
        }

        private mutating func finish(isLast: Bool) {
            if case .close = state.finish(isLast: isLast) { notes.append("close") }
        }
    }

    private static func request(_ body: String, key: String = "good", _ fields: String = "") -> String {
        "PUT /agg?auth=\(key) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    /// What comes on a connection, what is done, and what of it is the router's.
    private static let scripts: [(bytes: String, notes: [String], passed: String)] = [
        (request("one") + request("") + request("three"), ["take one", "take ", "take three"], ""),
        (
            request("one") + request("body", key: "wrong") + request("three"),
            ["take one", "wrong key, last: false", "take three"], ""
        ),
        (
            request("one", "Expect: 100-continue\r\n") + request("two"), ["continue", "take one", "take two"], ""
        ),
        (request("one", "Connection: close\r\n") + request("two"), ["take one", "close"], ""),
        (request("one") + request("body", key: "large") + request("3"), ["take one", "too large, last: true", "close"], ""),
        (
            request("one") + "GET /status HTTP/1.1\r\n\r\n" + request("two"), ["take one"],
            "GET /status HTTP/1.1\r\n\r\n" + request("two")
        ),
        (
            request("one") + "PUT /agg HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" + request("two"), ["take one"],
            "PUT /agg HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" + request("two")
        ),
    ]

    @Test("does the same with a connection's bytes wherever they are cut", arguments: scripts.indices)
    func cutAnywhere(number: Int) {
        let (bytes, notes, passed) = Self.scripts[number]
        for cut in 0...bytes.utf8.count {
            var connection = Connection()
            connection.receive(bytes.utf8.prefix(cut))
            connection.receive(bytes.utf8.dropFirst(cut))
            #expect(connection.notes == notes && connection.passed == passed, "cut at \(cut)")
        }
    }

    @Test("does the same with one byte after the other", arguments: scripts.indices)
    func drip(number: Int) {
        let (bytes, notes, passed) = Self.scripts[number]
        var connection = Connection()
        for byte in bytes.utf8 { connection.receive(CollectionOfOne(byte)) }
        #expect(connection.notes == notes && connection.passed == passed)
    }

    @Test("what arrives behind a batch waits for its answer, in order")
    func pipelined() throws {
        var connection = Connection()
        connection.answersAtOnce = false
        connection.receive(Self.request("one") + Self.request("two") + Self.request("wrong", key: "wrong") + "GET / HTTP/1.1\r\n")
        #expect(connection.notes == ["take one"])
        try connection.answer()
        #expect(connection.notes == ["take one", "take two"] && connection.passed.isEmpty)
        try connection.answer()
        #expect(connection.notes == ["take one", "take two", "wrong key, last: false"])
        #expect(connection.passed == "GET / HTTP/1.1\r\n")
    }

    @Test("behind an answer that is the last nothing is taken")
    func last() throws {
        var connection = Connection()
        connection.answersAtOnce = false
        connection.receive(Self.request("one") + Self.request("two"))
        try connection.answer(isLast: true)
        connection.receive(Self.request("three") + "GET / HTTP/1.1\r\n\r\n")
        #expect(connection.notes == ["take one", "close"] && connection.passed.isEmpty)
        #expect(connection.state.isLastAnswer == nil)
    }

    @Test("a late refusal waits for the end of its request, and what is behind it waits for the refusal")
    func late() throws {
        var connection = Connection()
        connection.isLate = true
        let wrong = Self.request("body", key: "wrong")
        connection.receive(String(wrong.dropLast()))
        #expect(connection.notes.isEmpty)
        connection.receive(String(wrong.suffix(1)) + Self.request("one"))
        #expect(connection.notes == ["late unauthorized"])
        try connection.answer()
        #expect(connection.notes == ["late unauthorized", "take one"])
    }

    @Test("a body for which there is no room is thrown away, and only that")
    func noRoom() {
        var connection = Connection()
        connection.hasRoom = false
        let large = Self.request("a body that comes in two")
        connection.receive(String(large.dropLast(3)))
        connection.hasRoom = true
        connection.receive(String(large.suffix(3)) + Self.request("one"))
        #expect(connection.notes == ["no room for 24, last: false", "take one"])
    }

    @Test("room is kept once for a body in pieces, and not for one that is there")
    func room() {
        var state = FastPathState()
        func isAsked(_ text: String) -> Bool {
            _ = state.receive(ByteBuffer(string: text))
            while true {
                switch state.next() {
                case .check(let head): state.accept(head)
                case .checkAgain(let repetition): state.accept(repetition)
                case .keepRoom:
                    state.keepsRoom()
                    return true
                case .take(let length):
                    state.dropBody(length)
                    _ = state.finish(isLast: false)
                default: return false
                }
            }
        }
        #expect(!isAsked(Self.request("whole")))
        let pieces = Self.request("in pieces")
        #expect(isAsked(String(pieces.dropLast(5))))
        #expect(state.hasRoom && !isAsked(String(pieces.suffix(5).prefix(2))))
        #expect(!isAsked(String(pieces.suffix(3))))
        #expect(!state.hasRoom)
    }

    @Test("a head that is repeated is not read again, but where its key is not good any more")
    func repetition() {
        var connection = Connection()
        for body in ["one", "another"] { connection.receive(Self.request(body)) }
        #expect(connection.checks == 1 && connection.repetitions == 1)
        connection.isStillGood = false
        connection.receive(Self.request("third"))
        #expect(connection.checks == 2 && connection.notes == ["take one", "take another", "take third"])
        // These say more than a repetition may.
        var special = Connection()
        for _ in 0..<2 { special.receive(Self.request("one", "Expect: 100-continue\r\n")) }
        #expect(special.checks == 2 && special.repetitions == 0)
    }

    @Test("a deadline means what the request that is under way makes of it")
    func deadlines() throws {
        func timeOut(after text: String, _ prepare: (inout Connection) -> Void = { _ in }) -> FastPathState.Timeout {
            var connection = Connection()
            prepare(&connection)
            connection.receive(text)
            let timeout = connection.state.timeOut()
            // Nothing is taken any more when the sender was told that it was too slow.
            if timeout == .refuse {
                connection.receive("dy" + Self.request("one"))
                #expect(connection.notes.isEmpty && connection.state.timeOut() == .close(isSlow: false))
            }
            return timeout
        }
        #expect(timeOut(after: "") == .close(isSlow: false))
        #expect(timeOut(after: Self.request("one")) == .close(isSlow: false))
        #expect(timeOut(after: "PUT /agg?au") == .close(isSlow: true))
        #expect(timeOut(after: String(Self.request("body").dropLast(2))) == .refuse)
        #expect(timeOut(after: String(Self.request("body", key: "wrong").dropLast(2))) == .close(isSlow: false))
        #expect(timeOut(after: Self.request("one")) { $0.answersAtOnce = false } == .nothing)
        #expect(timeOut(after: "GET / HTTP/1.1\r\n") == .nothing)
    }

    @Test("a sender that does not wait for answers, or does not read them, is held back")
    func readAhead() throws {
        var connection = Connection()
        connection.answersAtOnce = false
        #expect(connection.state.mayRead(isWritable: true) && !connection.state.mayRead(isWritable: false))
        connection.receive(Self.request("one"))
        #expect(connection.state.mayRead(isWritable: true) && !connection.state.mayRead(isWritable: false))
        connection.receive(Self.request(String(repeating: "x", count: FastPathState.readAheadBytesMax)))
        #expect(!connection.state.mayRead(isWritable: true))
        try connection.answer()
        #expect(connection.state.mayRead(isWritable: true))
        try connection.answer()
        connection.receive("GET / HTTP/1.1\r\n")
        #expect(connection.state.mayRead(isWritable: false), "the router decides for itself")
    }

    @Test("the end of what is sent waits for an answer, the end of the server for the whole batch")
    func events() throws {
        var connection = Connection()
        connection.answersAtOnce = false
        func holds() -> [Bool] { [connection.state.holds(isShutdown: false), connection.state.holds(isShutdown: true)] }
        #expect(holds() == [false, false])
        let request = Self.request("body")
        connection.receive(String(request.dropLast()))
        #expect(holds() == [false, true])
        connection.receive(String(request.suffix(1)))
        #expect(holds() == [true, true])
        try connection.answer()
        #expect(holds() == [false, false])
    }
}
