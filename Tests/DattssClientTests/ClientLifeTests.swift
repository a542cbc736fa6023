import DattssClient
import DattssCore
import Dispatch
import Synchronization
import Testing

/// Hours of a client inside a program: what only time brings, beside an oracle that counts every sample.
@Suite struct ClientLifeTests {
    @Test(
        "over hours of a server's moods every sample arrives once, or is counted as dropped",
        arguments: [Hours(seed: 1, away: 0), Hours(seed: 2, away: 0), Hours(seed: 3, away: 3), Hours(seed: 4, away: 3)])
    func hours(of plan: Hours) async throws {
        // Goal: failures, idle statistics that return, many threads, a buffer that overflows, and numbers that never go back.
        var life = ClientLife(seed: plan.seed)
        for hour in 0..<8 {
            for period in 0..<ClientLife.periodsPerHour {
                if period.isMultiple(of: 90) { life.server.mood = life.nextMood(isAway: (3..<3 + plan.away).contains(hour)) }
                life.record()
                await life.nextPeriod()
            }
        }
        life.server.mood = .up
        await life.untilAllIsSent()
        life.expectTrueBooks("\(plan)")
        let drops = life.stats.drops
        #expect((drops[.bufferFull] > 0) == (plan.away > 1), "\(plan)")
        #expect(drops[.tooManyStatistics] == 0 && drops[.stopped] == 0, "\(plan)")
        #expect(await life.stats.stop(), "\(plan)")
        life.expectTrueBooks("\(plan), stopped")
    }

    @Test("names beyond what is remembered are dropped and counted, and there is room again when others were idle for an hour")
    func room() async throws {
        // Goal: a flood of names costs the program those names, for an hour, and nothing else.
        var life = ClientLife(seed: 5)
        life.record(names: 0..<25_000)
        await life.nextPeriod()
        let full = life.stats.drops[.tooManyStatistics]
        #expect(full == 25_000 - 20_000)
        life.record(names: 30_000..<30_010)
        #expect(life.stats.drops[.tooManyStatistics] == full + 10)
        // What is used stays, what is idle goes.
        for _ in 0..<(ClientLife.periodsPerHour + 2) {
            life.record(names: 0..<10)
            await life.nextPeriod()
        }
        life.record(names: 30_000..<49_990)
        life.record(names: 0..<10)
        #expect(life.stats.drops[.tooManyStatistics] == full + 10)
        await life.untilAllIsSent()
        life.expectTrueBooks("after the flood")
        #expect(await life.stats.stop())
    }

    @Test("a program that ends while its server is away counts what it gives up", arguments: [6, 7] as [UInt64])
    func endsWithoutServer(seed: UInt64) async throws {
        // Goal: the books are true at the very end, also of batches that arrived and whose answers were lost.
        var life = ClientLife(seed: seed)
        for mood in [ClientLife.Mood.up, .loses, .away] {
            life.server.mood = mood
            for _ in 0..<40 {
                life.record()
                await life.nextPeriod()
            }
        }
        life.record()
        let limit = life.clock.now().advanced(byMilliseconds: 2000)
        let stats = life.stats
        async let isComplete = stats.stop(within: 2)
        await life.clock.untilSomebodySleeps(until: limit)
        life.clock.advance(milliseconds: 2000)
        #expect(await !isComplete)
        #expect(life.stats.drops[.stopped] > 0)
        life.expectTrueBooks("seed \(seed)")
    }

    struct Hours: Sendable, CustomTestStringConvertible {
        var seed: UInt64
        /// From the fourth hour on.
        var away: Int
        var testDescription: String { "seed \(seed), \(away) hours away" }
    }
}

/// A client, its clock, its server, and the oracle.
struct ClientLife {
    let clock = HandClock()
    let server = MoodyServer()
    let stats: Dattss
    private var random: SplitMix64
    private var due = Timestamp(milliseconds: 1_000_000 + periodMilliseconds)
    private var periods = 0
    /// By path: how many samples were recorded, and their sum. All are integers, so sums are exact.
    private var recorded: [String: Recorded] = [:]

    typealias Mood = MoodyServer.Mood
    typealias Recorded = MoodyServer.Counted

