import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import GRDB
import Testing

@testable import DattssServer

/// Goal: nothing of alerts waits for a batch that does not come. In each of these tests nobody sends while what is tested happens.
@Suite("Alerts of a user who sends nothing")
struct AlertQuietTests {
    private func pass(_ harness: AlertHarness, minutes: Int) async throws {
        for _ in 0..<minutes * 12 { try await harness.endSlot() }
    }

    @Test("end with what is not known any more, after five minutes, and say so")
    func ends() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","measure":"sum","above":10,"channels":["ops"]}"#])
        try await pass(harness, minutes: 1)
        try await harness.send(50)
        try await harness.endSlot()
        #expect(try harness.told() == ["fired a"])
        try await pass(harness, minutes: 7)
        #expect(try harness.told() == ["fired a", "no-data a"])
        await harness.stop()
    }

    @Test("are told again as often as they are to be, and not once they are acknowledged")
    func reminders() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([
            #"{"id":"r","match":"a","kind":"c","measure":"absence","remind":120,"channels":["ops"]}"#
        ])
        try await pass(harness, minutes: 2)
        #expect(try harness.told() == ["fired a"])
        try await pass(harness, minutes: 6)
        #expect(try harness.told() == ["fired a", "reminder a", "reminder a", "reminder a"])
        #expect(try await harness.evaluator.acknowledge("r", nil, of: harness.user, by: "test") == 1)
        try await harness.killAndRestart()
        try await pass(harness, minutes: 6)
        #expect(try harness.told().count == 4)
        await harness.stop()
    }

    @Test("are told when the silence ends behind which they began, also over a restart")
    func silence() async throws {
        let harness = try AlertHarness()
        let all = try #require(AlertPattern("**"))
        let silence = AlertSilence(
            id: "s", rule: all, match: all, from: harness.clock.now(), until: harness.clock.now().advanced(byMilliseconds: 300_000),
            reason: "")
        try await harness.setRules([#"{"id":"r","match":"a","kind":"c","measure":"absence","channels":["ops"]}"#])
        try await harness.evaluator.changeSilences(of: harness.user, by: "test", note: "silenced") { $0.append(silence) }
        try await pass(harness, minutes: 3)
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.state) == [.silenced])
        try await harness.killAndRestart()
        #expect(try harness.told().isEmpty)
        try await pass(harness, minutes: 4)
        #expect(try harness.told() == ["fired a"])
        await harness.stop()
    }

    @Test("that flap become calm, and say that it is over")
    func flapping() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","kind":"g","measure":"value","above":10,"channels":["ops"]}"#])
        try await pass(harness, minutes: 1)
        for _ in 0..<AlertInstance.flapEdges {
            for value in [50.0, 1] {
                try await harness.send(value, "a", .gauge)
                try await harness.endSlot()
            }
        }
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.isFlapping) == [true])
        let before = try harness.told()
        #expect(before.last == "flapping a", "\(before)")
        try await pass(harness, minutes: 16)
        #expect(try harness.told() == before + ["no-data a"])
        #expect(try await harness.evaluator.book(of: harness.user).instances(of: "r").values.map(\.isFlapping) == [false])
        await harness.stop()
    }

    @Test("are there though nothing was ever sent")
    func nothingEver() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([
            #"{"id":"r","match":"a","kind":"c","measure":"absence","for":120,"channels":["ops"]}"#
        ])
        try await pass(harness, minutes: 2)
        #expect(try harness.told().isEmpty)
        try await pass(harness, minutes: 3)
        #expect(try harness.told() == ["fired a"])
        await harness.stop()
    }

    /// Goal: of a pattern nobody knows the names; one that was good when the server was killed, and never came again, is missed.
    @Test("miss what was sent before the server was killed, and never after")
    func absentSinceRestart() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a.*","measure":"absence","for":120,"channels":["ops"]}"#])
        for _ in 0..<3 {
            try await harness.send(1, "a.b")
            try await pass(harness, minutes: 1)
        }
        #expect(try harness.told().isEmpty)
        try await harness.killAndRestart()
        harness.clock.advance(byMilliseconds: 600_000)
        try await pass(harness, minutes: 6)
        #expect(try harness.told() == ["fired a.b"])
        await harness.stop()
    }

    @Test("keep nobody busy once the last rule is removed")
    func lastRule() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([#"{"id":"r","match":"a","measure":"sum","above":10}"#])
        try await harness.send(1)
        try await pass(harness, minutes: 1)
        let queries = harness.pipeline.queries
        #expect(await queries.slots(of: harness.user, through: 0) != nil)
        try await harness.setRules([])
        await harness.evaluator.turn()
        #expect(await queries.slots(of: harness.user, through: 0) == nil)
        await harness.stop()
    }

    @Test("go with their user, and so do the messages that wait")
    func erased() async throws {
        let harness = try AlertHarness()
        try await harness.setRules([
            #"{"id":"r","match":"a","kind":"c","measure":"absence","remind":60,"channels":["ops"]}"#
        ])
        try await pass(harness, minutes: 2)
        #expect(try harness.told() == ["fired a"])
        try harness.accounts.delete(harness.user, at: harness.clock.now())
        harness.clock.advance(byMilliseconds: 180_000)
        await harness.evaluator.turn()
        #expect(try harness.told().isEmpty)
        #expect(try harness.accounts.alertEvents(of: harness.user).isEmpty)
        #expect(try harness.accounts.dueMessages(at: harness.clock.now(), limit: 10).isEmpty)
        await harness.stop()
    }

    /// Goal: rules that cannot be read, as after a step back to an older version, are one user's trouble.
    @Test("are looked at though those of somebody before them cannot be read")
    func othersTrouble() async throws {
        let harness = try AlertHarness()
        let other = try #require(UserID("aaa"))
        try harness.accounts.add(other, at: harness.clock.now())
        try await harness.evaluator.changeRules(of: other, by: "test") { rules in
            rules = [try AlertRuleTexts.rule(#"{"id":"x","match":"a","measure":"sum","above":1}"#)]
        }
        try await harness.accounts.database.write {
            try $0.execute(sql: "UPDATE alertRule SET json = ? WHERE uid = 'aaa'", arguments: [Data("{".utf8)])
        }
        try await harness.killAndRestart()
        try await harness.setRules([#"{"id":"r","match":"a","kind":"c","measure":"absence","channels":["ops"]}"#])
        harness.clock.set(harness.clock.now().minute.end.advanced(byMilliseconds: AlertEvaluator.lateMilliseconds))
        for _ in 0..<30 {
            harness.clock.advance(byMilliseconds: Window.slotMilliseconds)
            await harness.evaluator.turn()
        }
        #expect(try harness.told() == ["fired a"])
        await harness.stop()
    }

    /// Goal: a mark of long ago, from when there were rules, is none for a rule that is new.
    @Test("say nothing of what was before a rule was made, though the server is killed at once")
    func newRule() async throws {
        let harness = try AlertHarness()
        try await harness.send(1000)
        try await harness.setRules([#"{"id":"r","match":"z","measure":"sum","above":10,"channels":["ops"]}"#])
        try await pass(harness, minutes: 1)
        try await harness.setRules([])
        for _ in 0..<20 {
            try await harness.send(1000)
            harness.clock.set(harness.clock.now().minute.end.advanced(byMilliseconds: 1))
        }
        try await harness.setRules([#"{"id":"n","match":"a","measure":"sum","above":10,"channels":["ops"]}"#])
        try await harness.killAndRestart()
        try await pass(harness, minutes: 3)
        #expect(try harness.told().isEmpty)
        await harness.stop()
    }
}

/// Rules as they are written.
enum AlertRuleTexts {
    static func rule(_ text: String) throws -> AlertRule {
        try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in try AlertRule(&cursor, id: "r") }
        }
    }
}
