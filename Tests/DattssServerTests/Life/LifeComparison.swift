import DattssCore
import DattssLog
import DattssPipeline
import DattssTestSupport
import Foundation
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

    private func compare(_ status: StatisticStatus?, _ known: LifeOracle.Known, _ place: @autoclosure () -> String) {
        let silence = now.milliseconds - known.seen.milliseconds
        guard let status else {
            // Where the clock was set nobody can tell from outside what it has been idle for.
            let most = max(now, oracle.latest).milliseconds - known.seen.milliseconds
            #expect(known.jumps != oracle.jumps || most > Self.idleSeconds * 1000, "\(place()) is gone after \(most) ms")
            return
        }
        if known.jumps == oracle.jumps {
            // It goes with a minute's end of its user, and those that are silent have one an hour; a clock that is a little behind
            // is waited for, and what was also sent when it was ahead counts as used at the next start.
            #expect(silence <= 2 * Self.idleSeconds * 1000 + 3 * 3_660_000, "\(place()) is still there after \(silence) ms")
        }
        #expect(known.totals.contains(status.sum), "\(place()): total \(status.sum), not one of \(known.totals)")
        #expect(status.last == known.last, "\(place()): last \(status.last), not \(known.last)")
        if now.milliseconds - known.counted.milliseconds > 61_000, known.jumps == oracle.jumps {
            #expect(
                status.window.sum == 0,
                "\(place()): window, last seen \(known.seen), counted \(known.counted), server: \(status.seen)")
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

    /// For so long it is known of what is past its time that it was there once, and has to be gone.
    private static let daysAfterRetention: Int64 = 10

    /// All that is stored of every statistic, when the housekeeping is done with the day before.
    mutating func compareDays() async throws {
        let pipeline = server.parts.pipeline
        // There is a pass on start, and one after each hour's checkpoint.
        let today = certainToday
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
        try await compareLocalDay()
        try await compareAnswers()
        oracle.forget(before: today - retention.hourDays - Self.daysAfterRetention)
    }

    /// Yesterday as clocks in Paris showed it, through the router: no hour of it holds more than what came in it, also on the day that
    /// has an hour twice.
    private mutating func compareLocalDay() async throws {
        struct Day: Decodable {
            struct Point: Decodable, Hashable {
                var minute: Int64
                var at: Int64
                var repeated: Bool?
                var sum: Double
                var cnt: Int64
            }
            var today: [Point]
        }
        let zone = try #require(TimeZone(identifier: "Europe/Paris"))
        func shown(_ minute: Minute) -> Int64 {
            minute.index + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(minute.start.seconds)))) / 60
        }
        let day = now.minute.day - 1
        // What was once past its time is gone, though the clock was wrong then; and what is to come is not known.
        guard max(now.minute.day, oracle.highestDay) - (day - 1) <= retention.minuteDays, oracle.highestDay == now.minute.day
        else { return }
        var times: [Int64: Int] = [:]
        var expected: [Int64: Day.Point] = [:]
        let known = oracle.statistics[.local]?[StatisticKey(.counter, "hits")]?.days ?? [:]
        for minute in ((day - 1) * Minute.perDay..<(day + 2) * Minute.perDay).map({ Minute($0) }) {
            let local = shown(minute)
            defer { times[local, default: 0] += 1 }
            guard local.flooredQuotient(by: Minute.perDay) == day, let values = known[minute.day]?[minute] else { continue }
            let isRepeated = times[local] != nil
            let hour = local / 60 * 60 - day * Minute.perDay
            // A repeated hour has a place of its own.
            let cell = hour * 2 + (isRepeated ? 1 : 0)
            var point = expected[cell] ?? Day.Point(minute: hour, at: 0, repeated: isRepeated ? true : nil, sum: 0, cnt: 0)
            point.sum += values.reduce(0, +)
            point.cnt += Int64(values.count)
            expected[cell] = point
        }
        let answer = try await server.request(
            .get, "/api/v1/day/c/hits?tz=Europe/Paris&step=60&date=\(CalendarDate(dayNumber: day))",
            key: server.parts.accounts.key(of: .local))
        #expect(answer.status == 200 || expected.isEmpty, "\(place)")
        guard answer.status == 200 else { return }
        var today = try JSONDecoder().decode(Day.self, from: Data(answer.body)).today
        for index in today.indices { today[index].at = 0 }
        #expect(Set(today) == Set(expected.values), "\(place): \(CalendarDate(dayNumber: day)) in Paris")
        #expect(today.count == expected.count, "\(place): \(CalendarDate(dayNumber: day)) in Paris")
        let length = Set(times.keys.filter { $0.flooredQuotient(by: Minute.perDay) == day }).count
        let isTwice = times.contains { $0.key.flooredQuotient(by: Minute.perDay) == day && $0.value > 1 }
        if isTwice { happened["days of 25 hours", default: 0] += 1 }
        if length < 1440 { happened["days of 23 hours", default: 0] += 1 }
        if expected.values.contains(where: { $0.repeated == true }) { happened["repeated hours with samples", default: 0] += 1 }
    }

    private func compareDays(of key: StatisticKey, _ user: UserID) async throws {
        let minutes = try await server.parts.pipeline.queries.minutes(of: key, user: user, in: Minute(0)..<Minute(1 << 40))
        let found = Dictionary(grouping: Series.points(minutes.aggregates, stepMinutes: 1)) { $0.start.day }
        let today = certainToday
        for day in oracle.days(of: key, user).union(found.keys).sorted() {
            let place = "\(place): \(user) \(key) day \(day - today)"
            let points = found[day] ?? []
            let (minutes, hours) = (
                oracle.points(of: key, user, day: day, stepMinutes: 1), oracle.points(of: key, user, day: day, stepMinutes: 60)
            )
            // What was once past its time is gone, though the clock was wrong then; and the next pass may still be to come.
            let age = (least: today - day, most: max(now.minute.day, oracle.highestDay) - day)
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
