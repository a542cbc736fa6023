import DattssCore
import DattssTestSupport
import Testing

@testable import DattssServer

@Suite("ProcessRegistry")
struct ProcessRegistryTests {
    private let clock = ManualClock(Timestamp(seconds: 1_795_330_000))
    private let ann = UserID("ann")!
    private let bob = UserID("bob")!

    /// Goal: up while it sends, down when it has been silent, up again since it came back.
    @Test("says since when a process is up or down")
    func upAndDown() {
        let registry = ProcessRegistry(clock: clock)
        let start = clock.now()
        registry.note("api", of: ann, uptimeSeconds: 5)
        clock.advance(byMilliseconds: 10_000)
        registry.note("api", of: ann)
        #expect(registry.processes(of: ann).map(\.isUp) == [true])
        #expect(registry.processes(of: ann).first?.since == start)
        #expect(registry.processes(of: bob).isEmpty)
        clock.advance(byMilliseconds: ProcessRegistry.graceMilliseconds)
        let down = registry.processes(of: ann).first
        #expect(down?.isUp == false && down?.since == clock.now() && down?.uptimeSeconds == 5)
        clock.advance(byMilliseconds: 1000)
        registry.note("api", of: ann)
        #expect(registry.processes(of: ann).first?.since == clock.now())
    }

    /// Goal: nobody is offered to stop a program that will never hear of it.
    @Test("only a program that polls can be asked to stop, for as long as it may poll again")
    func polls() async {
        let registry = ProcessRegistry(clock: clock)
        registry.note("cron", of: ann)
        #expect(registry.processes(of: ann).map(\.isPolling) == [false])
        let deadline = clock.now().advanced(byMilliseconds: 30_000)
        async let poll = registry.poll("cron", of: ann, until: deadline)
        while registry.processes(of: ann).first?.isPolling != true { await Task.yield() }
        clock.advance(byMilliseconds: 30_000)
        #expect(await poll == false)
        // Between two polls.
        #expect(registry.processes(of: ann).map(\.isPolling) == [true])
        clock.advance(byMilliseconds: ProcessRegistry.graceMilliseconds - 1)
        registry.note("cron", of: ann)
        #expect(registry.processes(of: ann).map(\.isPolling) == [true])
        clock.advance(byMilliseconds: 1)
        #expect(registry.processes(of: ann).map(\.isPolling) == [false])
    }

    /// Goal: an hour at another date keeps nobody up for months.
    @Test("a process that was seen by a clock that was ahead is down")
    func clockAhead() {
        let registry = ProcessRegistry(clock: clock)
        let now = clock.now()
        clock.advance(byMilliseconds: 90 * 86_400_000)
        registry.note("api", of: ann)
        clock.set(now)
        #expect(registry.processes(of: ann).map(\.isUp) == [false])
        registry.note("api", of: ann)
        #expect(registry.processes(of: ann).map(\.isUp) == [true])
    }

    /// Goal: a stop reaches the poll that waits, or else the next one, exactly once.
    @Test("delivers a stop once")
    func stop() async {
        let registry = ProcessRegistry(clock: clock)
        #expect(registry.stop("api", of: ann) == false)
        let deadline = clock.now().advanced(byMilliseconds: 30_000)
        async let poll = registry.poll("api", of: ann, until: deadline)
        while !registry.stop("api", of: ann) { await Task.yield() }
        #expect(await poll)
        #expect(registry.processes(of: ann).first?.isStopping == false)

        #expect(registry.stop("api", of: ann))
        #expect(registry.processes(of: ann).first?.isStopping == true)
        #expect(registry.stop("api", of: bob) == false)
        #expect(await registry.poll("api", of: ann, until: deadline))
        #expect(registry.processes(of: ann).first?.isStopping == false)
    }

    /// Goal: a stop is for the run that was asked, and a table that is full forgets who is down longest.
    @Test("forgets what is over")
    func forgets() async {
        let registry = ProcessRegistry(clock: clock)
        registry.note("api", of: ann)
        #expect(registry.stop("api", of: ann))
        clock.advance(byMilliseconds: ProcessRegistry.graceMilliseconds)
        #expect(registry.stop("api", of: ann) == false)
        #expect(registry.processes(of: ann).first?.isStopping == false)
        registry.note("api", of: ann)
        #expect(registry.processes(of: ann).first?.isStopping == false)

        for number in 0..<ProcessRegistry.processesPerUserMax {
            clock.advance(byMilliseconds: 1)
            registry.note("p\(number)", of: ann)
        }
        let names = Set(registry.processes(of: ann).map(\.name))
        #expect(names.count == ProcessRegistry.processesPerUserMax)
        #expect(!names.contains("api") && names.contains("p0"))
    }

    /// Goal: a poll ends at its deadline, unasked; one that waits keeps the process up.
    @Test("ends a poll at its deadline")
    func deadline() async {
        let registry = ProcessRegistry(clock: clock)
        let deadline = clock.now().advanced(byMilliseconds: 30_000)
        async let poll = registry.poll("api", of: ann, until: deadline)
        while registry.processes(of: ann).isEmpty { await Task.yield() }
        clock.advance(byMilliseconds: 29_999)
        #expect(registry.processes(of: ann).first?.isUp == true)
        clock.advance(byMilliseconds: 1)
        #expect(await poll == false)
        let cancelled = Task { await registry.poll("api", of: ann, until: .init(milliseconds: .max)) }
        cancelled.cancel()
        #expect(await cancelled.value == false)
    }
}
