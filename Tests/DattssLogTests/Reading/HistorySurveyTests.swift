import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: reading many statistics at once gives what reading each of them by itself does.
@Suite struct HistorySurveyTests {
    @Test("a survey hands out the points that single reads do, sealed or not", arguments: 1...4 as ClosedRange<UInt64>)
    func everything(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let users = (0..<3).map { _ in values.user() }
        let keys = (0..<30).map { _ in values.key() } + ["a", "a.b", "a.bc", "ab"].map { StatisticKey(.counter, $0) }
        var scene = try SealScene(partBytes: seed % 2 == 0 ? 4 << 20 : 2000)
        for block in randomDay(&values, users: users, keys: keys, blocks: 40) { try scene.append(block) }
        if seed > 1 { try scene.seal() }
        for block in randomDay(&values, users: users, keys: keys, blocks: 10) { try scene.append(block) }
        for user in users {
            for prefix in ["", "a", "a.b", keys[0].path, "zzz"] {
                let start = midnight.advanced(by: Int64(values.int(-10...700)))
                let range = start..<start.advanced(by: Int64(values.int(1...1500)))
                let wanted = Dictionary(
                    uniqueKeysWithValues: Set(keys.filter { _ in !values.random.oneIn(4) }).sorted().enumerated().map { ($1, $0) })
                var found: [StatisticKey: [HistorySlice.Point]] = [:]
                let names = Dictionary(uniqueKeysWithValues: wanted.map { ($1, $0) })
                let survey = try scene.history.survey(
                    user: user, prefix: prefix, minutes: range, through: nil, withSketches: true,
                    slot: { $0.path.hasPrefix(prefix) ? wanted[$0] ?? -1 : -1 },
                    body: { slot, point, isHour in
                        #expect(!isHour)
                        if let key = names[slot] { found[key, default: []].append(point) }
                        return true
                    })
                for key in wanted.keys where key.path.hasPrefix(prefix) {
                    let expected = try scene.history.read(user: user, key: key, minutes: range)
                    // In no certain order: what lies beside a sealed file comes last.
                    let points = Answer(HistorySlice(points: (found[key] ?? []).sorted { $0.minute < $1.minute }))
                    #expect(points == Answer(HistorySlice(points: expected.points)), "seed \(seed), \(key)")
                    #expect(survey.activeMinutes == expected.activeMinutes, "seed \(seed)")
                }
                #expect(found.keys.allSatisfy { $0.path.hasPrefix(prefix) })
            }
        }
    }

    @Test("where only hours are left points are of hours, and all their minutes count as active")
    func hours() throws {
        var values = RandomValues(seed: 9)
        let users = (0..<2).map { _ in values.user() }
        let keys = (0..<5).map { _ in values.key() }
        var scene = try SealScene()
        for block in randomDay(&values, users: users, keys: keys, blocks: 60) { try scene.append(block) }
        try scene.seal()
        for folder in ["minutes", "days"] {
            for name in try scene.fileSystem.list("/data/\(folder)") { try scene.fileSystem.remove("/data/\(folder)/\(name)") }
        }
        try scene.restart()
        let names = Set(keys).sorted()
        for user in users {
            var points: [[HistorySlice.Point]] = names.map { _ in [] }
            // An hour that has begun before counts with its minutes in the range.
            let range = midnight.advanced(by: 30)..<midnight.advanced(by: Minute.perDay)
            let survey = try scene.history.survey(
                user: user, prefix: "", minutes: range, through: nil, withSketches: true,
                slot: { names.firstIndex(of: $0) ?? -1 },
                body: { slot, point, isHour in
                    #expect(isHour)
                    points[slot].append(point)
                    return true
                })
            let day = midnight..<midnight.advanced(by: Minute.perDay)
            for (slot, key) in names.enumerated() {
                let expected = scene.expectedHours(user, key, day)
                #expect(Answer(HistorySlice(points: points[slot])) == Answer(HistorySlice(points: expected.points)))
            }
            let hours = Set(scene.activeMinutes(of: user).map { $0.index / 60 }).sorted()
            let minutes = MinuteRuns(hours.flatMap { hour in (0..<60).map { Minute(hour * 60 + $0) } })
            #expect(survey.activeMinutes == minutes.clamped(to: range))
        }
    }

