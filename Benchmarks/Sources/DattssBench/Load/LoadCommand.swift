public import ArgumentParser
public import DattssServer
import FoundationEssentials

/// `dattss-bench load`
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Sends a server all it can take, and checks that every sample was counted.",
        discussion: """
            Give it the data folder of a running server, from which it takes the address and the keys:

              dattss-bench load --data-dir data                                  # HTTP, as fast as it goes, ten seconds
              dattss-bench load --data-dir data --rate 20000 --partials 50       # 20,000 partials a second, in bodies of 50
              dattss-bench load --data-dir data --over udp --samples 20 --rate 500000
              dattss-bench load --data-dir data --users 100 --paths 50 --sketch 100
              dattss-bench load --data-dir data --play Fixtures/traffic/flood.json

            With a rate, latencies count from when a request was due, not from when it could be sent. At the end the server \
            is asked what it counted. What was sent, acknowledged, refused and lost has to add up to the last sample: \
            otherwise the difference is printed, and the exit code is 1.

            Values differ each time (--values, --seed), statistics come in another order each time, and there are hundreds of \
            different bodies (--variety), each with a number of its own.

            The load is that of the user 'local'; more users are made in the data folder, as load-2, load-3 …; their \
            statistics begin with load. and leave memory a day later.
            """)

    @OptionGroup var dataDirectory: DataDirectoryOption
    @Option(help: "The server's HTTP address (default: the one that runs on the data folder, or 127.0.0.1:3002).")
    var http: HostPort?
    @Option(help: "The server's UDP address (default: port 8125 of the same host).")
    var udp: HostPort?
    @Option(help: "The first user's key (default: that of 'local').")
    var key: String?
    @Option(help: "A file of keys, one a line, instead of users made in the data folder.")
    var keysFile: String?
    @Option(help: ArgumentHelp("A file that says what to send: see Fixtures/traffic/README.md.", valueName: "file"))
    var play: String?
    @Option(help: "http, udp or query.") var over: LoadStream.Transport?
    @Option(help: "Partials, samples or queries a second; max is as fast as it goes (default: max).")
    var rate: LoadStream.Rate?
    @Option(help: "For how many seconds (default: 10).") var seconds: Double?
    @Option(help: "Shares of counters, timers and gauges.") var mix: KindMix?
    @Option(help: "Distinct statistics of every user, to 1,000,000 (default: 1000).") var paths: Int?
    @Option(help: "Users, to 10,000 (default: 1).") var users: Int?
    @Option(help: "Partials in a body (default: 50).") var partials: Int?
    @Option(help: "Samples in a datagram (default: 20).") var samples: Int?
    @Option(help: "Samples in the sketch that every timer carries then: the mean.") var sketch: Int?
    @Option(
        help: """
            varied: log-normal timers, uniform counters and gauges, half of the timers and gauges with decimals; whole: without \
            decimals; same: always the same values in the same order, which flatters (default: varied).
            """)
    var values: LoadValues?
    @Option(help: "What values, orders and counts are drawn from (default: 1).") var seed: UInt64?
    @Option(help: "Different bodies or datagrams of every user (default: 400 bodies, 200,000 lines of datagrams, or more).")
    var variety: Int?
    @Flag(help: "Each time another wrong key: all of it has to be refused.") var wrongKeys = false
    @Option(help: "HTTP connections; each has one request under way (default: 8).") var connections: Int?
    @Option(help: "Threads that send (default: 1).") var threads: Int?
    @Option(help: "How datagrams are written: statsd, keyed or dattss (default: statsd; of several users dattss).")
    var lines: LoadStream.Lines?
    @Flag(help: "Nobody else sends to the server: more than was sent is an error as well.") var alone = false
    @Flag(help: "Ask nothing, check nothing: for receivers that are no DaTtSs server, as 'dattss-bench floor' is.") var blind =
        false
    @Flag(help: "Print the result as JSON.") var json = false
    @Flag(help: "Show no progress.") var quiet = false

    func validate() throws {
        let ofOneStream: [(String, Bool)] = [
            ("over", over != nil), ("rate", rate != nil), ("seconds", seconds != nil), ("mix", mix != nil),
            ("paths", paths != nil), ("users", users != nil), ("partials", partials != nil), ("samples", samples != nil),
            ("sketch", sketch != nil), ("connections", connections != nil), ("threads", threads != nil), ("lines", lines != nil),
            ("values", values != nil), ("seed", seed != nil), ("variety", variety != nil), ("wrong-keys", wrongKeys),
        ]
        if play != nil, let given = ofOneStream.first(where: \.1) {
            throw ValidationError("--play says all of it: leave out --\(given.0)")
        }
        if play == nil { try plan().check() }
    }

    func run() async throws {
        let directory = dataDirectory.resolved
        let plan = try plan()
        let http = try http ?? AddressFile(directory).hostPort ?? HostPort(host: "127.0.0.1", port: 3002)
        let keys =
            try blind
            ? Array(repeating: "nobody.00000000000000000000000000000000", count: plan.userCount)
            : LoadUsers.keys(plan.userCount, key: key, keysFile: keysFile, dataDirectory: directory, server: http)
        // Those of a folder: see LoadUsers.
        let isOfFolder = !blind && keysFile == nil && (key == nil || plan.userCount > 1)
        let udp =
            try isOfFolder && plan.tellsKeysInLines
            ? LoadUsers.datagrams(udp, to: http, key: keys[0]) : udp ?? HostPort(host: http.host, port: 8125)
        let run = LoadRun(
            plan: plan, http: http, udp: udp, keys: keys, isAlone: alone, isBlind: blind, progress: ProgressLines(isQuiet: quiet))
        let result = try await run.run()
        if json {
            print(try LoadJSON(result).text())
        } else {
            LoadReport(result).lines.forEach { print($0) }
        }
        if let account = result.account, !account.problems.isEmpty { throw ExitCode(1) }
    }

    func plan() throws -> LoadPlan {
        if let play { return try LoadPlan.read(play) }
        var stream = LoadStream()
        stream.transport = over ?? .http
        stream.rate = rate ?? stream.rate
        stream.mix = mix ?? stream.mix
        stream.paths = paths ?? stream.paths
        stream.users = users ?? stream.users
        stream.bundleSize = stream.transport == .udp ? samples ?? 20 : partials ?? stream.bundleSize
        stream.samplesPerPartial = sketch ?? stream.samplesPerPartial
        stream.hasSketches = sketch != nil
        stream.connections = connections ?? stream.connections
        stream.threads = threads ?? stream.threads
        stream.lines = lines ?? (stream.users > 1 || wrongKeys ? .dattss : .statsd)
        stream.values = values ?? stream.values
        stream.seed = seed ?? stream.seed
        stream.variety = variety
        stream.hasWrongKeys = wrongKeys
        return LoadPlan(phases: [.init(seconds: seconds ?? 10, streams: [stream])])
    }
}

extension AddressFile {
    /// The address without `http://`.
    var hostPort: HostPort? {
        get throws {
            guard let url = read() else { return nil }
            guard let address = HostPort(url.drop(while: { $0 != "/" }).drop(while: { $0 == "/" })) else {
                throw ValidationError("the data folder says that the server is at '\(url)', which is no address")
            }
            return address
        }
    }
}

extension HostPort: @retroactive ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
