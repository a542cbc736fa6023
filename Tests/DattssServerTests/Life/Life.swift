import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import HTTPTypes
import LibC
import Testing

@testable import DattssServer

/// One life: what happens, hour by hour. What it has to come to is in `LifeComparison.swift`.
struct Life {
    let seed: UInt64
    private let days: Int
    var random: SeededGenerator
    let server: LivingServer
    var oracle = LifeOracle()
    let retention: Retention.Limits
    /// In the order in which they were sent; of each statistic that is silent, until when.
    private var silentUntil: [String: Timestamp] = [:]
    private var sent: [(body: [UInt8], user: UserID, hour: Int)] = []
    private var sequences: [String: Int64] = [:]
    /// The total of each cumulative series, and whether this run of the server has seen it.
    private var series: [String: (total: Double, isKnown: Bool)] = [:]
    private var exportedAt = Timestamp(milliseconds: 0)
    private var exports: Int64 = 0
    private var uniques = 0
    var duplicates = 0
    var refusedLines = 0
    var processSeen: [String: Timestamp] = [:]
    /// Where the clock of a machine really is, beside a clock that is wrong for some hours.
    private var hoursUntilClockIsRight: Int?
    private var wrongBy: Int64 = 0
    private(set) var hour = 0
    /// CPU seconds of this process, when they were printed last.
    private var secondsBefore = 0.0
    var happened: [String: Int] = [:]
    let compared = Compared()
    var reader: LiveReader?
    var mirror: [StatisticKey: StatisticStatus] = [:]

    static let idleSeconds: Int64 = 6 * 3600
    static let ann = UserID("ann")!
    static let eve = UserID("eve")!
    static let users = [UserID.local, ann, eve]
    private static let keys = ["hits", "shop.cart.added", "query.time", "temperature", "x!y:z-1"].flatMap { path in
        Kind.allCases.map { StatisticKey($0, path) }
    }
    /// 19 October 2026, 22:00 UTC: the week in which Europe's clocks go back.
    private static let start = Timestamp(seconds: 1_792_447_200)

    init(seed: UInt64, days: Int) throws {
        (self.seed, self.days, random) = (seed, days, SeededGenerator(seed: seed))
        retention = Retention.Limits(minuteDays: 3, hourDays: min(400, Int64(days) / 4))
        var settings = LivingServer.Settings(retention: retention)
        settings.limits.idleSeconds = Self.idleSeconds
        settings.limits.clientsPerUser = 16
        server = try LivingServer(at: Self.start, settings)
        for user in Self.users { try server.parts.accounts.add(user, at: Self.start) }
    }

    var now: Timestamp { server.clock.now() }
    /// What certainly is today: a clock that is ahead by more than a pause lets nothing go.
    var certainToday: Int64 {
        let isAhead = hoursUntilClockIsRight != nil && wrongBy > ConfirmedTime.followedMilliseconds
        return (isAhead ? now.advanced(byMilliseconds: -wrongBy) : now).minute.day
    }
    var place: String { "seed \(seed), hour \(hour), \(now.seconds)" }

