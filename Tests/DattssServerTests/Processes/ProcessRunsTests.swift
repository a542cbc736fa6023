import DattssCore
import Testing

@testable import DattssServer

@Suite("ProcessRuns")
struct ProcessRunsTests {
    private static let start = Timestamp(seconds: 1_795_330_000)

    private func at(_ milliseconds: Int64) -> Timestamp { Self.start.advanced(byMilliseconds: milliseconds) }

    /// Goal: a client of the original polls again after a tenth of a second, and a stop in between reaches it.
    @Test("a stop between two polls of one run is told to the second")
    func betweenPolls() {
        var runs = ProcessRuns(at: at(0))
        #expect(runs.beginPoll(1, of: nil, at: at(0)) == false)
        runs.endPoll(1, isBroken: false, at: at(30_000))
        #expect(runs.askToStop(at: at(30_050)) == .asked)
        #expect(runs.stopState(at: at(30_060)) == .asked)
        #expect(runs.beginPoll(2, of: nil, at: at(30_100)) == true)
        #expect(runs.stopState(at: at(30_100)) == .told)
        #expect(runs.beginPoll(3, of: nil, at: at(31_000)) == false)
    }

    /// Goal: a run without a number that has ended takes what was asked of it along.
    @Test("a poll that comes late, or after a broken one, is another run", arguments: [(false, 6000), (true, 100)])
    func otherRun(isBroken: Bool, pause: Int64) {
        var runs = ProcessRuns(at: at(0))
        #expect(runs.beginPoll(1, of: nil, at: at(0)) == false)
        runs.endPoll(1, isBroken: isBroken, at: at(10_000))
        let stop = runs.askToStop(at: at(10_050))
        #expect(stop == (isBroken ? .notListening : .asked))
        #expect(runs.beginPoll(2, of: nil, at: at(10_000 + pause)) == false)
        #expect(runs.stopState(at: at(10_000 + pause)) == nil)
    }

    /// Goal: a program that does not poll is not said to be stopping for ever.
    @Test("a stop that nobody hears is said to be unheard after a minute")
    func unheard() {
        var runs = ProcessRuns(at: at(0))
        for second in Int64(0)..<14 { runs.send(from: "one", uptimeSeconds: nil, at: at(second * 5000)) }
        #expect(runs.askToStop(at: at(65_000)) == .asked)
        for second in Int64(14)..<30 {
            runs.send(from: "one", uptimeSeconds: nil, at: at(second * 5000))
            let isOver = second * 5000 >= 65_000 + ProcessRuns.stopMilliseconds
            #expect(runs.stopState(at: at(second * 5000)) == (isOver ? .unheard : .asked))
        }
        // It polls at last, and goes on.
        #expect(runs.beginPoll(1, of: "one", at: at(150_000)) == false)
    }

    /// Goal: whoever only sends lines, or is of version 1, cannot be stopped, and that is said at once.
    @Test("nobody listens where nobody polls")
    func notListening() {
        var runs = ProcessRuns(at: at(0))
        runs.send(from: nil, uptimeSeconds: 3, at: at(0))
        #expect(runs.askToStop(at: at(1000)) == .notListening)
        #expect(runs.stopState(at: at(1000)) == nil)
        #expect(runs.askToStop(at: at(ProcessRuns.graceMilliseconds)) == .down)
    }

    /// Goal: all workers of one name are told, each once, also the one that is between two polls.
    @Test("every run of a name is told")
    func workers() {
        var runs = ProcessRuns(at: at(0))
        #expect(runs.beginPoll(1, of: "a", at: at(0)) == false)
        #expect(runs.beginPoll(2, of: "b", at: at(0)) == false)
        #expect(runs.beginPoll(3, of: "c", at: at(0)) == false)
        runs.endPoll(3, isBroken: false, at: at(900))
        #expect(runs.askToStop(at: at(1000)) == .told([1, 2]))
        #expect(runs.beginPoll(4, of: "d", at: at(1100)) == false)
        #expect(runs.beginPoll(5, of: "c", at: at(1200)) == true)
        #expect(runs.stopState(at: at(1300)) == .told)
    }

    /// Goal: an uptime that goes back is a restart; a second worker, rounding and a client that always says 0 are none.
    @Test("restarts are seen in uptimes")
    func restarts() {
        var runs = ProcessRuns(at: at(0))
        for push in Int64(1)...10 { runs.send(from: nil, uptimeSeconds: Double(100 + push * 5), at: at(push * 5000)) }
        #expect(runs.restarts.isEmpty)
        runs.send(from: nil, uptimeSeconds: 5.02, at: at(58_000))
        #expect(runs.restarts == [at(52_980)])
        runs.send(from: nil, uptimeSeconds: 10.02, at: at(63_000))
        #expect(runs.restarts.count == 1)

        var workers = ProcessRuns(at: at(0))
        for push in Int64(1)...10 {
            workers.send(from: nil, uptimeSeconds: Double(100 + push * 5), at: at(push * 5000))
            if push > 1 { workers.send(from: nil, uptimeSeconds: Double((push - 1) * 5), at: at(push * 5000 + 2000)) }
        }
        #expect(workers.restarts.isEmpty)

        var numbered = ProcessRuns(at: at(0))
        numbered.send(from: "one", uptimeSeconds: 100, at: at(5000))
        // What waited for an hour comes late, and is no restart; another client is one.
        numbered.send(from: "one", uptimeSeconds: 20, at: at(10_000))
        numbered.send(from: "two", uptimeSeconds: 5, at: at(20_000))
        #expect(numbered.restarts == [at(15_000)])

        var silent = ProcessRuns(at: at(0))
        for push in Int64(1)...5 { silent.send(from: nil, uptimeSeconds: 0, at: at(push * 5000)) }
        #expect(silent.restarts.isEmpty)
    }

    /// Goal: memory has a bound, whatever runs come.
    @Test("runs and restarts have a bound")
    func bound() {
        var runs = ProcessRuns(at: at(0))
        for number in Int64(0)..<1000 { runs.send(from: "c\(number)", uptimeSeconds: 0.01, at: at(number * 20)) }
        #expect(runs.restarts.count <= ProcessRuns.restartsMax)
        #expect(runs.askToStop(at: at(20_000)) == .asked)
    }
}
