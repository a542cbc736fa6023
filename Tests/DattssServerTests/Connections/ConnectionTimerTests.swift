import NIOCore
import NIOEmbedded
import Testing

@testable import DattssServer

/// Goal: a deadline is met when its time has come, and never before, however often it was set again.
@Suite("The timer of a connection")
struct ConnectionTimerTests {
    private final class Calls {
        var times: [Int64] = []
    }

    private let loop = EmbeddedEventLoop()
    private let calls = Calls()

    private func timer(intervalSeconds: Int64 = 10) -> ConnectionTimer {
        ConnectionTimer(loop, interval: .seconds(intervalSeconds)) { [calls, loop] in
            calls.times.append((loop.now - .uptimeNanoseconds(0)).nanoseconds / 1_000_000_000)
        }
    }

    private func advance(_ seconds: Int) { for _ in 0..<seconds { loop.advanceTime(by: .seconds(1)) } }

    @Test("is told once, at the deadline that was set last", arguments: [10, 25, 40, 41] as [Int64])
    func last(seconds: Int64) {
        let timer = timer()
        timer.set(in: .seconds(10))
        advance(9)
        timer.set(in: .seconds(seconds))
        #expect(timer.isSet)
        advance(200)
        #expect(calls.times == [9 + seconds] && !timer.isSet)
    }

    @Test("a nearer deadline in place of a distant one is met")
    func nearer() {
        let timer = timer()
        timer.set(in: .seconds(120))
        advance(33)
        timer.set(in: .seconds(10))
        advance(100)
        #expect(calls.times == [43])
    }

    @Test("nothing is told of a deadline that was cleared, and the next one is met")
    func cleared() {
        let timer = timer()
        timer.set(in: .seconds(10))
        timer.clear()
        advance(50)
        #expect(calls.times.isEmpty)
        timer.set(in: .seconds(10))
        advance(50)
        #expect(calls.times == [60])
    }

    @Test("whoever is told may set the next deadline")
    func again() {
        final class Holder { var timer: ConnectionTimer? }
        let holder = Holder()
        holder.timer = ConnectionTimer(loop, interval: .seconds(10)) { [calls] in
            calls.times.append(0)
            if calls.times.count < 3 { holder.timer?.set(in: .seconds(10)) }
        }
        holder.timer?.set(in: .seconds(10))
        advance(29)
        #expect(calls.times.count == 2)
        advance(100)
        #expect(calls.times.count == 3)
        holder.timer = nil
    }

    @Test("a stopped timer is silent for good, and keeps nobody alive")
    func stopped() {
        weak var held: Calls?
        let timer: ConnectionTimer
        do {
            let owner = Calls()
            held = owner
            timer = ConnectionTimer(loop, interval: .seconds(10)) { owner.times.append(0) }
        }
        timer.set(in: .seconds(10))
        #expect(held != nil)
        timer.stop()
        #expect(held == nil)
        timer.set(in: .seconds(10))
        advance(50)
        #expect(calls.times.isEmpty)
    }
}