    mutating func run() async throws {
        for hour in 0..<days * 24 {
            self.hour = hour
            try await liveAnHour()
            try await compareHour()
            if now.minute.index / 60 % 24 == 2 { try await compareDays() }
            if (hour + 1) % (20 * 24) == 0 { printCost() }
        }
        try await server.killAndRestart()
        noteRestart("kills")
        try await compareHour()
        try await compareDays()
        await server.stop()
        #expect(server.failures.all.isEmpty)
        // A life in which nothing happened shows nothing.
        print("what happened:", happened.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        guard days >= 30 else { return }
        for name in [
            "kills", "restarts", "clocks set", "clocks adjusted", "users erased", "idle statistics", "returns", "days of 25 hours",
            "names that a collector forgot", "floods of wrong keys",
        ] {
            #expect(happened[name] ?? 0 > 0, "seed \(seed): no \(name)")
        }
        #expect(compared.days(of: "minutes") > 100 && compared.days(of: "hours") > 100, "seed \(seed)")
        #expect(compared.days(of: "nothing") > 100, "seed \(seed)")
    }

    /// A day of an old server costs what one of a young server does: printed, because a test asserts no seconds.
    private mutating func printCost() {
        let seconds = Double(clock()) / Double(CLOCKS_PER_SEC)
        print("day \((hour + 1) / 24): \(((seconds - secondsBefore) / 20 * 1000).rounded()) ms of CPU a day")
        secondsBefore = seconds
    }

    // MARK: An hour

    private mutating func liveAnHour() async throws {
        let end = Timestamp(seconds: (now.seconds / 3600 + 1) * 3600)
        // What is only counted, as a collector's idle names are, passes in no time.
        if random.oneIn(12) {
            let before = server.parts.collector.statisticCount
            server.flushLines(times: 800)
            happened["names that a collector forgot", default: 0] += before - server.parts.collector.statisticCount
        }
        // Most nights, and some hours, are quiet.
        let isQuiet = (0..<6).contains(now.seconds / 3600 % 24) ? !random.oneIn(3) : random.oneIn(8)
        let moments = isQuiet ? 0 : Int.random(in: 1...6, using: &random)
        let offsets = (0..<moments).map { _ in Int64.random(in: 1_000..<3_590_000, using: &random) }.sorted()
        let begin = end.advanced(byMilliseconds: -3_600_000)
        for offset in offsets {
            let moment = begin.advanced(byMilliseconds: offset)
            if moment > now { set(moment) }
            try await happen()
        }
        if end > now { set(end.advanced(byMilliseconds: 5)) }
        try await seldom()
    }

    private mutating func set(_ time: Timestamp) {
        server.clock.set(time)
        oracle.look(time)
    }

    private mutating func happen() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<45: try await sendBodies()
        case ..<60: try await sendLines()
        case ..<68: try await export()
        case ..<76: try await sendAgain()
        case ..<82: try await sendThroughRouter()
        case ..<86: await sendNonsense()
        case ..<94: try await sendBodies()
        default: try await sendUnique()
        }
    }

    private mutating func seldom() async throws {
        if let hours = hoursUntilClockIsRight {
            hoursUntilClockIsRight = hours > 1 ? hours - 1 : nil
            if hours == 1 { try await jump(-wrongBy) }
            return
        }
        // A log that waits for the clock to catch up has a time that does not survive it.
        if now < oracle.latest { return }
        // Each of them within every ten days, whatever chance adds.
        let drawn = Int.random(in: 0..<400, using: &random)
        switch [37: 21, 91: 10, 133: 19, 171: 16, 211: 0][hour % 240] ?? drawn {
        case ..<8:
            // (Hours pass here faster than the housekeeping, which writes down how late it is.)
            let isNoted = try await eventually { $0.server.hasNotedTime }
            #expect(isNoted, "\(place): the time is not written down")
            try await server.killAndRestart()
            noteRestart("kills")
        case ..<16:
            try await server.shutDownAndRestart()
            noteRestart("restarts")
        case ..<19:
            // Ahead by some hours, for a few; or behind.
            wrongBy = Int64.random(in: 2...20, using: &random) * 3_600_000 * (random.oneIn(2) ? 1 : -1)
            hoursUntilClockIsRight = Int.random(in: 1...3, using: &random)
            // Now and then it goes wrong over midnight, to the hour in which days are compared.
            if random.oneIn(3) { (wrongBy, hoursUntilClockIsRight) = ((25 - now.seconds / 3600 % 24) * 3_600_000, 3) }
            try await jump(wrongBy)
            happened["clocks set", default: 0] += 1
        case ..<20: try await deleteEve()
        case ..<24:
            happened["clocks adjusted", default: 0] += 1
            try await server.lookAtClock()
            let back = Int64.random(in: 1...50, using: &random) * 60_000
            set(now.advanced(byMilliseconds: -back))
            // No time passes by it: what was silent is silent for as long.
            exportedAt = exportedAt.advanced(byMilliseconds: -back)
        default: break
        }
    }

    /// (Hours pass here in no time: a server looks at its clock long before.)
    private mutating func jump(_ milliseconds: Int64) async throws {
        try await server.lookAtClock()
        oracle.noteJump()
        server.clock.jump(byMilliseconds: milliseconds)
        // Silence is counted in what passes, and not in what the clock shows.
        exportedAt = exportedAt.advanced(byMilliseconds: milliseconds)
        oracle.look(now)
        try await server.lookAtClock()
    }

    private mutating func noteRestart(_ how: String) {
        happened[how, default: 0] += 1
        oracle.partials = 0
        (duplicates, refusedLines) = (0, 0)
        for name in series.keys { series[name]?.isKnown = false }
        processSeen = [:]
        (reader, mirror) = (nil, [:])
    }

    // MARK: Senders

    /// A key of a statistic that is not silent now; some fall silent after this, for a horizon.
    private mutating func awake(_ keys: [StatisticKey], _ user: UserID) -> [StatisticKey] {
        keys.filter { key in
            let name = "\(user) \(key)"
            guard (silentUntil[name] ?? now) <= now else { return false }
            if random.oneIn(12) {
                let hours = random.element(of: [1, 5, 7, 23, 25, 80, 8 * 24 + 3])
                silentUntil[name] = now.advanced(byMilliseconds: Int64(hours) * 3_600_000)
            }
            return true
        }
    }

    private mutating func samples(_ user: UserID) -> [(key: StatisticKey, values: [Double])] {
        var chosen: [StatisticKey] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { chosen.append(random.element(of: Self.keys)) }
        return awake(chosen, user).map { key in
            (key, (0..<Int.random(in: 1...(random.oneIn(20) ? 100 : 4), using: &random)).map { _ in number() })
        }
    }

    /// Quarters add up exactly, in whatever order.
    private mutating func number() -> Double { Double(Int.random(in: -400..<4000, using: &random)) / 4 }

    private func key(of user: UserID) -> String? { server.parts.accounts.key(of: user) }

    private mutating func body(
        of user: UserID, _ samples: [(key: StatisticKey, values: [Double])], isNumbered: Bool = true
    ) -> [UInt8] {
        let client = "client-\(hour / 8 % 20)-\(user)"
        sequences[client, default: 0] += 1
        let process = "worker-\(hour / 5 % 7)"
        processSeen["\(user) \(process)"] = now
        return BatchEncoder.encode(
            Batch(
                partials: samples.compactMap { key, values in
                    var accumulator = SampleAccumulator()
                    for value in values { accumulator.add(value) }
                    return accumulator.partial(of: key.kind).map { Partial(key, $0) }
                },
                origin: isNumbered ? Batch.Origin(client: client, sequence: sequences[client] ?? 0) : nil, process: process))
    }

    private mutating func sendBodies() async throws {
        var bodies: [(bytes: [UInt8], key: String)] = []
        var contents: [(user: UserID, samples: [(key: StatisticKey, values: [Double])])] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let user = random.element(of: Self.users)
            let samples = samples(user)
            guard let key = key(of: user), !samples.isEmpty else { continue }
            bodies.append((body(of: user, samples), key))
            contents.append((user, samples))
        }
        let answers = try await server.take(bodies: bodies)
        #expect(answers == bodies.map { _ in .accepted }, "\(place)")
        for (user, samples) in contents { accept(samples, of: user) }
        for (body, content) in zip(bodies, contents) { sent.append((body.bytes, content.user, hour)) }
        sent = sent.suffix(6)
    }

    private mutating func accept(_ samples: [(key: StatisticKey, values: [Double])], of user: UserID) {
        for (key, values) in samples {
            let silence = now.milliseconds - (oracle.statistics[user]?[key]?.seen ?? now).milliseconds
            if silence > Self.idleSeconds * 1000 + 7_200_000 { happened["returns", default: 0] += 1 }
            oracle.accept(values, of: key, user, at: now)
        }
    }

    private mutating func sendAgain() async throws {
        guard let (body, user, hour) = sent.last, let key = key(of: user) else { return }
        let answers = try await server.take(bodies: [(body, key), (body, key)])
        #expect(answers == [.duplicate, .duplicate], "\(place)")
        duplicates += 2
        // Also a body that does not count says that its process is alive.
        processSeen["\(user) worker-\(hour / 5 % 7)"] = now
    }

    private mutating func sendThroughRouter() async throws {
        let samples = samples(Self.ann)
        guard let key = key(of: Self.ann), !samples.isEmpty else { return }
        let body = body(of: Self.ann, samples, isNumbered: false)
        let answer = try await server.request(.put, "/agg", key: key, body: body)
        #expect(answer.status == 200, "\(place)")
        accept(samples, of: Self.ann)
    }

    private mutating func sendLines() async throws {
        var datagrams: [String] = []
        var collected: [UserID: [StatisticKey: [Double]]] = [:]
        var users: [UserID: [StatisticKey]] = [:]
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let user = random.element(of: Self.users)
            guard let key = key(of: user), let statistic = awake([random.element(of: Self.keys)], user).first else { continue }
            let value = number().magnitude + 0.25
            if user == .local {
                // (A line has no name with a colon.)
                guard !statistic.path.contains(":") else { continue }
                datagrams.append("\(statistic.path):\(value)|\(statistic.kind.symbol)")
            } else {
                guard !statistic.path.contains(":") else { continue }
                datagrams.append("\(key):poller:\(statistic.path):\(value)\(statistic.kind.symbol)")
                processSeen["\(user) poller"] = now
            }
            if collected[user]?[statistic] == nil { users[user, default: []].append(statistic) }
            collected[user, default: [:]][statistic, default: []].append(value)
        }
        await server.take(datagrams: datagrams)
        for (user, keys) in users { accept(keys.map { ($0, collected[user]?[$0] ?? []) }, of: user) }
    }

    private mutating func sendNonsense() async {
        // Now and then more wrong keys than are remembered in a second.
        let count = random.oneIn(10) ? 1500 : 20
        if count > 20 { happened["floods of wrong keys", default: 0] += 1 }
        await server.take(datagrams: (0..<count).map { "nobody\(hour)-\($0).0123456789abcdef:worker:hits:1c" } + ["a|b", ":1|c"])
        refusedLines += count + 2
    }

    private mutating func sendUnique() async throws {
        uniques += 1
        guard let key = key(of: Self.ann) else { return }
        let samples = [(key: StatisticKey(.counter, "unique.\(uniques)"), values: [1.0])]
        let answers = try await server.take(bodies: [(body(of: Self.ann, samples), key)])
        #expect(answers == [.accepted], "\(place)")
        accept(samples, of: Self.ann)
        sent = []
    }

    /// Cumulative counters of OpenTelemetry, of which a server counts what is new.
    private mutating func export() async throws {
        let names = ["otlp.a", "otlp.b"].filter { _ in !random.oneIn(3) }
        guard let key = key(of: Self.ann), !names.isEmpty else { return }
        exports += 1
        // Whoever was silent for as long as a statistic stays in memory is new to the server: counting begins anew.
        if now.milliseconds - exportedAt.milliseconds >= Self.idleSeconds * 1000 {
            for name in series.keys { series[name]?.isKnown = false }
        }
        exportedAt = now
        var metrics: [String] = []
        var added: [(key: StatisticKey, values: [Double])] = []
        for name in names {
            let step = number().magnitude
            var known = series[name] ?? (0, false)
            known.total += step
            let point = "{\"startTimeUnixNano\":\"1\",\"timeUnixNano\":\"\(exports + 1)\",\"asDouble\":\(known.total)}"
            metrics.append(
                "{\"name\":\"\(name)\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[\(point)]}}")
            if known.isKnown, step != 0 { added.append((StatisticKey(.counter, name), [step])) }
            known.isKnown = true
            series[name] = known
        }
        let body = "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[\(metrics.joined(separator: ","))]}]}]}"
        let answer = try await server.request(
            .post, "/v1/metrics", key: key, body: Array(body.utf8), contentType: "application/json")
        #expect(answer.status == 200, "\(place)")
        accept(added, of: Self.ann)
    }

    // MARK: Eve

    /// Deletes a user, and makes another one of the same name as soon as nothing of the first is left.
    private mutating func deleteEve() async throws {
        guard let key = key(of: Self.eve) else { return }
        try server.parts.accounts.delete(Self.eve, at: now)
        oracle.forget(Self.eve)
        sent = sent.filter { $0.user != Self.eve }
        #expect(try await server.take(bodies: [(Array("{}".utf8), key)]) == [.refused(.badKey)], "\(place)")
        let accounts = server.parts.accounts
        // As many minutes pass, however many looks it takes: what follows is the same in every run.
        let end = now.advanced(byMilliseconds: 20 * 60_000)
        let isErased = try await eventually { life in
            if life.now < end { life.set(life.now.advanced(byMilliseconds: 60_000)) }
            return try accounts.users().first { $0.id == Self.eve }?.erasedAt != nil
        }
        set(end)
        #expect(isErased, "\(place): the data of a deleted user is not erased")
        try accounts.add(Self.eve, at: now)
        let status = await server.parts.pipeline.queries.status(of: Self.eve).statistics
        happened["users erased", default: 0] += 1
        #expect(status.isEmpty, "\(place): a new user has \(status.count) statistics")
    }

    /// Lets things happen, up to a limit that only a failing test reaches.
    mutating func eventually(_ condition: (inout Life) async throws -> Bool) async throws -> Bool {
        let limit = ContinuousClock.now + .seconds(600)
        while ContinuousClock.now < limit {
            if try await condition(&self) { return true }
            for _ in 0..<50 { await Task.yield() }
            // Waits: others need the processor more than a look that comes too early.
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}
