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

    /// Goal: a suggested threshold would have fired no more often than it was asked for, and the next one that is nearer would have.
    @Test("get a threshold suggested that would have fired as often as one likes, and no more often")
    func suggestion() async throws {
        var random = SeededGenerator(seed: 13)
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        // A minute of calm follows each of another height, so that each is a stretch by itself.
        var heights = Array(1...40).map { Double($0 * 10) }
        heights.shuffle(using: &random)
        for height in heights {
            for value in [height, 0] {
                try await harness.send(value, "load", .gauge)
                harness.clock.advance(byMilliseconds: 60_000)
            }
        }
        try await harness.endSlot()
        for (condition, atMost) in [("above", 0), ("above", 3), ("above", 7), ("below", 0), ("below", 40)] {
            func times(_ threshold: Double, _ rest: String = "") async throws -> (times: Int, suggested: Double?) {
                let rule = #"{"match":"load","kind":"g","measure":"value","every":"60s","\#(condition)":\#(threshold)}"#
                let question = try Array(#"{"rule":\#(rule),"days":1\#(rest)}"#.utf8).withUnsafeBytes { bytes throws(WireError) in
                    try BacktestQuestion(bytes)
                }
                let answer = try await question.answer(harness.pipeline.queries, harness.user, now: harness.clock.now().minute)
                let text = String(decoding: answer.bytes, as: UTF8.self)
                let suggested = text.firstMatch(of: /"suggested":([0-9.]+)/).flatMap { Double($0.1) }
                return (try #require(text.firstMatch(of: /"times":([0-9]+)/).flatMap { Int($0.1) }), suggested)
            }
            let suggested = try #require(try await times(1, #","atMost":\#(atMost)"#).suggested, "\(condition) \(atMost)")
            #expect(try await times(suggested).times <= atMost, "\(condition) \(atMost): \(suggested)")
            // There are so few numbers that each is tried.
            if condition == "above" {
                #expect(suggested == Double(400 - atMost * 10))
                #expect(try await times(suggested - 10).times == atMost + 1)
            }
        }
        await harness.stop()
    }

    /// Goal: one more than there may be changes nothing, and says how many there may be.
    @Test("have so many rules and no more, of which those that were there stay")
    func tooManyRules() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([Self.above])
        let rule = try #require(try await harness.evaluator.book(of: harness.user).rules.first)
        func add(_ count: Int) async throws {
            try await harness.evaluator.changeRules(of: harness.user, by: "test") { rules in
                for number in 0..<count {
                    var other = rule
                    other.id = "r\(number)"
                    rules.append(other)
                }
            }
        }
        await #expect { try await add(AlertEvaluator.rulesMax) } throws: { error in
            (error as? AccountError)?.code == .tooMany && "\(error)".contains("10000 rules")
        }
        #expect(try await harness.evaluator.book(of: harness.user).rules == [rule])
        try await add(AlertEvaluator.rulesMax - 1)
        #expect(try await harness.evaluator.book(of: harness.user).rules.count == AlertEvaluator.rulesMax)
        await harness.stop()
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