    @Test(
        "minutes that need not be told apart come to the same, out of hours where these are whole",
        arguments: 1...6 as ClosedRange<UInt64>)
    func spans(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let users = Set((0..<2).map { _ in values.user() }).sorted()
        // One of which every minute tells its samples, among others of which many do not.
        let told = StatisticKey(.timer, "told")
        let others = Set((0..<12).map { _ in values.key() }).subtracting([told]).sorted()
        let keys = (others + [told]).sorted()
        var scene = try SealScene()
        for block in randomDay(&values, users: users, keys: others, blocks: 300) { try scene.append(block) }
        for minute in stride(from: 0, to: Minute.perDay, by: 17) {
            var accumulator = SampleAccumulator()
            for _ in 0..<20 { accumulator.add(Double(values.int(1...500))) }
            let aggregate = try #require(accumulator.partial(of: .timer))
            let minutes = users.map { UserMinute(user: $0, aggregates: [Partial(told, aggregate)]) }
            try scene.append(MinuteBlock(minute: midnight.advanced(by: minute), through: nil, users: minutes))
        }
        try scene.seal()
        // For an even seed there is more beside the sealed file.
        if seed % 2 == 0 {
            for block in randomDay(&values, users: users, keys: others, blocks: 200) { try scene.append(block) }
        }
        for (first, minutes) in [(0, 60), (0, 1440), (120, 360), (7, 60), (0, 7), (0, 1)] as [(Int64, Int64)] {
            let range = midnight.advanced(by: first)..<midnight.advanced(by: first + (Minute.perDay - first) / minutes * minutes)
            let spans = MinuteSpans(from: range.lowerBound, minutes: minutes)
            for user in users {
                let (merged, hours, survey) = try points(scene.history, user, keys, range, spans)
                let (single, _, expected) = try points(scene.history, user, keys, range, nil)
                #expect((hours > 0) == (minutes % 60 == 0 && first % 60 == 0 && seed % 2 == 1))
                #expect(survey.activeMinutes == expected.activeMinutes && survey.sealedThrough == expected.sealedThrough)
                for (key, (merged, single)) in zip(keys, zip(merged, single)) {
                    let isSame = SpanTotals.of(merged, spans).isSame(as: SpanTotals.of(single, spans))
                    #expect(isSame, "seed \(seed), \(minutes) minutes from \(first) on, \(key)")
                }
            }
        }
    }

    private func points(
        _ history: History, _ user: UserID, _ keys: [StatisticKey], _ range: Range<Minute>, _ spans: MinuteSpans?
    ) throws -> (points: [[HistorySlice.Point]], hourCount: Int, survey: HistorySurvey) {
        var (points, hourCount) = (keys.map { _ in [HistorySlice.Point]() }, 0)
        let survey = try history.survey(
            user: user, prefix: "", minutes: range, through: nil, withSketches: true, merging: spans,
            slot: { keys.firstIndex(of: $0) ?? -1 },
            body: { slot, point, isHour in
                points[slot].append(point)
                if isHour { hourCount += 1 }
                return true
            })
        return (points, hourCount, survey)
    }

    @Test("a survey ends when no more is wanted")
    func end() throws {
        var values = RandomValues(seed: 5)
        let user = values.user()
        let keys = (0..<5).map { _ in values.key() }
        var scene = try SealScene()
        for block in randomDay(&values, users: [user], keys: keys, blocks: 60) { try scene.append(block) }
        var count = 0
        let survey = try scene.history.survey(
            user: user, prefix: "", minutes: midnight..<midnight.advanced(by: Minute.perDay), through: nil, withSketches: true,
            slot: { _ in 0 },
            body: { _, _, _ in
                count += 1
                return count < 7
            })
        #expect(survey.isEnded && count == 7)
    }
}
