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
        #expect(registry.stop("api", of: ann) == .down)
        let deadline = clock.now().advanced(byMilliseconds: 30_000)
        async let poll = registry.poll("api", of: ann, client: "one", until: deadline)
        while registry.stop("api", of: ann) == .down { await Task.yield() }
        #expect(await poll)
        #expect(registry.processes(of: ann).first?.isStopping == false)
        #expect(registry.processes(of: ann).first?.stop == .told)

        // Another run, which sends and is between two polls.
        registry.note("api", of: ann, client: "two")
        #expect(registry.processes(of: ann).first?.stop == nil)
        #expect(registry.stop("api", of: ann) == .asked)
        #expect(registry.processes(of: ann).first?.isStopping == true)
        #expect(registry.stop("api", of: bob) == .down)
        #expect(await registry.poll("api", of: ann, client: "two", until: deadline))
        #expect(registry.processes(of: ann).first?.isStopping == false)
    }

    /// Goal: what was asked before a program ended kills no run that comes after, whether or not its client draws a number.
    @Test("a second stop after the first was told is not kept for the next run", arguments: [false, true])
    func nextRun(hasClient: Bool) async {
        let registry = ProcessRegistry(clock: clock)
        let deadline = clock.now().advanced(byMilliseconds: 30_000)
        async let poll = registry.poll("api", of: ann, client: hasClient ? "one" : nil, until: deadline)
        while registry.stop("api", of: ann) == .down { await Task.yield() }
        #expect(await poll)
        #expect(registry.stop("api", of: ann) == .repeated)
        clock.advance(byMilliseconds: 1000)
        async let next = registry.poll("api", of: ann, client: hasClient ? "two" : nil, until: deadline)
        // It waits, so it was not told; then it is asked itself.
        while registry.processes(of: ann).first?.stop != nil { await Task.yield() }
        while registry.stop("api", of: ann) == .repeated { await Task.yield() }
        #expect(await next)
    }

    /// Goal: a stop is for the run that was asked, and a table that is full forgets who is down longest.
    @Test("forgets what is over")
    func forgets() async {
        let registry = ProcessRegistry(clock: clock)
        registry.note("api", of: ann, client: "one")
        #expect(registry.stop("api", of: ann) == .asked)
        clock.advance(byMilliseconds: ProcessRegistry.graceMilliseconds)
        #expect(registry.stop("api", of: ann) == .down)
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

    /// Goal: a job that has ended is not shown to be down for ever, and a program that is gone can be taken out of view.
    @Test("forgets a process after a day, or when it is told to")
    func removal() {
        let registry = ProcessRegistry(clock: clock)
        registry.note("job", of: ann)
        registry.note("gone", of: ann)
        #expect(registry.remove("gone", of: ann) == .isUp)
        #expect(registry.remove("gone", of: bob) == .unknown)
        clock.advance(byMilliseconds: ProcessRegistry.graceMilliseconds)
        #expect(registry.remove("gone", of: ann) == .removed)
        #expect(registry.processes(of: ann).map(\.name) == ["job"])
        clock.advance(byMilliseconds: ProcessRegistry.forgetMilliseconds - ProcessRegistry.graceMilliseconds - 1)
        #expect(registry.processes(of: ann).map(\.isUp) == [false])
        clock.advance(byMilliseconds: 1)
        #expect(registry.processes(of: ann).isEmpty)
        registry.note("job", of: ann)
        #expect(registry.processes(of: ann).map(\.isUp) == [true])
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
