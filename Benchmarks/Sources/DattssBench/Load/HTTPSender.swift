import CLoadSockets
import DattssServer

/// Sends requests over keep-alive connections, one at a time on each, from a thread of its own: two system calls a request,
/// and bytes that are prepared, so that it costs a fraction of what the server does.
final class HTTPSender {
    private let stream: LoadStream
    private let bundles: Bundles
    private let head: RequestHead
    private let target: HostPort
    private let turn: Int
    private let turns: Int
    private let tally: SharedTally
    private let pace: Pace
    private var connections: [Connection] = []
    private var idle: [Int] = []
    private var broken: [Int] = []
    private var waitingCount = 0
    private var sentCount = 0
    private var perSlot: [UInt32]
    private let poll: Int32
    private var scratch = [UInt8](repeating: 0, count: 65_536)
    /// Since when no connection could be opened.
    private var unreachableSince: Int64?

    /// For how long answers are waited for when the time is over, and a server that is gone to come back.
    private static let patienceNanoseconds: Int64 = 15_000_000_000
    private static let restNanoseconds: Int64 = 20_000_000

    private struct Connection {
        /// nil when it has to be opened again.
        var socket: LoadSocket?
        var request: Request?
        /// What stands in front of the request's prepared part.
        var head: [UInt8] = []
        var requestCount = 0
        var idleSince: Int64 = 0
        /// The part of an answer that has arrived, when it came in several.
        var received: [UInt8] = []
    }

    private struct Request {
        var number: Int
        var dueAt: Int64
        var sentAt: Int64
        var sentBytes = 0
    }

    init(
        stream: LoadStream, bundles: Bundles, head: RequestHead, target: HostPort, turn: Int, turns: Int, tally: SharedTally
    ) throws(LoadError) {
        (self.stream, self.bundles, self.head, self.target) = (stream, bundles, head, target)
        (self.turn, self.turns, self.tally) = (turn, turns, tally)
        pace = stream.pace
        perSlot = bundles.slotCount <= Tally.countedSlotsMax ? Array(repeating: 0, count: bundles.slotCount) : []
        poll = load_poll_open()
        guard poll >= 0 else { throw LoadError(description: "the load generator needs epoll: Linux") }
        let count = max(1, stream.connections / turns)
        for token in 0..<count {
            connections.append(Connection(socket: try open(token)))
            idle.append(token)
        }
    }

    deinit {
        for connection in connections { connection.socket?.close() }
        LoadSocket.close(poll)
    }

    /// Sends from `start` to `end`, in ``SteadyTime``, and waits for the last answers; blocks the thread.
    func run(from start: Int64, to end: Int64) throws(LoadError) {
        load_wake_precisely()
        SteadyTime.sleep(until: start)
        var tokens = [UInt32](repeating: 0, count: 256)
        while true {
            let now = SteadyTime.now
            if now < end {
                try reopenBroken(now)
                sendDue(now, start)
            } else if waitingCount == 0 || now >= end + Self.patienceNanoseconds {
                break
            }
            let count = load_poll_wait(poll, &tokens, Int32(tokens.count), wait(now, start, end))
            guard count >= 0 else { throw LoadError(description: "epoll_pwait2 failed") }
            for token in tokens.prefix(Int(count)) { try handle(Int(token)) }
        }
        for token in connections.indices { giveUp(token) }
        let behind = pace.isUnlimited ? 0 : (pace.count(dueBy: end - start - 1) - turn + turns - 1) / turns - sentCount
        let perSlot = perSlot
        tally.update { tally in
            tally.unsent = max(0, behind)
            tally.perSlot = perSlot
        }
    }

    /// Until the next request is due; answers interrupt it.
    private func wait(_ now: Int64, _ start: Int64, _ end: Int64) -> Int64 {
        var limit = (now < end ? end : end + Self.patienceNanoseconds) - now
        if !broken.isEmpty { limit = min(limit, Self.restNanoseconds) }
        guard now < end, !idle.isEmpty, !pace.isUnlimited else { return limit }
        return min(limit, max(0, start + pace.due(nextNumber) - now))
    }

    private var nextNumber: Int { turn + sentCount * turns }

    private func sendDue(_ now: Int64, _ start: Int64) {
        while let token = idle.last {
            let dueAt = pace.isUnlimited ? now : start + pace.due(nextNumber)
            guard dueAt <= now else { return }
            idle.removeLast()
            let number = nextNumber
            sentCount += 1
            waitingCount += 1
            connections[token].requestCount += 1
            head.write(
                to: &connections[token].head, user: bundles.user(ofNumber: number), client: token * turns + turn,
                sequence: connections[token].requestCount,
                length: Int(bundles.slices[bundles.bundle(ofNumber: number)].length))
            connections[token].request = Request(number: number, dueAt: dueAt, sentAt: now)
            let amount = amount(number)
            let late = now - max(dueAt, connections[token].idleSince)
            tally.update { tally in
                tally.sent += amount
                tally.lateness.record(nanoseconds: late)
            }
            write(token)
        }
    }

