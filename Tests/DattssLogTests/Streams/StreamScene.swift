import DattssCore
import DattssTestSupport

@testable import DattssLog

/// Three servers that want to own one stream, a network between, and what was promised to whom.
///
/// Requests and answers are late, lost or doubled; a leader that was deposed answers nothing, though it may have stored what it was sent;
/// servers stand still for a while, with everything that they were about to do, or die with all but their folder.
struct StreamScene {
    /// What is taken away, to show that it is needed.
    enum Missing: CaseIterable {
        /// The engine compares positions.
        case comparison
        /// A message is looked for by its id, and not only by whether something lies at its place.
        case identity
        /// What was not answered is looked for before anybody is told that it does not count.
        case lookingAfterSilence
        /// What was refused is looked for, too: it may be there by an attempt before.
        case lookingAfterRefusal
        /// What is sent again goes to the same place.
        case samePlace
        /// Nothing is purged before a mark is in the stream.
        case mark
    }

    /// What those who sent a batch were told.
    enum Told { case counts, doesNotCount, nothing }

    private enum Message {
        case publish(StreamOwner.Publication)
        case read(StreamPosition)
        case fetch(StreamPosition)
        case purge(below: StreamPosition)
    }

    private enum Event {
        case arrives(Message, from: Int, life: Int)
        case input(StreamOwner.Input, to: Int, life: Int)
        /// Nobody has answered; of interest only as long as nothing else was asked.
        case silence(StreamOwner.Input, request: Int, to: Int, life: Int)
        case fetched((StreamPosition, StreamRecord)?, wanted: StreamPosition, to: Int, life: Int)
        case turn(of: Int)
    }

    private struct Server {
        var owner: StreamOwner
        var life = 0
        var requests = 0
        var stillUntil = 0
        var replay: StreamReplay?
        var applied: [UInt8] = []
        var nextLSN = LSN(1)
    }

    private(set) var stream = SimulatedStream()
    private(set) var told: [Int: Told] = [:]
    private(set) var problems: [String] = []
    private(set) var claims = 0
    private(set) var uncertain = 0
    private(set) var deposed = 0
    private var servers: [Server] = []
    private var events: [(at: Int, event: Event)] = []
    private var now = 0
    private var batches = 0
    private var lives = 0
    private var silentUntil = 0
    private var isCalm = false
    private var random: SeededGenerator
    private let missing: Missing?

    init(seed: UInt64, without missing: Missing? = nil) {
        random = SeededGenerator(seed: seed)
        self.missing = missing
        stream.comparesPosition = missing != .comparison
        for index in 0..<3 {
            servers.append(Server(owner: newOwner(index)))
            later(index, .turn(of: index))
        }
    }

    private mutating func newOwner(_ index: Int) -> StreamOwner {
        lives += 1
        return StreamOwner(node: "n\(index)", nonce: UInt64(lives))
    }

    /// Lives through the faults, then through a calm time in which everything has to come right again.
    mutating func run(steps: Int = 350) {
        for _ in 0..<steps { step() }
        isCalm = true
        for _ in 0..<steps { step() }
        judge()
    }

    // MARK: The world

    private mutating func later(_ ticks: Int, _ event: Event) { events.append((now + max(ticks, 1), event)) }

    private mutating func step() {
        guard let index = events.indices.min(by: { events[$0].at < events[$1].at }) else { return }
        let (at, event) = events.remove(at: index)
        now = max(now, at)
        if !isCalm {
            if random.oneIn(60) { silentUntil = now + Int.random(in: 1...30, using: &random) }
            if random.oneIn(40) { stream.forgetIDs() }
        }
        switch event {
        case .arrives(let message, let sender, let life): arrive(message, sender, life)
        case .input(let input, let receiver, let life):
            deliver(event, to: receiver, life) { $0.act($0.servers[receiver].owner.take(input), of: receiver) }
        case .silence(let input, let request, let receiver, let life):
            guard servers[receiver].requests == request else { return }
            deliver(event, to: receiver, life) { $0.act($0.servers[receiver].owner.take(input), of: receiver) }
        case .fetched(let found, let wanted, let receiver, let life):
            deliver(event, to: receiver, life) { $0.fetched(found, wanted: wanted, receiver) }
        case .turn(let server): turn(of: server)
        }
    }

    /// Hands something to a server that still lives, once it does not stand still any more.
    private mutating func deliver(_ event: Event, to receiver: Int, _ life: Int, _ body: (inout StreamScene) -> Void) {
        guard servers[receiver].life == life else { return }
        if !isCalm, now < servers[receiver].stillUntil { return later(servers[receiver].stillUntil - now, event) }
        body(&self)
    }