    static let periodMilliseconds: Int64 = 5000
    static let periodsPerHour = 720

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        stats = Dattss(.quiet(process: "life"), transport: server, clock: clock, seed: seed)
        stats.start()
    }

    /// The mood of the next minutes; half of them are good.
    mutating func nextMood(isAway: Bool) -> Mood {
        if isAway { return .away }
        return Bool.random(using: &random) ? .up : Mood.allCases.randomElement(using: &random) ?? .up
    }

    /// What a program of four threads records in a period: some names always, some now and then, some after hours of silence.
    mutating func record() {
        periods += 1
        var paths = ["always.a", "always.b", "often.\(periods % 7)"]
        // Each is silent for an hour and more, in which it leaves memory, and comes back.
        if periods.isMultiple(of: 50) { paths.append("rare.\(periods / 50 % 16)") }
        for _ in 0..<Int.random(in: 0...5, using: &random) { paths.append("some.\(Int.random(in: 0..<300, using: &random))") }
        record(paths, eachBy: 4)
    }

    mutating func record(names: Range<Int>) { record(names.map { "flood.\($0)" }, eachBy: 1) }

    private mutating func record(_ paths: [String], eachBy threads: Int) {
        let value = Double(Int.random(in: 1...1000, using: &random))
        DispatchQueue.concurrentPerform(iterations: threads) { [stats] thread in
            for path in paths {
                switch path.utf8.count % 3 {
                case 0: stats.count(path, by: value + Double(thread))
                case 1: stats.time(path, milliseconds: value + Double(thread))
                default: stats.gauge(path, value + Double(thread))
                }
            }
        }
        for path in paths {
            for thread in 0..<threads { recorded[path, default: Recorded()].add(1, sum: value + Double(thread)) }
        }
    }

    /// Turns the clock to the end of the push period.
    mutating func nextPeriod() async {
        await clock.untilSomebodySleeps(until: due)
        clock.advance(milliseconds: Self.periodMilliseconds)
        due = due.advanced(byMilliseconds: Self.periodMilliseconds)
        // What was due has been collected when the next one is awaited.
        await clock.untilSomebodySleeps(until: due)
    }

    mutating func untilAllIsSent() async {
        while await !stats.flush() { await nextPeriod() }
    }

    /// recorded = delivered + dropped, where a batch that was counted and never acknowledged, because every answer was lost,
    /// is in both.
    func expectTrueBooks(_ comment: Comment) {
        let (books, drops) = (server.books, stats.drops)
        let count = recorded.values.reduce(0) { $0 + $1.count }
        let isBoth = books.unacknowledged.values.reduce(0, +)
        #expect(books.total + drops.total - isBoth == count, comment)
        #expect(books.reportedDrops <= drops.total, comment)
        #expect(books.problems == [], comment)
        for (path, counted) in books.paths {
            let mine = recorded[path] ?? Recorded()
            #expect(counted.count <= mine.count, "\(comment): \(path)")
            if drops.total == 0 { #expect(counted == mine, "\(comment): \(path)") }
        }
        #expect(books.total > 0, comment)
    }
}

/// A server that counts each batch once, and answers as its mood is.
final class MoodyServer: Transport {
    enum Mood: CaseIterable, Sendable {
        case up
        /// Nothing arrives.
        case away
        /// What arrives is counted, and most answers are lost.
        case loses
        /// 503, and 429 with a time to wait.
        case busy
        case refusesKey
    }

    struct Counted: Hashable {
        var count: Int64 = 0
        var sum = 0.0

        mutating func add(_ count: Int64, sum: Double) {
            self.count += count
            self.sum += sum
        }
    }

    struct Books {
        var total: Int64 = 0
        var paths: [String: Counted] = [:]
        var reportedDrops: Int64 = 0
        /// Samples of batches that are counted, and of which the client does not know.
        var unacknowledged: [Int64: Int64] = [:]
        var highest: Int64 = 0
        var bodies: [Int64: [UInt8]] = [:]
        var requests = 0
        var problems: [String] = []
    }

    private struct NoAnswer: Error {}

    private let state = Mutex((mood: Mood.up, books: Books()))

    var books: Books { state.withLock { $0.books } }
    var mood: Mood {
        get { state.withLock { $0.mood } }
        set { state.withLock { $0.mood = newValue } }
    }

    func send(_ request: TransportRequest) async throws -> TransportAnswer {
        let batch = try decode(request.body)
        let status: Int? = state.withLock { state in
            state.books.requests += 1
            switch state.mood {
            case .away: return nil
            case .busy: return state.books.requests.isMultiple(of: 3) ? 429 : 503
            case .refusesKey: return 401
            case .up, .loses:
                let isHeard = state.mood == .up || state.books.requests.isMultiple(of: 4)
                state.books.take(batch, request.body, isHeard: isHeard)
                return isHeard ? 200 : nil
            }
        }
        guard let status else { throw NoAnswer() }
        return TransportAnswer(status: status, retryAfterSeconds: status == 429 ? 45 : nil)
    }
}

extension MoodyServer.Books {
    mutating func take(_ batch: Batch, _ body: [UInt8], isHeard: Bool) {
        guard let sequence = batch.origin?.sequence else { return problems.append("a batch without a number") }
        let samples = batch.partials.reduce(Int64(0)) { $1.key.path == Self.dropped ? $0 : $0 + $1.aggregate.count }
        if let known = bodies[sequence] {
            if known != body { problems.append("batch \(sequence) came again as another") }
        } else {
            if sequence <= highest { problems.append("batch \(sequence) came after \(highest)") }
            highest = max(highest, sequence)
            bodies[sequence] = body
            total += samples
            for partial in batch.partials {
                if partial.key.path == Self.dropped {
                    reportedDrops += Int64(partial.aggregate.sum)
                } else {
                    paths[partial.key.path, default: .init()].add(partial.aggregate.count, sum: partial.aggregate.sum)
                }
            }
        }
        unacknowledged[sequence] = isHeard ? nil : samples
    }

    private static let dropped = "dattss.client.dropped"
}
