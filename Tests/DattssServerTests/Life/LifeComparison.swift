import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import HTTPTypes
import Synchronization
import Testing

@testable import DattssServer

/// What a life has to come to.
extension Life {
    /// The status of everybody, the latest minutes, the live reader, the processes and the books.
    mutating func compareHour() async throws {
        for user in Self.users {
            let status = await server.parts.pipeline.queries.status(of: user).statistics
            let found = Dictionary(uniqueKeysWithValues: status.map { ($0.key, $0) })
            for (key, known) in oracle.statistics[user] ?? [:] {
                if found[key] == nil { happened["idle statistics", default: 0] += 1 }
                compare(found[key], known, "\(place): \(user) \(key)")
                if let sum = found[key]?.sum, known.totals.count > 1 { oracle.settle(sum, of: key, user) }
            }
            let unknown = Set(found.keys).subtracting((oracle.statistics[user] ?? [:]).keys)
            #expect(unknown.isEmpty, "\(place): \(user) has statistics that nobody sent: \(unknown)")
            compareProcesses(of: user)
        }
        await compareLive()
        try await compareBooks()
    }

    private func compare(_ status: StatisticStatus?, _ known: LifeOracle.Known, _ place: String) {
        let silence = now.milliseconds - known.seen.milliseconds
        guard let status else {
            // Where the clock was set nobody can tell from outside what it has been idle for.
            let most = max(now, oracle.latest).milliseconds - known.seen.milliseconds
            #expect(known.jumps != oracle.jumps || most > Self.idleSeconds * 1000, "\(place) is gone after \(most) ms")
            return
        }
        if known.jumps == oracle.jumps {
            // It goes with a minute's end of its user, and those that are silent have one an hour; a clock that is a little behind
            // is waited for, and what was also sent when it was ahead counts as used at the next start.
            #expect(silence <= 2 * Self.idleSeconds * 1000 + 3 * 3_660_000, "\(place) is still there after \(silence) ms")
        }
        #expect(known.totals.contains(status.sum), "\(place): total \(status.sum), not one of \(known.totals)")
        #expect(status.last == known.last, "\(place): last \(status.last), not \(known.last)")
        if now.milliseconds - known.counted.milliseconds > 61_000, known.jumps == oracle.jumps {
            #expect(
                status.window.sum == 0,
                "\(place): window, last seen \(known.seen), counted \(known.counted), server: \(status.seen)")
        }
    }

    private func compareProcesses(of user: UserID) {
        for process in server.parts.processes.processes(of: user) {
            guard let seen = processSeen["\(user) \(process.name)"] else { continue }
            // (What was seen later than now was seen by a clock that has been set back since.)
            let isUp = abs(now.milliseconds - seen.milliseconds) < ProcessRegistry.graceMilliseconds
            #expect(process.isUp == isUp, "\(place): \(user) \(process.name), now \(now), seen \(seen), server: \(process.seen)")
        }
    }

    /// Somebody who looks once an hour, and is only told what changed, knows as much as somebody who asks for everything.
    private mutating func compareLive() async {
        var reader = self.reader ?? server.parts.pipeline.queries.live(of: Self.ann)
        for status in await reader.next().statistics { mirror[status.key] = status }
        self.reader = reader
        for status in await server.parts.pipeline.queries.status(of: Self.ann).statistics {
            let told = mirror[status.key]
            #expect(told?.sum == status.sum && told?.last == status.last, "\(place): \(status.key) as told live")
        }
    }

    private mutating func compareBooks() async throws {
        let pipeline = server.parts.pipeline
        let isAtRest = try await eventually { _ in
            await pipeline.snapshot().links.allSatisfy { $0.ledger.queued == 0 && $0.ledger.reserved == 0 }
        }
        #expect(isAtRest, "\(place): something is still under way")
        let snapshot = await pipeline.snapshot()
        for (name, ledger) in snapshot.links {
            #expect(ledger.offered == ledger.admitted + ledger.refused && ledger.refused == 0, "\(place): \(name)")
        }
        #expect(snapshot.ingest.acceptedPartials == oracle.partials, "\(place)")
        #expect(snapshot.ingest.duplicateBatches == duplicates, "\(place)")
        #expect(snapshot.own.refusedBatches.isEmpty && snapshot.housekeeping.failures == 0, "\(place)")
        #expect(
            snapshot.failedMinuteWrites == 0 && snapshot.corruptFrameReads == 0, "\(place): \(snapshot.latestMinuteFailure ?? "-")")
        let lines = server.parts.counters.snapshot
        #expect(lines.refusedLines.values.reduce(0, +) == refusedLines, "\(place): refused lines")
        #expect(lines.refusedPartials.isEmpty, "\(place): refused partials of lines")
    }

    // MARK: Days

    /// All that is stored of every statistic, when the housekeeping is done with the day before.
    mutating func compareDays() async throws {
        let pipeline = server.parts.pipeline
        // There is a pass on start, and one after each hour's checkpoint.
        let today = now.minute.day
        let isDone = try await eventually { life in
            await pipeline.snapshot().housekeeping.passes > 0 && life.server.isRetained(onDay: today)
        }
        #expect(isDone, "\(place): files are past their time")
        for user in Self.users {
            // Each of them every third day, and some of those that came once.
            for key in (oracle.statistics[user] ?? [:]).keys.sorted()
            where random.oneIn(key.path.hasPrefix("unique.") ? 50 : 3) {
                try await compareDays(of: key, user)
            }
        }
        try await compareAnswers()
    }

    private func compareDays(of key: StatisticKey, _ user: UserID) async throws {
        let minutes = try await server.parts.pipeline.queries.minutes(of: key, user: user, in: Minute(0)..<Minute(1 << 40))
        let found = Dictionary(grouping: Series.points(minutes.aggregates, stepMinutes: 1)) { $0.start.day }
        let today = now.minute.day
        for day in oracle.days(of: key, user).union(found.keys).sorted() {
            let place = "\(place): \(user) \(key) day \(day - today)"
            let points = found[day] ?? []
            let (minutes, hours) = (
                oracle.points(of: key, user, day: day, stepMinutes: 1), oracle.points(of: key, user, day: day, stepMinutes: 60)
            )
            // What was once past its time is gone, though the clock was wrong then; and the next pass may still be to come.
            let age = (least: today - day, most: max(today, oracle.highestDay) - day)
            if age.most <= retention.minuteDays {
                compare(points, minutes, place)
                compared.note("minutes")
            } else if age.least > retention.hourDays + 1 {
                compared.note("nothing")
                #expect(points.isEmpty, "\(place) is still there")
            } else if age.least > retention.minuteDays + 1, age.most <= retention.hourDays {
                compare(points, hours, place)
                compared.note("hours")
            } else if !points.isEmpty {
                compare(
                    points, points.count == minutes.count && points.map(\.start) == minutes.map(\.start) ? minutes : hours, place)
            }
        }
    }

    private func compare(_ points: [Series.Point], _ expected: [(start: Minute, values: [Double])], _ place: String) {
        #expect(points.map(\.start) == expected.map(\.start), "\(place)")
        for (point, (start, values)) in zip(points, expected) {
            let found = point.aggregate
            #expect(found.sum == values.reduce(0, +) && found.count == Int64(values.count), "\(place) \(start)")
            #expect(found.max == values.max() && found.min == values.min(), "\(place) \(start)")
            #expect(found.first == values.first && found.last == values.last, "\(place) \(start)")
        }
    }

    /// What a page asks for, through the router.
    private func compareAnswers() async throws {
        let key = server.parts.accounts.key(of: .local)
        for path in [
            "/api/v1/status", "/api/v1/day/c/hits?tz=Europe/Paris", "/api/v1/series/ms/hits?step=60", "/metrics", "/healthz",
        ] {
            #expect(try await server.request(.get, path, key: key).status == 200, "\(place): \(path)")
        }
    }
}

/// How many days of statistics were compared with what.
final class Compared: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func note(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
    func days(of what: String) -> Int { counts.withLock { $0[what] ?? 0 } }
}