    private mutating func send(_ message: Message, from server: Int) {
        let life = servers[server].life
        let silence: StreamOwner.Input? =
            switch message {
            case .publish(let publication): .unanswered(id: publication.id)
            case .read(let position): .read(position, .unanswered)
            case .fetch, .purge: nil
            }
        if let silence {
            servers[server].requests += 1
            later(25, .silence(silence, request: servers[server].requests, to: server, life: life))
        }
        let copies = isCalm ? 1 : random.oneIn(8) ? 0 : random.oneIn(8) ? 2 : 1
        for _ in 0..<copies { later(delay(), .arrives(message, from: server, life: life)) }
    }

    private mutating func delay() -> Int {
        isCalm ? 1 : random.oneIn(8) ? Int.random(in: 20...120, using: &random) : Int.random(in: 1...6, using: &random)
    }

    private mutating func arrive(_ message: Message, _ sender: Int, _ life: Int) {
        let isSilent = !isCalm && (now < silentUntil || random.oneIn(10))
        // A leader that is about to fall may still have stored it.
        if isSilent, random.oneIn(2) { return }
        var input: Event?
        switch message {
        case .publish(let publication):
            input =
                switch stream.publish(publication) {
                case .acknowledged(let position): .input(.acknowledged(id: publication.id, at: position), to: sender, life: life)
                case .refused: .input(.refused(id: publication.id), to: sender, life: life)
                }
        case .read(let position):
            let lag = isCalm ? 0 : random.oneIn(4) ? Int.random(in: 1...3, using: &random) : 0
            input = .input(.read(position, stream.read(position, lag: lag)), to: sender, life: life)
        case .fetch(let position):
            let found = stream.message(from: position)
            input = .fetched(found, wanted: position, to: sender, life: life)
        case .purge(let position): stream.purge(below: position)
        }
        if let input, !isSilent { later(delay(), input) }
    }

    // MARK: A server

    private mutating func turn(of index: Int) {
        later(isCalm ? 4 : Int.random(in: 2...12, using: &random), .turn(of: index))
        if !isCalm {
            if now < servers[index].stillUntil { return }
            if random.oneIn(60) { return servers[index].stillUntil = now + Int.random(in: 20...200, using: &random) }
            if random.oneIn(80) { return restart(index) }
        }
        if servers[index].owner.isReady {
            // Behind the own claim everything is in blocks at once.
            let last = stream.last
            if random.oneIn(6), let epoch = servers[index].owner.epoch {
                let below = StreamPosition(UInt64.random(in: 1...epoch.value, using: &random))
                if missing == .mark { return send(.purge(below: below), from: index) }
                return act(servers[index].owner.take(.retire(below: below)), of: index)
            }
            guard last.value < 5000 else { return }
            batches += 1
            let lsn = servers[index].nextLSN
            act(servers[index].owner.take(.append(first: lsn, count: 1, frames: bytes(batches))), of: index)
        } else if let replay = servers[index].replay {
            send(.fetch(replay.next), from: index)
        } else if servers[index].owner.pending == nil, !isCalm ? random.oneIn(12) : index == 0 {
            act(servers[index].owner.take(.claim(last: stream.last)), of: index)
        }
    }

    /// A server dies, and another one begins.
    private mutating func restart(_ index: Int) {
        if let pending = servers[index].owner.pending { tell(pending, .nothing) }
        let life = servers[index].life + 1
        servers[index] = Server(owner: newOwner(index), life: life)
    }

    private mutating func act(_ action: StreamOwner.Action, of index: Int) {
        switch action {
        case .none: break
        case .publish(let publication): publish(publication, index)
        case .read(let position): look(at: position, index)
        case .replay(let claim):
            claims += 1
            servers[index].applied = []
            do throws(LogError) {
                servers[index].replay = try StreamReplay(covered: .zero, claim: claim)
            } catch {
                problems.append("\(error)")
            }
        case .written(let publication):
            servers[index].nextLSN = servers[index].nextLSN.advanced(by: 1)
            tell(publication, .counts)
        case .purge(let below): send(.purge(below: below), from: index)
        case .outrun: break
        case .deposed(.notWritten(let publication)):
            deposed += 1
            tell(publication, .doesNotCount)
            restart(index)
        case .deposed(.unknown(let publication)):
            deposed += 1
            tell(publication, .nothing)
            restart(index)
        }
    }