    private func amount(_ number: Int) -> Tally.Amount {
        Tally.Amount(bundles: 1, items: bundles.size, samples: bundles.bundleSamples[bundles.bundle(ofNumber: number)])
    }

    /// Writes what is left of a request; the rest when the connection takes more.
    private func write(_ token: Int) {
        guard let request = connections[token].request, let socket = connections[token].socket else { return }
        let slice = bundles.slices[bundles.bundle(ofNumber: request.number)]
        guard request.sentBytes < connections[token].head.count + Int(slice.length) else { return }
        let done = connections[token].head.withUnsafeBytes { head in
            bundles.bytes.withUnsafeBytes { bytes in
                let headDone = min(request.sentBytes, head.count)
                let bodyDone = request.sentBytes - headDone
                return load_send_pair(
                    socket.descriptor, head.baseAddress.map { $0 + headDone }, head.count - headDone,
                    bytes.baseAddress.map { $0 + Int(slice.offset) + bodyDone }, Int(slice.length) - bodyDone)
            }
        }
        // What went wrong shows itself when the answer is read.
        if done > 0 { connections[token].request?.sentBytes += done }
    }

    private func handle(_ token: Int) throws(LoadError) {
        write(token)
        while true {
            guard let socket = connections[token].socket else { return }
            let received = try scratch.withUnsafeMutableBufferPointer { bytes throws(LoadError) in try socket.receive(bytes) }
            guard let count = received else { return }
            if count == 0 { return disconnect(token) }
            if connections[token].received.isEmpty {
                let answer = try scratch.withUnsafeBufferPointer { bytes throws(LoadError) in
                    try HTTPAnswer(UnsafeBufferPointer(rebasing: bytes[..<count]))
                }
                if let answer {
                    finish(token, answer, scratch[answer.body])
                } else {
                    connections[token].received.append(contentsOf: scratch[..<count])
                }
            } else {
                connections[token].received.append(contentsOf: scratch[..<count])
                let bytes = connections[token].received
                let answer = try bytes.withUnsafeBufferPointer { bytes throws(LoadError) in try HTTPAnswer(bytes) }
                if let answer {
                    connections[token].received.removeAll(keepingCapacity: true)
                    finish(token, answer, bytes[answer.body])
                }
            }
            // Less than there was room for: nothing is left to read.
            if count < scratch.count { return }
        }
    }

    private func finish(_ token: Int, _ answer: HTTPAnswer, _ body: ArraySlice<UInt8>) {
        guard let request = connections[token].request else { return }
        connections[token].request = nil
        waitingCount -= 1
        let now = SteadyTime.now
        let took = now - request.dueAt
        connections[token].idleSince = now
        let amount = amount(request.number)
        if answer.status == 200 {
            if !perSlot.isEmpty { perSlot[bundles.slot(ofNumber: request.number)] += 1 }
            let isAtEdge = SteadyTime.isAtMinuteEdge(now)
            tally.update { tally in
                tally.acknowledged += amount
                if isAtEdge {
                    tally.edgeLatency.record(nanoseconds: took)
                } else {
                    tally.calmLatency.record(nanoseconds: took)
                }
                tally.latency.record(nanoseconds: took)
                tally.service.record(nanoseconds: now - request.sentAt)
                tally.recentLatency.record(nanoseconds: took)
            }
        } else {
            let name = HTTPAnswer.errorName(status: answer.status, body)
            tally.update { tally in
                tally.refused[name, default: .init()] += amount
                tally.refusalLatency.record(nanoseconds: took)
                tally.service.record(nanoseconds: now - request.sentAt)
                if answer.status == 503, !answer.hasRetryAfter { tally.curtRefusals += 1 }
            }
        }
        if answer.isLast { disconnect(token) } else { idle.append(token) }
    }

    private func giveUp(_ token: Int) {
        guard let request = connections[token].request else { return }
        connections[token].request = nil
        waitingCount -= 1
        let amount = amount(request.number)
        tally.update { $0.unanswered += amount }
    }

    private func disconnect(_ token: Int) {
        giveUp(token)
        connections[token].received.removeAll()
        connections[token].socket?.close()
        connections[token].socket = nil
        idle.removeAll { $0 == token }
        broken.append(token)
    }

    private func reopenBroken(_ now: Int64) throws(LoadError) {
        while let token = broken.last {
            do {
                connections[token].socket = try open(token)
                unreachableSince = nil
                broken.removeLast()
                idle.append(token)
            } catch {
                let since = unreachableSince ?? now
                unreachableSince = since
                if now - since > Self.patienceNanoseconds { throw error }
                return
            }
        }
    }

    private func open(_ token: Int) throws(LoadError) -> LoadSocket {
        let socket = try LoadSocket(target, .stream)
        socket.setNonBlocking()
        guard load_poll_add(poll, socket.descriptor, UInt32(token)) == 0 else {
            throw LoadError(description: "epoll_ctl failed")
        }
        return socket
    }
}
