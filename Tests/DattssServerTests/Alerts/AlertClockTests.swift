import DattssCore
import DattssTestSupport
import Testing

@testable import DattssServer

/// Goal: whatever the clock does, and however late somebody looks, what was heard is told once, and what was not heard is no news.
@Suite("Alerts, as the clock goes,")
struct AlertClockTests {
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
}
