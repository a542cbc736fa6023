import DattssCore
import DattssTestSupport
import HTTPTypes
import Synchronization
import Testing

@testable import DattssServer

@Suite("AttemptLimit")
struct AttemptLimitTests {
    private let clock = ManualClock(Timestamp(seconds: 1_795_330_000))

    /// Goal: so many at once, then one for each that time gives back; one name's attempts are not another's.
    @Test("lets through what the bucket holds, and says how long to wait")
    func bucket() {
        let limit = AttemptLimit(capacity: 3, secondsPerToken: 10, clock: clock)
        #expect((0..<4).map { _ in limit.take("ann") } == [nil, nil, nil, 10])
        #expect(limit.take("bob") == nil)
        clock.advance(byMilliseconds: 9000)
        #expect(limit.take("ann") == 1)
        clock.advance(byMilliseconds: 1000)
        #expect(limit.take("ann") == nil && limit.take("ann") == 10)
        clock.advance(byMilliseconds: 3_600_000)
        #expect((0..<4).map { _ in limit.take("ann") } == [nil, nil, nil, 10])
        // A clock that is set gives nothing, and makes nobody wait until it is right again.
        for days in [400, -800, 400] as [Int64] {
            clock.jump(byMilliseconds: days * 86_400_000)
            #expect(limit.take("ann") == 10)
        }
        clock.jump(byMilliseconds: -400 * 86_400_000)
        clock.advance(byMilliseconds: 10_000)
        #expect(limit.take("ann") == nil)
    }

    /// Goal: an owner who knows the password never waits.
    @Test("does not count what was right")
    func giveBack() {
        let limit = AttemptLimit(capacity: 2, secondsPerToken: 10, clock: clock)
        for _ in 0..<100 {
            #expect(limit.take("ann") == nil)
            limit.giveBack("ann")
        }
        #expect(limit.nameCount == 0)
    }

    /// Goal: its memory is bounded, and whoever is being limited is not forgotten for it.
    @Test("remembers those who try most")
    func bounded() {
        let limit = AttemptLimit(capacity: 2, secondsPerToken: 1000, namesMax: 100, clock: clock)
        for _ in 0..<2 { _ = limit.take("guesser") }
        for number in 0..<1000 { _ = limit.take("\(number)") }
        #expect(limit.nameCount <= 100)
        #expect(limit.take("guesser") != nil)
    }

    /// Goal: having letters sent to somebody does not keep that person from signing in; both are counted and told to wait.
    @Test("counts letters apart from passwords")
    func letters() throws {
        let counters = WebCounters()
        let limits = AttemptLimits(clock: clock, counters: counters)
        let ann = try #require(EmailAddress("ann@example.com"))
        var refused: ErrorAnswer?
        for number in 0..<6 where refused == nil {
            do { try limits.take(address: "192.0.2.\(number)", letterTo: ann) } catch { refused = error }
        }
        #expect(refused?.status == .tooManyRequests && refused?.headers[.retryAfter] == "600")
        #expect(counters.limitedByAccount.load(ordering: .relaxed) == 1)
        try limits.take(address: "192.0.2.1", account: ann)
        #expect(throws: ErrorAnswer.self) { for _ in 0..<31 { try limits.take(address: "198.51.100.1") } }
        #expect(counters.limitedByAddress.load(ordering: .relaxed) == 1)
    }

    /// Goal: whoever guesses at an account keeps its owner neither from where the owner comes from nor, after signing in, out.
    @Test("does not let strangers lock an owner out")
    func lockOut() throws {
        let limits = AttemptLimits(clock: clock, counters: WebCounters())
        let ann = try #require(EmailAddress("ann@example.com"))
        let (home, stranger) = ("192.0.2.1", "198.51.100.1")
        #expect(throws: ErrorAnswer.self) { for _ in 0..<20 { try limits.take(address: stranger, account: ann) } }
        for _ in 0..<100 {
            try limits.take(address: home, account: ann)
            limits.giveBack(address: home, account: ann)
        }
        // From ever more places: in the end nobody may guess any more, but for where the owner was.
        #expect(throws: ErrorAnswer.self) {
            for number in 0..<1000 { try limits.take(address: "203.0.113.\(number)", account: ann) }
        }
        #expect(throws: ErrorAnswer.self) { try limits.take(address: "203.0.113.2000", account: ann) }
        try limits.take(address: home, account: ann)
        // At home guessing is limited, too.
        #expect(throws: ErrorAnswer.self) { for _ in 0..<10 { try limits.take(address: home, account: ann) } }
    }
}
