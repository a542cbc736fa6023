import DattssCore
import DattssTestSupport
import Testing

/// Goal: what a clock says is believed when time has shown that it is right, and what has passed counts whatever it says.
@Suite struct ConfirmedTimeTests {
    private static let noon = Timestamp(seconds: 1_795_176_000)
    private static let hour: Int64 = 3_600_000
    private static let day: Int64 = 24 * hour

    /// A clock that shows what it is set to, beside time that passes.
    private struct Scene {
        var time = ConfirmedTime(line: noon, shown: noon, uptime: 5)
        private(set) var passed: Int64 = 0
        private(set) var wrongBy: Int64 = 0

        var rightDay: Timestamp { noon.advanced(byMilliseconds: passed) }

        mutating func look() -> ConfirmedTime.News? {
            time.look(shown: rightDay.advanced(byMilliseconds: wrongBy), uptime: 5 + passed)
        }

        mutating func pass(_ milliseconds: Int64, wrongBy: Int64) -> ConfirmedTime.News? {
            (passed, self.wrongBy) = (passed + milliseconds, wrongBy)
            return look()
        }
    }

    @Test("a clock that is set forward for a moment changes nothing", arguments: [1, 9, 30, 410, 36_500])
    func forward(days: Int64) {
        var scene = Scene()
        #expect(scene.pass(60_000, wrongBy: 0) == nil)
        #expect(scene.pass(1000, wrongBy: days * Self.day) == .doubted)
        #expect(scene.time.latest == scene.rightDay)
        #expect(scene.pass(5000, wrongBy: days * Self.day) == nil)
        #expect(scene.pass(1000, wrongBy: 0) == .resolved)
        #expect(scene.time.latest == scene.rightDay && scene.time.doubt == nil)
    }

    @Test("a clock that is set back makes nothing old, and the time before it is not lost")
    func back() {
        var scene = Scene()
        #expect(scene.pass(1000, wrongBy: -30 * Self.day) == .doubted)
        #expect(scene.time.latest == scene.rightDay.advanced(byMilliseconds: -30 * Self.day))
        #expect(scene.pass(Self.hour, wrongBy: 0) == .resolved)
        #expect(scene.time.latest == scene.rightDay)
    }

    @Test("steps of a few hours are followed")
    func steps() {
        var scene = Scene()
        #expect(scene.pass(1000, wrongBy: 5 * Self.hour) == nil)
        #expect(scene.time.latest == scene.rightDay.advanced(byMilliseconds: 5 * Self.hour))
        #expect(scene.pass(1000, wrongBy: 0) == nil)
        #expect(scene.time.latest == scene.rightDay)
    }

    @Test("a clock that says the same for three days is believed, and not before", arguments: [-30, 9, 410])
    func confirmation(days: Int64) {
        var scene = Scene()
        #expect(scene.pass(1000, wrongBy: days * Self.day) == .doubted)
        for _ in 1..<72 {
            #expect(scene.pass(Self.hour, wrongBy: days * Self.day) == nil)
            #expect(scene.time.latest <= scene.rightDay)
        }
        #expect(scene.pass(Self.hour, wrongBy: days * Self.day) == .confirmed)
        #expect(scene.time.latest == scene.rightDay.advanced(byMilliseconds: days * Self.day))
    }

    @Test("a clock that says something else each day is not believed")
    func restless() {
        var scene = Scene()
        for day in 1...30 as ClosedRange<Int64> {
            #expect(scene.pass(Self.day, wrongBy: (10 + day) * Self.day) == .doubted)
            #expect(scene.time.latest == scene.rightDay)
        }
    }

    @Test("a doubt goes on from one run to the next")
    func runs() {
        let shown = Self.noon.advanced(byMilliseconds: 9 * Self.day)
        var (line, doubt) = (Self.noon, ConfirmedTime.Doubt?.none)
        var news: [ConfirmedTime.News] = []
        for run in 0..<8 as Range<Int64> {
            // Each of half a day, with an hour between two.
            let begin = shown.advanced(byMilliseconds: run * 13 * Self.hour)
            var time = ConfirmedTime(line: line, doubt: doubt, shown: begin, uptime: 77)
            for hour in 0...12 as ClosedRange<Int64> {
                let found = time.look(shown: begin.advanced(byMilliseconds: hour * Self.hour), uptime: 77 + hour * Self.hour)
                if let found { news.append(found) }
            }
            (line, doubt) = (time.line, time.doubt)
        }
        #expect(news == [.doubted, .confirmed])
    }

    @Test("the largest numbers of an earlier run, and of uptimes, end nothing")
    func extremes() {
        let ahead = 9 * Self.day
        let shown = Self.noon.advanced(byMilliseconds: ahead)
        for uptime in [Int64.min, -1, 0, Int64.max] {
            let doubt = ConfirmedTime.Doubt(aheadMilliseconds: ahead, lastedMilliseconds: .max)
            var time = ConfirmedTime(line: Self.noon, doubt: doubt, shown: shown, uptime: uptime)
            _ = time.look(shown: shown, uptime: .max)
            _ = time.look(shown: shown, uptime: .min)
            #expect(time.latest <= shown)
        }
    }

    @Test("is never later than the clock, and no faster than time but for steps that are followed or confirmed", arguments: 1...20)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scene = Scene()
        for _ in 0..<1000 {
            let before = scene.time
            let isSet = Int.random(in: 0..<8, using: &random) == 0
            let wrongBy = isSet ? Int64.random(in: -400...400, using: &random) * 2 * Self.hour : scene.wrongBy
            let step = Int64.random(in: 0...12 * Self.hour, using: &random)
            let news = scene.pass(step, wrongBy: wrongBy)
            let most = before.line.advanced(byMilliseconds: step + ConfirmedTime.followedMilliseconds)
            #expect(scene.time.latest <= scene.time.shown, "seed \(seed)")
            #expect(scene.time.line <= most || news == .confirmed, "seed \(seed)")
        }
    }
}
