import CLoadSockets
import DattssServer
import Dispatch
import FoundationEssentials

/// A whole run: prepares, sends phase after phase, asks the server, and adds up.
struct LoadRun: Sendable {
    let plan: LoadPlan
    let http: HostPort
    let udp: HostPort
    let keys: [String]
    let isAlone: Bool
    /// The receiver is no DaTtSs server, and is not asked.
    let isBlind: Bool
    let progress: ProgressLines

    /// What became of a stream of a phase.
    struct Outcome: Sendable {
        var phase: Int
        var stream: LoadStream
        var seconds: Double
        var tally: Tally
    }

    struct Result: Sendable {
        var outcomes: [Outcome]
        /// nil when nobody was asked.
        var account: LoadAccount?
        /// Processor time of the generator while it sent: where it is near the time that this took, the generator was the limit.
        var senderCPUSeconds: Double
    }

    /// For how long the server may need to work off what it has taken in, without anything moving.
    private static let settlingNanoseconds: Int64 = 3_000_000_000
    private static let keyPatienceNanoseconds: Int64 = 5_000_000_000

    func run() async throws -> Result {
        progress.note("preparing what will be sent")
        let prepared = try prepare()
        guard !isBlind else {
            let (outcomes, cpu) = try await send(prepared)
            return Result(outcomes: outcomes, account: nil, senderCPUSeconds: cpu)
        }
        let conversation = ServerConversation(http)
        try waitForKeys(conversation)
        let witnesses = Witnesses(streams: prepared.flatMap { $0 }.map { ($0.stream, $0.bundles) }, keys: keys)
        let baseline = try witnesses.read(conversation)
        let before = try conversation.books()
        let (outcomes, cpu) = try await send(prepared)
        progress.note("asking the server")
        var account = try settle(
            conversation, since: before, http: Self.sum(outcomes, .http), udp: Self.sum(outcomes, .udp))
        account.readBack = try witnesses.compare(
            since: baseline, outcomes.filter { $0.stream.transport != .query }.map(\.tally), account, conversation)
        for outcome in outcomes where outcome.stream.hasWrongKeys && outcome.tally.acknowledged.bundles > 0 {
            guard outcome.stream.transport == .http else { continue }
            account.readBack.problems.append("\(outcome.tally.acknowledged.bundles) requests with wrong keys were acknowledged")
        }
        return Result(outcomes: outcomes, account: account, senderCPUSeconds: cpu)
    }

    private func send(_ prepared: [[Prepared]]) async throws -> (outcomes: [Outcome], cpuSeconds: Double) {
        var outcomes: [Outcome] = []
        let before = SteadyTime.processorSeconds
        for (index, phase) in plan.phases.enumerated() {
            outcomes += try await run(phase, number: index + 1, prepared[index])
        }
        return (outcomes, SteadyTime.processorSeconds - before)
    }

    private static func sum(_ outcomes: [Outcome], _ transport: LoadStream.Transport) -> Tally {
        outcomes.filter { $0.stream.transport == transport }.reduce(into: Tally()) { sum, outcome in
            var tally = outcome.tally
            // The slots of different streams have nothing to do with each other.
            tally.perSlot = []
            sum.add(tally)
        }
    }

    /// A server notices new users within a second.
    private func waitForKeys(_ conversation: ServerConversation) throws {
        guard let last = keys.last else { return }
        let deadline = SteadyTime.now + Self.keyPatienceNanoseconds
        while try conversation.get("/api/v1/processes", key: last).status == 401 {
            guard SteadyTime.now < deadline else {
                throw LoadError(description: "the server at \(http) does not know the key: is it that of another data folder?")
            }
            SteadyTime.sleep(until: SteadyTime.now + 100_000_000)
        }
    }

    private struct Prepared: Sendable {
        var stream: LoadStream
        var bundles: Bundles
    }

