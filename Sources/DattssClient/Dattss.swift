public import DattssCore
import Synchronization

/// Counts, times and gauges what a program does, and sends it to a DaTtSs server every five seconds.
///
///     let stats = Dattss(auth: "KEY", process: "api")
///     stats.start()
///     stats.count("hits")
///     let rows = try await stats.measure("query") { try await database.query() }
///
/// One is enough for a program; share it, it may be called from anywhere. Recording takes a lock for some hundred
/// nanoseconds, never touches the network and never throws: what cannot be recorded is dropped and counted in
/// ``drops``.
///
/// The samples of one period become one aggregate a statistic, and those a batch. A batch waits in a bounded buffer
/// until the server has acknowledged it: over a server's restart or a lost answer nothing is lost and nothing is
/// counted twice. Without ``start()`` nothing is sent but by ``flush()`` and ``stop(within:)``; after it, what is left is
/// sent when the program ends, or lets go of this.
public final class Dattss: Sendable {
    /// What it was made with.
    public let configuration: Configuration
    let recorder: Recorder
    let pusher: Pusher
    private let transport: any Transport
    private let clock: any WallClock
    /// The `cid` of its batches, and of its polls.
    private let client: String
    private let life = Mutex(Life())

    private struct Life {
        var tasks: [Task<Void, Never>] = []
        var isStarted = false
    }

    /// - Parameters:
    ///   - auth: the user's key, as `dattss user` prints it.
    ///   - process: the name under which the server lists this program.
    public convenience init(auth: String, process: String? = nil) {
        self.init(Configuration(auth: auth, process: process))
    }

    /// A client that sends over HTTP, and does nothing before it is used.
    public convenience init(_ configuration: Configuration) {
        self.init(
            configuration, transport: HTTPTransport(url: configuration.url, auth: configuration.auth),
            clock: SteadyClock())
    }

    /// A client that sends over another transport or lives by another clock: for tests.
    public init(_ configuration: Configuration, transport: any Transport, clock: any WallClock, seed: UInt64? = nil) {
        var random = SplitMix64(seed: seed ?? .random(in: 0...UInt64.max))
        self.configuration = configuration
        self.transport = transport
        self.clock = clock
        client = seed == nil ? Self.randomClient() : Self.hexadecimal(random.next(), random.next())
        recorder = Recorder(fraction: configuration.percentile)
        pusher = Pusher(
            recorder: recorder, transport: transport, clock: clock, configuration: configuration,
            client: client, seed: random.next())
    }

    deinit {
        let tasks = life.withLock { $0.tasks }
        tasks.forEach { $0.cancel() }
        let limit = tasks.isEmpty ? nil : configuration.exitTimeoutMilliseconds
        Task { [pusher] in
            guard let limit else { return await pusher.cancel() }
            _ = await pusher.stop(withinMilliseconds: limit)
            ProgramEnd.forget(pusher)
        }
    }

    /// Begins to send every push period. Another call does nothing, and neither does one after ``stop(within:)``.
    public func start() {
        life.withLock { life in
            guard !life.isStarted else { return }
            life.isStarted = true
            ProgramEnd.watch(pusher, limitMilliseconds: configuration.exitTimeoutMilliseconds)
            let (pusher, clock, period) = (pusher, clock, configuration.pushPeriodMilliseconds)
            life.tasks.append(
                Task {
                    var due = clock.now().advanced(byMilliseconds: period)
                    while (try? await clock.sleep(until: due)) != nil {
                        await pusher.collect()
                        // A suspended machine does not owe the periods it slept through.
                        due = max(due, clock.now()).advanced(byMilliseconds: period)
                    }
                })
            guard configuration.canBeStopped, configuration.process != nil else { return }
            let poller = StopPoller(configuration: configuration, client: client, transport: transport, clock: clock)
            let (onStopRequest, endProgram) = (configuration.onStopRequest, configuration.endProgram)
            life.tasks.append(
                Task {
                    guard await poller.waitForStopRequest() else { return }
                    if let onStopRequest { return await onStopRequest() }
                    _ = await pusher.flush()
                    endProgram()
                })
        }
    }

    /// Sends what was recorded up to now.
    /// - Returns: whether the server has acknowledged all of it; if not, it is kept and tried again, and
    ///   ``lastProblem`` says why.
    @discardableResult
    public func flush() async -> Bool {
        await pusher.flush()
    }

    /// Sends what was recorded up to now, tries for at most `seconds`, and ends sending.
    ///
    /// What the server has not acknowledged by then is dropped and counted. It may be called more than once;
    /// what is recorded after it stays where it is.
    /// - Returns: whether the server has acknowledged everything.
    @discardableResult
    public func stop(within seconds: Double = 5) async -> Bool {
        let tasks = life.withLock { life in
            life.isStarted = true
            return life.tasks.take()
        }
        tasks.forEach { $0.cancel() }
        defer { ProgramEnd.forget(pusher) }
        return await pusher.stop(withinMilliseconds: Int64((seconds.clamped(0, 86_400) * 1000).rounded()))
    }

    /// How many samples were dropped so far, and why.
    public var drops: Drops { recorder.drops }

    /// What went wrong when something was last sent; nil while all goes well.
    public var lastProblem: String? {
        get async { await pusher.lastProblem }
    }

    /// 16 random bytes in hexadecimal digits.
    static func randomClient() -> String {
        hexadecimal(.random(in: 0...UInt64.max), .random(in: 0...UInt64.max))
    }

    private static func hexadecimal(_ words: UInt64...) -> String {
        words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

extension Array {
    /// Moves the elements out.
    mutating func take() -> [Element] {
        defer { self = [] }
        return self
    }
}
