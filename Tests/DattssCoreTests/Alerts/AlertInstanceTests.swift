import DattssCore
import DattssTestSupport
import Testing

@Suite("An alert's instance")
struct AlertInstanceTests {
    private static func rule(_ json: String) throws -> AlertRule { try AlertRuleTests.rule(json) }

    private static func above(_ more: String = "") throws -> AlertRule {
        try rule(#"{"id":"r","match":"a.b","measure":"sum","above":10\#(more)}"#)
    }

    /// The kinds of what is told, after some numbers, one a slot; nil for a slot of which nothing is known.
    private func told(_ rule: AlertRule, _ values: [Double?], silences: Range<Int64> = 0..<0) -> [String] {
        var instance = AlertInstance(at: 0)
        var told: [String] = []
        for (slot, value) in values.enumerated() {
            let slot = Int64(slot)
            let reading = value.map { AlertReading.value($0) } ?? .nothing
            for event in instance.step(rule, reading, at: slot, isSilenced: silences.contains(slot)) where event.isTold {
                told.append("\(event.kind.rawValue)@\(event.slot)")
            }
        }
        return told
    }

    @Test("fires once, and is resolved once")
    func once() throws {
        #expect(told(try Self.above(), [1, 11, 12, 13, 9, 9]) == ["fired@1", "resolved@4"])
    }

    @Test("waits as long as the rule says, and begins anew after a good value")
    func waits() throws {
        #expect(told(try Self.above(#","for":10"#), [11, 11, 5, 11, 11, 11, 11]) == ["fired@5"])
    }

    @Test("goes on firing between the threshold and the recovery threshold, and does not begin there")
    func hysteresis() throws {
        #expect(told(try Self.above(#","recover":5"#), [7, 11, 7, 6, 11, 7, 5, 7]) == ["fired@1", "resolved@6"])
    }

    @Test("says when nothing is known any more of what fires, and fires anew with the next wrong value")
    func lost() throws {
        let gap = [Double?](repeating: nil, count: Int(AlertInstance.dataSlots))
        #expect(told(try Self.above(), [11] + gap + [11, 1]) == ["fired@0", "no-data@60", "fired@61", "resolved@62"])
        #expect(told(try Self.above(), [11] + gap.dropLast() + [11, 1]) == ["fired@0", "resolved@61"])
    }

    @Test("reminds of what nobody has acknowledged")
    func reminders() throws {
        let rule = try Self.above(#","remind":60"#)
        let values = [Double?](repeating: 11, count: 30)
        #expect(told(rule, values) == ["fired@0", "reminder@12", "reminder@24"])
        var instance = AlertInstance(at: 0)
        var isAcknowledged = instance.acknowledge()
        #expect(!isAcknowledged)
        _ = instance.step(rule, .value(11), at: 0, isSilenced: false)
        isAcknowledged = instance.acknowledge()
        #expect(isAcknowledged && instance.state == .acknowledged)
        for slot in 1..<30 {
            let events = instance.step(rule, .value(11), at: Int64(slot), isSilenced: false)
            #expect(events.isEmpty)
        }
        let end = instance.step(rule, .value(1), at: 30, isSilenced: false)
        #expect(end.map(\.kind) == [.resolved])
    }

    @Test("does not repeat an old number when it reminds of what nothing is known of")
    func remindersWithoutData() throws {
        let rule = try Self.above(#","remind":60"#)
        var instance = AlertInstance(at: 0)
        var values: [Double?] = []
        for slot in 0..<Int64(30) {
            let reading = (1..<20).contains(slot) ? AlertReading.nothing : .value(11)
            values += instance.step(rule, reading, at: slot, isSilenced: false).filter(\.isTold).map(\.value)
        }
        #expect(values == [11, nil, 11])
    }

    @Test("tells after a silence of what still fires, and nothing of what is over by then")
    func silence() throws {
        let rule = try Self.above()
        #expect(told(rule, [11, 11, 11, 11, 1], silences: 0..<3) == ["fired@3", "resolved@4"])
        #expect(told(rule, [11, 11, 1, 1, 1], silences: 0..<3) == [])
        // That it is over is told to whoever was told that it began.
        #expect(told(rule, [11, 11, 1, 1, 1], silences: 1..<5) == ["fired@0", "resolved@2"])
    }

    @Test("that flaps is told once, and again when it has been calm")
    func flapping() throws {
        let wavering = (0..<40).map { $0.isMultiple(of: 2) ? 11.0 : 1.0 }
        let calm = [Double?](repeating: 1, count: Int(AlertInstance.calmSlots) + 1)
        let told = told(try Self.above(), wavering + calm + [11])
        let end = 39 + AlertInstance.calmSlots
        #expect(
            told == [
                "fired@0", "resolved@1", "fired@2", "resolved@3", "fired@4", "resolved@5", "fired@6", "resolved@7", "flapping@8",
                "resolved@\(end)", "fired@\(end + 2)",
            ])
    }

    @Test("passes over a slot that it has seen")
    func again() throws {
        let rule = try Self.above()
        var instance = AlertInstance(at: 5)
        let first = instance.step(rule, .value(11), at: 5, isSilenced: false)
        #expect(first.map(\.kind) == [.fired])
        let before = instance
        let again = [5, 4].flatMap { instance.step(rule, .value(1), at: $0, isSilenced: false) }
        #expect(again.isEmpty)
        #expect(instance == before)
    }

    @Test("takes no number that is none")
    func notFinite() throws {
        #expect(told(try Self.above(), [.infinity, .nan, 11, -.infinity]) == ["fired@2"])
    }

    @Test("that fires tells its end when its rule goes")
    func end() throws {
        let rule = try Self.above()
        var instance = AlertInstance(at: 0)
        let nothing = instance.end(at: 1)
        #expect(nothing.isEmpty)
        _ = instance.step(rule, .value(11), at: 2, isSilenced: false)
        let events = instance.end(at: 3)
        #expect(events.map(\.kind) == [.resolved] && events[0].isTold)
        let again = instance.end(at: 4)
        #expect(again.isEmpty)
    }

    /// Goal: over random walks the instance fires exactly when the definition says so, which is worked out anew for each slot from all
    /// that was ever read.
    @Test("fires when the definition says so", arguments: 0..<300)
    func oracle(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let wait = Int.random(in: 0...6, using: &random) * 5
        let recover = Int.random(in: 0...3, using: &random)
        let rule = try Self.rule(
            #"{"id":"r","match":"a.b","measure":"sum","above":10,"for":\#(wait),"recover":\#(10 - recover)}"#)
        var instance = AlertInstance(at: 0)
        var readings: [(slot: Int64, value: Double?)] = []
        var slot: Int64 = 0
        var value = 9
        for _ in 0..<400 {
            // Mostly slot after slot, sometimes a pause.
            slot += random.oneIn(40) ? Int64.random(in: 1...90, using: &random) : 1
            value = (value + Int.random(in: -2...2, using: &random)).clamped(5, 14)
            let read: Double? = random.oneIn(12) ? nil : Double(value)
            readings.append((slot, read))
            _ = instance.step(rule, read.map { .value($0) } ?? .nothing, at: slot, isSilenced: random.oneIn(5))
            let expected = Self.fires(readings, wait: Int64(wait), threshold: 10, recover: Double(10 - recover))
            #expect((instance.phase == .firing) == expected, "seed \(seed), slot \(slot)")
            if (instance.phase == .firing) != expected { return }
        }
    }

    /// By definition: it has been wrong for long enough since some reading, with no good one and no loss of data since.
    private static func fires(
        _ readings: [(slot: Int64, value: Double?)], wait: Int64, threshold: Double, recover: Double
    ) -> Bool {
        // From the last loss of data or recovery on, only these count.
        var known: [(slot: Int64, value: Double)] = []
        var before: Int64 = 1
        for (slot, value) in readings {
            if let value {
                before = slot
                known.append((slot, value))
            } else if slot - before >= AlertInstance.dataSlots {
                known = []
            }
        }
        // The last reading at which it began to fire, and no recovery after it.
        for end in known.indices.reversed() {
            if known[end].value <= recover { return false }
            guard known[end].value > threshold else { continue }
            var start = end
            while start > 0, known[start - 1].value > threshold { start -= 1 }
            if (known[end].slot - known[start].slot) * 5 >= wait { return true }
        }
        return false
    }

    /// Goal: whatever happens, whoever is told hears of a beginning and an end in turn, and nothing of a beginning in a silence.
    @Test("tells beginnings and ends in turn", arguments: 0..<200)
    func turns(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let rule = try Self.above(#","for":\#(5 * Int.random(in: 0...2, using: &random)),"remind":60"#)
        var instance = AlertInstance(at: 0)
        var isTold = false
        for slot in 0..<2000 {
            let isSilenced = slot / 100 % 3 == 2
            let isBusy = slot / 300 % 2 == 0
            let value = Double(Int.random(in: isBusy ? 0...20 : 9...10, using: &random))
            let reading: AlertReading = random.oneIn(30) ? .nothing : .value(value)
            for event in instance.step(rule, reading, at: Int64(slot), isSilenced: isSilenced) where event.isTold {
                switch event.kind {
                case .fired, .flapping:
                    #expect(!isTold && !isSilenced, "seed \(seed), slot \(slot)")
                    isTold = true
                case .resolved, .lost:
                    #expect(isTold, "seed \(seed), slot \(slot)")
                    isTold = false
                case .reminder: #expect(isTold && !isSilenced, "seed \(seed), slot \(slot)")
                }
            }
            #expect(instance.isAnnounced == isTold)
        }
    }
}
