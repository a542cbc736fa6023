import DattssTestSupport
import Testing

@testable import DattssCore

@Suite("An alert's book")
struct AlertBookTests {
    private static let start = Minute(29_922_167)
    private static let user = UserID("ann")

    static func view(_ slot: Int64, _ sums: [String: Double], isActive: Bool = true) -> SlotView {
        let statuses = sums.sorted { $0.key < $1.key }.map { path, sum in
            var window = Window.Totals()
            window.sum = sum
            return StatisticStatus(
                key: StatisticKey(.counter, path), sum: sum, since: nil, last: sum, seen: Timestamp(milliseconds: slot * 5000),
                isEmphasised: false,
                window: window, percentiles: nil)
        }
        return SlotView(slot: slot, isActive: isActive, isHeard: isActive, statuses: statuses)
    }

    private func look(_ book: inout AlertBook, _ view: SlotView, programs: [AlertProgram] = []) -> [String] {
        book.look(view, programs: programs, score: { _, _ in nil }).news.map {
            "\($0.rule.id) \($0.subject) \($0.event.kind.rawValue)"
        }
    }

    @Test("tracks each statistic of a pattern by itself")
    func pattern() throws {
        var book = AlertBook([try AlertRuleTests.rule(#"{"id":"r","match":"a.*","measure":"sum","above":10}"#)])
        var told = look(&book, Self.view(1, ["a.x": 11, "a.y": 1, "b": 50]))
        #expect(told == ["r c:a.x fired"])
        told = look(&book, Self.view(2, ["a.x": 11, "a.y": 11, "a.z": 12]))
        #expect(told == ["r c:a.y fired", "r c:a.z fired"])
        told = look(&book, Self.view(3, ["a.x": 1, "a.y": 11, "a.z": 12]))
        #expect(told == ["r c:a.x resolved"])
        #expect(book.instances(of: "r").count == 3)
    }

    @Test("stops at so many instances, and counts the rest")
    func bounded() throws {
        var book = AlertBook([try AlertRuleTests.rule(#"{"id":"r","match":"**","measure":"sum","above":10}"#)], instancesMax: 2)
        let told = look(&book, Self.view(1, ["a": 11, "b": 11, "c": 11, "d": 1]))
        #expect(told.count == 2 && book.refusedInstances == 2)
    }

    @Test("ends what a rule that is changed or removed fires for, and keeps it when only its text is another")
    func changed() throws {
        let rule = try AlertRuleTests.rule(#"{"id":"r","match":"a","measure":"sum","above":10}"#)
        var book = AlertBook([rule])
        _ = look(&book, Self.view(1, ["a": 11]))
        var other = rule
        other.text = "Look at the queue"
        var outcome = book.setRules([other], at: 2)
        #expect(outcome.news.isEmpty && book.instances(of: "r").values.map(\.phase) == [.firing])
        other.condition = .above(20)
        outcome = book.setRules([other], at: 2)
        #expect(outcome.news.map(\.event.kind) == [.resolved] && outcome.news.allSatisfy { $0.event.isTold })
        #expect(book.instances(of: "r").isEmpty)
    }

    /// The last slots of minutes.
    private static func end(_ minute: Int64) -> Int64 { SlotView.lastSlot(of: Minute(minute)) }

    @Test("tells silence only while the program is up, and absence always")
    func silence() throws {
        var book = AlertBook([
            try AlertRuleTests.rule(#"{"id":"s","match":"a","measure":"silence","process":"shop"}"#),
            try AlertRuleTests.rule(#"{"id":"n","match":"a","measure":"absence"}"#),
        ])
        let up = [AlertProgram(name: "shop", isUp: true, hasEnded: false)]
        let down = [AlertProgram(name: "shop", isUp: false, hasEnded: false)]
        var told = look(&book, Self.view(Self.end(0), ["a": 1]), programs: up)
        #expect(told.isEmpty)
        told = look(&book, Self.view(Self.end(1), ["b": 1]), programs: down)
        #expect(told == ["n c:a fired"])
        told = look(&book, Self.view(Self.end(2), ["b": 1]), programs: up)
        #expect(told == ["s c:a fired"])
        told = look(&book, Self.view(Self.end(3), ["a": 1]), programs: up)
        #expect(told == ["s c:a resolved", "n c:a resolved"])
    }

    @Test("tells that a program is down, but not when it was asked to stop")
    func process() throws {
        var book = AlertBook([try AlertRuleTests.rule(#"{"id":"p","match":"shop-*","measure":"process","for":60}"#)])
        func program(_ isUp: Bool, _ hasEnded: Bool = false) -> [AlertProgram] {
            [AlertProgram(name: "shop-1", isUp: isUp, hasEnded: hasEnded), AlertProgram(name: "x", isUp: false, hasEnded: false)]
        }
        let steps: [([AlertProgram], [String])] = [
            (program(true), []), (program(false), []), (program(false), ["p process:shop-1 fired"]),
            (program(true), ["p process:shop-1 resolved"]), (program(false, true), []), (program(false, true), []),
            // The server was started anew and has heard of nobody.
            ([], []), ([], ["p process:shop-1 fired"]),
        ]
        for (minute, step) in steps.enumerated() {
            let told = look(&book, Self.view(Self.end(Int64(minute)), [:]), programs: step.0)
            #expect(told == step.1, "minute \(minute)")
        }
    }

    @Test("writes an instance down so that it goes on where it was")
    func text() throws {
        let rule = try AlertRuleTests.rule(#"{"id":"r","match":"a","measure":"sum","above":10,"for":5}"#)
        var random = SeededGenerator(seed: 7)
        var instance = AlertInstance(at: 1000)
        for slot in 1000..<1400 {
            _ = instance.step(rule, .value(Double.random(in: 8...12, using: &random)), at: Int64(slot), isSilenced: random.oneIn(9))
            if random.oneIn(10) { _ = instance.acknowledge() }
            #expect(AlertInstance(text: instance.text) == instance)
        }
        for text in ["", "1", "2 " + instance.text.dropFirst(2), instance.text + " ", "1 ok a b c d e f g 0000 "] {
            #expect(AlertInstance(text: text) == nil)
        }
    }

    /// Goal: what is said live at the ends of minutes, out of windows, is what is said afterwards out of the minutes of the log, over
    /// random traffic with pauses of statistics and of the user.
    @Test("says live what it says of the minutes of the log", arguments: 0..<40)
    func replay(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rules = try [
            #"{"id":"sum","match":"a.*","measure":"sum","above":40,"recover":30,"for":60,"every":"60s"}"#,
            #"{"id":"rate","match":"**","kind":"c","measure":"rate","below":0.3,"every":"60s"}"#,
            #"{"id":"value","match":"**","measure":"value","above":7,"every":"60s"}"#,
            #"{"id":"avg","match":"**","measure":"average","above":5,"every":"60s"}"#,
            #"{"id":"max","match":"**","measure":"max","equal":9,"every":"60s"}"#,
            #"{"id":"p95","match":"**","measure":"p95","above":7.5,"for":120,"every":"60s"}"#,
            #"{"id":"n","match":"**","measure":"count","below":5,"every":"60s"}"#,
            #"{"id":"gone","match":"**","measure":"absence","for":120}"#,
            #"{"id":"silent","match":"**","measure":"silence","for":60}"#,
        ].map { try AlertRuleTests.rule($0) }
        let keys = [
            StatisticKey(.counter, "a.x"), StatisticKey(.counter, "a.y"), StatisticKey(.gauge, "g"), StatisticKey(.timer, "t"),
        ]
        var state = UserState(user: try #require(Self.user))
        let first = Window.slotNumber(at: Self.start.start)
        var watch = SlotWatch(from: first, WatchQuestion { _ in true })
        var book = AlertBook(rules)
        var live: [String] = []
        var points: [StatisticKey: [MinutePoint]] = [:]
        var active: [Minute] = []
        let minutes = Self.start..<Self.start.advanced(by: 90)
        var (isQuiet, paused) = (false, Set<StatisticKey>())
        for minute in minutes {
            if random.oneIn(8) { isQuiet.toggle() }
            for key in keys where random.oneIn(6) { if paused.remove(key) == nil { paused.insert(key) } }
            for second in stride(from: Int64(0), to: 60, by: 5) where !isQuiet && !random.oneIn(9) {
                var partials: [Partial] = []
                for key in keys where !paused.contains(key) && !random.oneIn(3) {
                    var accumulator = SampleAccumulator()
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        accumulator.add(Double(Int.random(in: 1...9, using: &random)))
                    }
                    if let aggregate = accumulator.partial(of: key.kind) { partials.append(Partial(key, aggregate)) }
                }
                if partials.isEmpty { continue }
                let time = minute.start.advanced(byMilliseconds: second * 1000 + Int64.random(in: 0..<5000, using: &random))
                watch.willApply(in: Window.slotNumber(at: time), state)
                let ids = partials.map { StatisticID(index: Int32(keys.firstIndex(of: $0.key) ?? 0)) }
                state.apply(Batch(partials: partials), ids: ids, at: time)
            }
            if let closed = state.beginClosing(through: minute) {
                state.endClosing(closed.settlement())
                active.append(minute)
                for key in keys {
                    if let aggregate = closed.aggregate(of: key) {
                        points[key, default: []].append(MinutePoint(minute: minute, aggregate: aggregate))
                    }
                }
            }
            watch.look(through: SlotView.lastSlot(of: minute), state)
            for view in watch.take() {
                live += book.look(view, programs: [], score: { _, _ in nil }).news.map { "\($0.rule.id) \($0.subject) \($0.event)" }
            }
        }
        let replayed = rules.flatMap { rule in
            AlertBacktest(rule, minutes: points, active: MinuteRuns(active), range: minutes).news.map {
                "\($0.rule.id) \($0.subject) \($0.event)"
            }
        }
        #expect(live.sorted() == replayed.sorted(), "seed \(seed)")
        #expect(live.count > 20)
    }

    @Test("counts when a rule would have fired, and for how long")
    func backtest() throws {
        let key = StatisticKey(.counter, "a")
        let values: [Double] = [1, 50, 60, 1, 1, 70, 1, 80]
        let points = values.enumerated().map { index, value in
            MinutePoint(minute: Self.start.advanced(by: Int64(index)), aggregate: Aggregate(sample: value))
        }
        let range = Self.start..<Self.start.advanced(by: 8)
        let rule = try AlertRuleTests.rule(#"{"id":"r","match":"a","measure":"sum","above":40}"#)
        let test = AlertBacktest(rule, minutes: [key: points], active: MinuteRuns(range), range: range)
        let minutes = test.stretches.map { stretch in
            [stretch.from, stretch.until].map { $0.map { ($0.milliseconds - Self.start.start.milliseconds) / 60_000 } }
        }
        #expect(minutes == [[2, 4], [6, 7], [8, nil]])
        #expect(test.seconds == 180)
    }
}
