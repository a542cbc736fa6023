import DattssCore
import DattssPipeline
import DattssTestSupport
import GRDB
import Testing

@testable import DattssServer

@Suite("Alerts")
struct AlertEvaluatorTests {
    private static let above = #"{"id":"r","match":"a","measure":"sum","above":10,"channels":["ops"]}"#

    @Test("are told when a threshold is crossed, and when it is not any more")
    func crossing() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        try await harness.send(5)
        try await harness.endSlot()
        #expect(try harness.told().isEmpty)
        try await harness.send(6)
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a"])
        let state = try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.state)
        #expect(state == [.firing])
        for _ in 0..<11 { try await harness.endSlot() }
        #expect(try harness.told() == ["fired a", "resolved a"])
        #expect(try harness.accounts.alertEvents(of: harness.user).map(\.kind) == ["resolved", "fired", "rule-set"])
        await harness.stop()
    }

    @Test("go on while nobody sends anything, over minutes")
    func silentUser() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        try await harness.send(50)
        for _ in 0..<40 { try await harness.endSlot() }
        #expect(try harness.told() == ["fired a"])
        for _ in 0..<3 {
            try await harness.killAndRestart()
            for _ in 0..<15 { try await harness.endSlot() }
        }
        await harness.stop()
    }

    @Test("of programs are told when the only one of a user is down")
    func onlyProgram() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"shop","measure":"process","for":60,"channels":["ops"]}"#])
        try await harness.live(slots: 15)
        #expect(try harness.told().isEmpty)
        for _ in 0..<48 { try await harness.endSlot() }
        #expect(try harness.told() == ["fired shop"])
        await harness.stop()
    }

    @Test("say nothing of the time in which the machine slept", arguments: [61, 600, 7200], ["**", "shop"])
    func sleep(seconds: Int64, match: String) async throws {
        let harness = try AlertHarness()
        try await harness.setRules([
            #"{"id":"p","match":"\#(match)","measure":"process","for":60,"channels":["ops"]}"#,
            #"{"id":"s","match":"a","kind":"c","measure":"silence","for":60,"channels":["ops"]}"#,
            #"{"id":"b","match":"a","kind":"c","measure":"sum","below":1,"channels":["ops"]}"#,
            #"{"id":"n","match":"a","kind":"c","measure":"absence","for":60,"channels":["ops"]}"#,
        ])
        try await harness.live(slots: 30)
        harness.clock.advance(byMilliseconds: seconds * 1000)
        // Whatever wakes first.
        await harness.evaluator.turn()
        try await harness.live(slots: 40)
        let told = try harness.told()
        #expect(told.isEmpty, "\(told)")
        await harness.stop()
    }

    /// Goal: a server that had no time to look has heard everything all the same, and tells all of it.
    @Test("are told of what was heard while nobody had the time to look", arguments: [4, 20, 50])
    func starved(slots: Int) async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","kind":"g","measure":"value","above":10,"channels":["ops"]}"#])
        try await harness.live(1, slots: 20)
        for slot in 0..<slots {
            try await harness.send(slot == slots / 2 ? 50 : 1, "a", .gauge)
            harness.clock.advance(byMilliseconds: Window.slotMilliseconds)
        }
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a", "resolved a"])
        await harness.stop()
    }

    @Test("go on when the clock was set back, by less than the log waits for or by more", arguments: [1, 3, 200], [false, true])
    func setBack(hours: Int64, isKilled: Bool) async throws {
        let harness = try AlertHarness()
        try await harness.setRules([
            #"{"id":"r","match":"a","measure":"sum","above":10,"for":30,"channels":["ops"]}"#,
            #"{"id":"p","match":"shop","measure":"process","for":60,"channels":["ops"]}"#,
        ])
        try await harness.live(20, slots: 20)
        #expect(try harness.told() == ["fired a"])
        harness.clock.jump(byMilliseconds: -hours * 3_600_000)
        if isKilled { try await harness.killAndRestart() }
        // What is waited for is waited for.
        if hours == 1 { harness.clock.advance(byMilliseconds: 3_600_000) }
        try await harness.live(20, slots: 30)
        #expect(try harness.told() == ["fired a"])
        try await harness.live(0, slots: 30)
        #expect(try harness.told() == ["fired a", "resolved a"])
        try await harness.live(20, slots: 20, program: nil)
        try await harness.live(0, slots: 40, program: nil)
        #expect(try harness.told() == ["fired a", "resolved a", "fired a", "fired shop", "resolved a"])
        await harness.stop()
    }

    /// Goal: a kill between any two looks neither repeats a message nor misses one.
    @Test("are told once over kills at any moment", arguments: 0..<8)
    func kills(_ seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","kind":"g","measure":"value","above":10,"channels":["ops"]}"#])
        var expected: [String] = []
        var isHigh = false
        for _ in 0..<60 {
            if random.oneIn(4) {
                isHigh.toggle()
                expected.append(isHigh ? "fired a" : "resolved a")
            }
            try await harness.send(isHigh ? 20 : 1, "a", .gauge)
            if random.oneIn(3) { try await harness.killAndRestart() }
            try await harness.endSlot()
            if random.oneIn(3) { try await harness.killAndRestart() }
        }
        // One that flaps is told of once: there are few enough edges here, or the end is different.
        let told = try harness.told()
        let calm = told.prefix { $0 != "flapping a" }
        #expect(Array(calm) == Array(expected.prefix(calm.count)), "seed \(seed)")
        if calm.count == told.count { #expect(told == expected, "seed \(seed)") }
        let keys = try harness.accounts.outbox(of: harness.user, limit: 10_000).map(\.message.key)
        #expect(Set(keys).count == keys.count)
        await harness.stop()
    }

    @Test("that fire go on firing after a restart, without a word, and minutes that nobody looked at are looked at in the log")
    func restart() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above, #"{"id":"late","match":"b","measure":"sum","above":10,"channels":["ops"]}"#])
        try await harness.send(50)
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a"])
        // Nobody looks, and two minutes go by: in the first b is high, in the second it is not.
        try await harness.send(30, "b")
        harness.clock.set(AlertHarness.start.advanced(byMilliseconds: 61_000))
        try await harness.send(1, "b")
        try await harness.send(40)
        harness.clock.set(AlertHarness.start.advanced(byMilliseconds: 121_000))
        try await harness.send(1, "b")
        try await harness.killAndRestart()
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a", "fired b", "resolved b"])
        await harness.stop()
    }

    @Test("that fire together are one message to each channel, which lists them")
    func grouping() async throws {
        let harness = try AlertHarness()
        try await harness.setRules(
            (0..<200).map { #"{"id":"r\#($0)","match":"a\#($0 % 20)","measure":"sum","above":10,"channels":["ops","me"]}"# })
        for number in 0..<20 { try await harness.send(11, "a\(number)") }
        try await harness.endSlot()
        let messages = try harness.accounts.outbox(of: harness.user)
        #expect(messages.map(\.channel).sorted() == ["me", "ops"])
        #expect(messages.allSatisfy { $0.message.entries.count == 200 && $0.message.text.contains("a19: sum is 11, above 10") })
        #expect(messages.first?.message.subject.hasPrefix("200 firing: ") == true)
        await harness.stop()
    }

    @Test("are shown with the value of the only statistic, good or not, and of several with those that are not good")
    func overview() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"*","measure":"sum","above":10}"#])
        func shown() async throws -> String {
            let book = try await harness.evaluator.book(of: harness.user)
            let json = AlertJSON.overview(book, usualOmitted: 0, messagesInHour: 0, at: harness.clock.now())
            return String(decoding: json.bytes, as: UTF8.self)
        }
        try await harness.send(1)
        try await harness.endSlot()
        #expect(try await shown().contains(#""instances":[{"subject":"c:a","state":"ok""#))
        try await harness.send(1, "b")
        try await harness.endSlot()
        let several = try await shown()
        #expect(several.contains(#""instances":[]"#) && several.contains(#""counts":{"ok":2}"#), "\(several)")
        await harness.stop()
    }

    @Test("of a silence are written down and not told, and what is acknowledged is not told again")
    func silences() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        let all = try #require(AlertPattern("**"))
        let silence = AlertSilence(
            id: "s", rule: all, match: all, from: harness.clock.now(), until: harness.clock.now().advanced(byMilliseconds: 12_000),
            reason: "")
        try await harness.evaluator.changeSilences(of: harness.user, by: "test", note: "silenced") { $0.append(silence) }
        try await harness.send(50)
        try await harness.endSlot()
        #expect(try harness.told().isEmpty)
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.state) == [.silenced])
        try await harness.endSlot()
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a"])
        #expect(try await harness.evaluator.acknowledge("r", nil, of: harness.user, by: "ann") == 1)
        try await harness.killAndRestart()
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.state) == [.acknowledged])
        #expect(try harness.accounts.alertEvents(of: harness.user).first?.by == "ann")
        await harness.stop()
    }

    @Test("tell that what fires is over when the rule goes")
    func removed() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        try await harness.send(50)
        try await harness.endSlot()
        try await harness.setRules([])
        #expect(try harness.told() == ["fired a", "resolved a"])
        #expect(try harness.accounts.alertState(of: harness.user).instances.isEmpty)
        await harness.stop()
    }

    @Test("are refused beyond so many messages in an hour, which can be seen")
    func quota() async throws {
        let harness = try AlertHarness()
        let accounts = harness.accounts
        for number in 0..<Accounts.alertMessagesPerHourMax + 3 {
            var commit = AlertCommit()
            commit.messages = [("ops", AlertMessage([.test], isTest: true, key: "k\(number)"))]
            try accounts.keep(commit, of: harness.user, at: harness.clock.now())
        }
        let refused = try accounts.outbox(of: harness.user, limit: 1000).filter { $0.state == .refused }
        #expect(refused.count == 3 && refused.allSatisfy { $0.problem?.hasPrefix("more than 200 messages") == true })
        await harness.stop()
    }

    /// Goal: whoever was told that something is wrong is told that it is over, beyond the hour's messages; of what was not told the end is
    /// not, either.
    @Test("of an end are told beyond the hour's messages where the beginning was told")
    func quotaOfEnds() async throws {
        let harness = try AlertHarness()
        let accounts = harness.accounts
        func post(_ event: String, _ rule: String, channel: String = "ops") throws {
            var entry = AlertMessage.Entry.test
            (entry.event, entry.rule) = (event, rule)
            var commit = AlertCommit()
            commit.messages = [(channel, AlertMessage([entry]))]
            try accounts.keep(commit, of: harness.user, at: harness.clock.now())
        }
        try post("fired", "told")
        for number in 1..<Accounts.alertMessagesPerHourMax { try post("fired", "other\(number)") }
        try post("fired", "late")
        for _ in 0..<2 { for rule in ["told", "late"] { try post("resolved", rule) } }
        try post("resolved", "told", channel: "elsewhere")
        let last = try accounts.outbox(of: harness.user, limit: 6).reversed().map {
            "\($0.message.entries[0].event) \($0.message.entries[0].rule) \($0.channel) \($0.state)"
        }
        #expect(
            last == [
                "fired late ops refused", "resolved told ops waiting", "resolved late ops refused", "resolved told ops refused",
                "resolved late ops refused", "resolved told elsewhere refused",
            ])
        await harness.stop()
    }

    /// Goal: a clock that was ahead for a moment ends no silence for good, whatever is changed meanwhile.
    @Test("are silent again after a clock that was ahead, although silences were changed meanwhile")
    func silencesOfAClockAhead() async throws {
        let harness = try AlertHarness()
        let (right, all) = (harness.clock.now(), try #require(AlertPattern("**")))
        func add(_ id: String, until: Timestamp) async throws {
            let silence = AlertSilence(id: id, rule: all, match: all, from: right, until: until, reason: "", week: nil)
            try await harness.evaluator.changeSilences(of: harness.user, by: "test", note: "silenced") { $0.append(silence) }
        }
        try await add("first", until: right.advanced(byMilliseconds: 3_600_000))
        harness.clock.set(right.advanced(byMilliseconds: 40 * 86_400_000))
        try await add("second", until: right.advanced(byMilliseconds: 50 * 86_400_000))
        harness.clock.set(right)
        try await harness.killAndRestart()
        #expect(try await harness.evaluator.book(of: harness.user).silences.map(\.id).sorted() == ["first", "second"])
        await harness.stop()
    }

    /// Goal: what happens again at the same time, because the clock was set back, is another message.
    @Test("are told again of the same slot after the clock was set back")
    func sameSlotAgain() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","kind":"g","measure":"value","above":10,"channels":["ops"]}"#])
        try await harness.live(1, slots: 20)
        let begin = harness.clock.now()
        func wave() async throws {
            try await harness.send(50, "a", .gauge)
            try await harness.endSlot()
            try await harness.send(1, "a", .gauge)
            try await harness.endSlot()
        }
        try await wave()
        harness.clock.jump(byMilliseconds: -3 * 3_600_000)
        try await harness.live(1, slots: 5)
        // Until the same slot comes once more.
        harness.clock.set(begin.advanced(byMilliseconds: -40 * Window.slotMilliseconds))
        while harness.clock.now() < begin { try await harness.live(1, slots: 1) }
        try await wave()
        let messages = try harness.accounts.outbox(of: harness.user, limit: 100).map(\.message)
        #expect(messages.reversed().flatMap(\.entries).map(\.event) == ["fired", "resolved", "fired", "resolved"])
        #expect(Set(messages.map(\.key)).count == 4)
        #expect(Set(messages.flatMap(\.entries).map(\.at)).count == 2)
        await harness.stop()
    }

    /// Goal: nothing of a deleted user stays, and nothing comes back.
    @Test("of a deleted user are gone")
    func deleted() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        try await harness.send(50)
        try await harness.endSlot()
        try harness.accounts.delete(harness.user, at: harness.clock.now())
        harness.clock.advance(byMilliseconds: 5000)
        await harness.evaluator.turn()
        var commit = AlertCommit()
        commit.messages = [("ops", AlertMessage([.test], isTest: true))]
        try harness.accounts.keep(commit, of: harness.user, at: harness.clock.now())
        let rows = try await harness.accounts.database.read { database in
            try AlertTables.names.reduce(0) { count, table in
                try count + (Int.fetchOne(database, sql: "SELECT count(*) FROM \(table) WHERE uid = 'ann'") ?? 0)
            }
        }
        #expect(rows == 0)
        await harness.stop()
    }

    /// Goal: what was said live is what a back-test of the same rule says of the log, through the whole pipeline and over a restart.
    @Test("say live what a look back at the log says")
    func backtest() async throws {
        var random = SeededGenerator(seed: 11)
        let harness = try AlertHarness()
        let text = #"{"id":"r","match":"*","kind":"c","measure":"sum","above":40,"recover":30,"every":"60s","channels":["ops"]}"#
        try await harness.setRules([text])
        for slot in 0..<(12 * 12) {
            for path in ["a", "b"] where !random.oneIn(3) {
                try await harness.send(Double(Int.random(in: 0...8, using: &random)), path)
            }
            try await harness.endSlot()
            if slot == 70 { try await harness.killAndRestart() }
        }
        let live = try harness.accounts.alertEvents(of: harness.user).reversed().filter { $0.kind != "rule-set" }.map {
            "\($0.kind) \($0.subject) \($0.at.seconds)"
        }
        let rule = try await harness.evaluator.book(of: harness.user).rules[0]
        let range = AlertHarness.start.minute..<harness.clock.now().minute
        var minutes: [StatisticKey: [MinutePoint]] = [:]
        var active = MinuteRuns()
        for path in ["a", "b"] {
            let key = StatisticKey(.counter, path)
            let found = try await harness.pipeline.queries.minutes(of: key, user: harness.user, in: range)
            (minutes[key], active) = (found.aggregates, found.active)
        }
        let replayed = AlertBacktest(rule, minutes: minutes, active: active, range: range).news.map {
            "\($0.event.kind.rawValue) \($0.subject) \(AlertMessage.Entry.seconds($0.event.slot))"
        }
        #expect(live.sorted() == replayed.sorted())
        #expect(live.count >= 4)
        let key = StatisticKey(.counter, "b")
        let curve = BacktestCurve(key, .sum, minutes[key] ?? [], active: active, range: range)
        try checkCurve(curve, minutes[key] ?? [], range)
        await harness.stop()
    }

    /// As many bins as there are minutes, so each has the number of its own; a counter that was silent has zero.
    private func checkCurve(_ curve: BacktestCurve, _ minutes: [MinutePoint], _ range: Range<Minute>) throws {
        var json = JSONWriter()
        json.object { curve.write(&$0) }
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(text.hasPrefix(#"{"curve":{"subject":"c:b","step":60,"points":[["#), "\(text.prefix(200))")
        let sums = Dictionary(grouping: minutes, by: \.minute).mapValues { $0.reduce(0) { $0 + $1.aggregate.sum } }
        let first = try #require(sums.keys.min())
        var known = 0
        for minute in range where minute >= first {
            let sum = Int64(sums[minute] ?? 0)
            guard text.contains("[\(minute.start.seconds),") else { continue }
            #expect(text.contains("[\(minute.start.seconds),\(sum),\(sum)]"), "\(minute): \(sum), \(text)")
            known += 1
        }
        #expect(known >= sums.count)
    }

    /// Goal: four days of the past, then three hours with two storms, a kill in the first of them while it fires, and one after which some
    /// minutes were looked at by nobody. What was said live is what a back-test says of the log.
    @Test("about what is usual say live what a look back at the log says, and nothing twice over a kill")
    func usual() async throws {
        var random = SeededGenerator(seed: 12)
        let harness = try AlertHarness()
        for _ in 0..<4 * 288 {
            try await harness.send(4 + random.normal() / 4, "load", .gauge)
            try await harness.send(Double(Int.random(in: 15...25, using: &random)), "orders")
            harness.clock.advance(byMilliseconds: 300_000)
        }
        let text = #"{"id":"r","match":"*","measure":"usual","outside":4,"recover":2,"channels":["ops"]}"#
        try await harness.setRules([text])
        let first = harness.clock.now().minute
        for minute in 0..<180 {
            let isStorm = (60..<80).contains(minute) || (120..<140).contains(minute)
            try await harness.send((isStorm ? 40 : 4) + random.normal() / 4, "load", .gauge)
            if minute % 5 == 0, !(90..<110).contains(minute) {
                try await harness.send(Double(Int.random(in: 15...25, using: &random)), "orders")
            }
            if minute == 70 || minute == 126 { try await harness.killAndRestart() }
            if (122..<126).contains(minute) {
                harness.clock.set(harness.clock.now().minute.end.advanced(byMilliseconds: 1))
            } else {
                try await harness.endMinute()
            }
        }
        let live = try harness.accounts.alertEvents(of: harness.user).reversed().filter { $0.kind != "rule-set" }.map {
            "\($0.kind) \($0.subject) \($0.at.seconds) \($0.value ?? 0)"
        }
        let rule = try await harness.evaluator.book(of: harness.user).rules[0]
        let range = first..<harness.clock.now().minute
        var minutes: [StatisticKey: [MinutePoint]] = [:]
        var active = MinuteRuns()
        for key in [StatisticKey(.counter, "orders"), StatisticKey(.gauge, "load")] {
            let past = first.advanced(by: -UsualScorer.pastMinutes)..<range.upperBound
            let found = try await harness.pipeline.queries.minutes(of: key, user: harness.user, in: past)
            (minutes[key], active) = (found.aggregates, found.active)
        }
        let scores = UsualScores(of: minutes, active: active, in: range)
        let replayed = AlertBacktest(rule, minutes: minutes, active: active, range: range, score: scores.score).news.map {
            "\($0.event.kind.rawValue) \($0.subject) \(AlertMessage.Entry.seconds($0.event.slot)) \($0.event.value ?? 0)"
        }
        #expect(live.sorted() == replayed.sorted())
        let curve = BacktestCurve(StatisticKey(.gauge, "load"), scores, range: range)
        #expect(curve.points.count > 150 && curve.points.map(\.high).max() ?? 0 >= 4)
        let told = try harness.told()
        #expect(told.filter { $0.hasSuffix("load") } == ["fired load", "resolved load", "fired load", "resolved load"])
        #expect(told.contains("fired orders") && told.count == live.count)
        await harness.stop()
    }

    /// Goal: what nobody knows yet is no alert, and is to be seen as such.
    @Test("about what is usual have no data as long as that is not known")
    func notYetKnown() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","measure":"usual","outside":2,"channels":["ops"]}"#])
        for minute in 0..<8 {
            try await harness.send(minute == 4 ? 1000 : 1, "a", .gauge)
            try await harness.endMinute()
        }
        #expect(try harness.told().isEmpty)
        // Statistics are looked for each hour.
        while harness.clock.now().minute.index % 60 != 8 {
            try await harness.send(1, "a", .gauge)
            try await harness.endMinute()
        }
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.state) == [.noData])
        await harness.stop()
    }

    /// Goal: through the accounts, a restart and the zones of the system, in both nights in which clocks are set, in UTC and by the hour
    /// on the wall of Paris.
    @Test(
        "are silent in the times of each week, by the clock on the wall",
        arguments: [
            ("2027-03-28", [(55, true), (60, false), (119, false), (120, true)]),
            ("2027-10-31", [(-5, true), (0, false), (60, false), (179, false), (180, true)]),
        ])
    func weekly(day: String, moments: [(minute: Int64, isTold: Bool)]) async throws {
        let harness = try AlertHarness()
        let midnight = try #require(CalendarDate(day)).dayNumber * 1440
        harness.clock.set(Minute(midnight - 30).start)
        try await harness.setRules([#"{"id":"r","match":"*","kind":"g","measure":"value","above":10,"channels":["ops"]}"#])
        let all = try #require(AlertPattern("**"))
        let silence = AlertSilence(
            id: "s", rule: all, match: all, from: harness.clock.now(), until: AlertSilence.never, reason: "backup",
            week: try AlertWeek("Sun 02:00-04:00 Europe/Paris"))
        try await harness.evaluator.changeSilences(of: harness.user, by: "test", note: "silenced") { $0.append(silence) }
        try await harness.killAndRestart()
        #expect(try await harness.evaluator.book(of: harness.user).silences == [silence])
        for (number, moment) in moments.enumerated() {
            // Looked at for a minute before: a server that was paused, or slept, says nothing at first.
            let time = Minute(midnight + moment.minute).start
            harness.clock.set(max(harness.clock.now(), time.advanced(byMilliseconds: -14 * Window.slotMilliseconds)))
            while harness.clock.now() < time { try await harness.endSlot() }
            try await harness.send(50, "g\(number)", .gauge)
            try await harness.endSlot()
            #expect(try harness.told().contains("fired g\(number)") == moment.isTold, "\(day) \(moment.minute)")
        }
        await harness.stop()
    }
}