    private mutating func publish(_ publication: StreamOwner.Publication, _ index: Int) {
        let isAgain = servers[index].owner.isUncertain
        guard isAgain, missing == .samePlace else { return send(.publish(publication), from: index) }
        let moved = StreamOwner.Publication(id: "\(publication.id)+\(now)", expectedLast: stream.last, record: publication.record)
        if case .acknowledged = stream.publish(moved) {
            act(servers[index].owner.take(.read(publication.place, .message(id: publication.id))), of: index)
        }
    }

    private mutating func look(at position: StreamPosition, _ index: Int) {
        uncertain += 1
        guard let pending = servers[index].owner.pending else { return }
        switch missing {
        case .identity where position <= stream.last:
            act(servers[index].owner.take(.read(position, .message(id: pending.id))), of: index)
        case .lookingAfterSilence where position > stream.last, .lookingAfterRefusal where position <= stream.last:
            act(servers[index].owner.take(.read(position, .message(id: "another's"))), of: index)
        default: send(.read(position), from: index)
        }
    }

    private mutating func fetched(_ found: (StreamPosition, StreamRecord)?, wanted: StreamPosition, _ index: Int) {
        guard var replay = servers[index].replay, replay.next == wanted else { return }
        do throws(LogError) {
            guard let (position, record) = found else { return try replay.takeEnd() }
            let step = try replay.take(record, at: position)
            servers[index].replay = replay
            switch step {
            case .skip, .superseded: break
            case .restart: servers[index].applied = []
            case .apply(let first, let count, let frames):
                servers[index].applied += frames
                servers[index].nextLSN = first.advanced(by: count)
            case .done:
                servers[index].replay = nil
                checkApplied(index, replay)
                act(servers[index].owner.take(.replayed), of: index)
            }
            if step == .superseded {
                deposed += 1
                restart(index)
            } else if step != .done {
                send(.fetch(replay.next), from: index)
            }
        } catch {
            problems.append("\(error)")
            servers[index].replay = nil
        }
    }

    // MARK: Promises

    private func bytes(_ batch: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: batch >> (8 * $0)) } }

    private func numbers(_ bytes: [UInt8]) -> [Int] {
        stride(from: 0, to: bytes.count, by: 4).map { at in (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
    }

    private mutating func tell(_ publication: StreamOwner.Publication, _ answer: Told) {
        guard case .batches(let epoch, _, _, let frames) = publication.record else { return }
        let batch = numbers(frames)[0]
        if told[batch] != nil { problems.append("batch \(batch) was answered twice") }
        told[batch] = answer
        guard answer == .counts else { return }
        // Who is told that a batch counts is told so by the one whose claim is the last before it.
        let before = stream.history.prefix(Int(publication.expectedLast.value))
        let claim = before.lastIndex { if case .claim = $0.record { true } else { false } }
        if claim.map({ StreamPosition(UInt64($0 + 1)) }) != epoch {
            problems.append("batch \(batch) was answered by another than the owner")
        }
    }

    /// Whoever owns the stream has every batch that counts and is behind what was purged, once, and none that does not count.
    private mutating func checkApplied(_ index: Int, _ replay: StreamReplay) {
        let applied = numbers(servers[index].applied)
        if Set(applied).count != applied.count { problems.append("a batch is applied twice") }
        let wrong = applied.filter { told[$0] == .doesNotCount }
        if !wrong.isEmpty { problems.append("\(wrong) were said not to count, and do") }
        let purged = Int(replay.missing?.upperBound.value ?? 0)
        let expected = stream.history[purged..<Int(replay.next.value) - 1].compactMap { batch($0) }.filter { told[$0] == .counts }
        let lost = Set(expected).subtracting(applied)
        if !lost.isEmpty { problems.append("\(lost.sorted()) count, and were not replayed") }
    }

    private func batch(_ message: SimulatedStream.Message) -> Int? {
        if case .batches(_, _, _, let frames) = message.record { numbers(frames)[0] } else { nil }
    }

    private mutating func judge() {
        var counts: [Int: Int] = [:]
        for message in stream.history {
            if let batch = batch(message) { counts[batch, default: 0] += 1 }
        }
        for (batch, answer) in told.sorted(by: { $0.key < $1.key }) {
            let count = counts[batch] ?? 0
            switch answer {
            case .counts: if count != 1 { problems.append("batch \(batch) counts \(count) times") }
            case .doesNotCount: if count != 0 { problems.append("batch \(batch) was said not to count, and does \(count) times") }
            case .nothing: if count > 1 { problems.append("batch \(batch), never answered, counts \(count) times") }
            }
        }
        if !servers.contains(where: { $0.owner.epoch != nil }) { problems.append("nobody owns the stream after a calm time") }
        if told.isEmpty { problems.append("nothing was answered") }
    }
}