    private func prepare() throws -> [[Prepared]] {
        try plan.phases.map { phase in
            try phase.streams.map { stream in
                let bundles =
                    switch stream.transport {
                    case .http: try Bundles.bodies(stream)
                    case .udp: try Bundles.datagrams(stream, keys: keys(of: stream))
                    case .query: try Bundles.queries(stream)
                    }
                if stream.transport == .udp, let largest = bundles.slices.map(\.length).max(),
                    largest > Bundles.datagramBytesMax
                {
                    throw LoadError(description: "a datagram would have \(largest) bytes, at most \(Bundles.datagramBytesMax) fit")
                }
                return Prepared(stream: stream, bundles: bundles)
            }
        }
    }

    private func keys(of stream: LoadStream) -> ArraySlice<String> {
        keys[(stream.firstUser - 1)..<(stream.firstUser - 1 + stream.users)]
    }

    private func run(_ phase: LoadPlan.Phase, number: Int, _ prepared: [Prepared]) async throws -> [Outcome] {
        let connections = prepared.reduce(0) { $0 + ($1.stream.transport == .udp ? 0 : $1.stream.connections) }
        let start = SteadyTime.now + 50_000_000 + Int64(connections) * 100_000
        let end = start + Int64(phase.seconds * 1e9)
        let tallies = prepared.map { prepared in (0..<prepared.stream.threads).map { _ in SharedTally() } }
        let shown = zip(prepared, tallies).map { (stream: $0.stream, tallies: $1) }
        let showing = Task { await progress.show(shown, phase: number, of: plan.phases.count, from: start, to: end) }
        defer { showing.cancel() }
        try await withThrowingTaskGroup { group in
            for (index, (prepared, tallies)) in zip(prepared, tallies).enumerated() {
                // The streams of a phase may be of the same users, and are different clients all the same.
                let run = UInt64(start) + UInt64(index)
                for (turn, tally) in tallies.enumerated() {
                    group.addTask {
                        try await Self.onThread {
                            try send(prepared, run, turn, of: tallies.count, tally, from: start, to: end)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return zip(prepared, tallies).map { prepared, tallies in
            let tally = tallies.reduce(into: Tally()) { $0.add($1.snapshot) }
            return Outcome(phase: number, stream: prepared.stream, seconds: phase.seconds, tally: tally)
        }
    }

    private func send(
        _ prepared: Prepared, _ run: UInt64, _ turn: Int, of turns: Int, _ tally: SharedTally, from start: Int64, to end: Int64
    ) throws {
        let (stream, bundles) = (prepared.stream, prepared.bundles)
        guard stream.transport != .udp else {
            return try DatagramSender(stream: stream, bundles: bundles, target: udp, turn: turn, turns: turns, tally: tally)
                .run(from: start, to: end)
        }
        let head = RequestHead(stream, host: "\(http)", keys: keys(of: stream), run: run)
        try HTTPSender(
            stream: stream, bundles: bundles, head: head, target: http, turn: turn, turns: turns, tally: tally
        ).run(from: start, to: end)
    }

    /// Runs something that blocks on a thread of its own.
    private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "dattss.load").async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Asks until all is accounted for, or nothing moves any more.
    private func settle(
        _ conversation: ServerConversation, since before: ServerBooks, http: Tally, udp: Tally
    ) throws -> LoadAccount {
        var last = ServerBooks()
        var movedAt = SteadyTime.now
        while true {
            let books = try conversation.books()
            let account = LoadAccount(
                http: http, udp: udp, server: books.since(before), samplesPerDatagram: plan.samplesPerDatagram,
                isAlone: isAlone)
            if account.problems.isEmpty, account.isCertain, books.queued == 0 { return account }
            if books.hasMoved(since: last) { movedAt = SteadyTime.now }
            if SteadyTime.now - movedAt > Self.settlingNanoseconds { return account }
            last = books
            SteadyTime.sleep(until: SteadyTime.now + 100_000_000)
        }
    }
}
