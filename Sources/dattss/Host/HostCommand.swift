import ArgumentParser
import DattssClient
import DattssCore

/// `dattss host`: measures this machine every second and sends it like any other program.
struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host",
        abstract: "Send what this machine, and its programs, do: processors, memory, disks, network, connections.",
        discussion: """
            Looks at the kernel's files in /proc once a second and sends gauges and counters every five seconds, \
            until it is ended with Ctrl-C or SIGTERM. Nothing is lost while the server is restarted.

              dattss host --data-dir data                       # to the server of this folder
              dattss host --url http://10.0.0.5:3002 --auth KEY  # to another machine's

              dattss host --watch nginx --watch postgres       # also what these programs take

            The statistics are named after the machine: host.web1.cpu.user, host.web1.load.1m, \
            host.web1.memory.used, host.web1.disk.vda.read, host.web1.space.root, host.web1.net.eth0.rx, \
            host.web1.tcp.established, host.web1.files.open, host.web1.watch.nginx.cpu, … In a container of cgroup v2 \
            host.web1.container.memory and .cpu say what the container takes, and of how much.
            Without --auth the key is read from DATTSS_AUTH_KEY, or found in the data folder.
            """)

    @OptionGroup var server: EndpointOptions

    @Option(help: "Seconds between two looks, 0.1 to 60.")
    var interval = 1.0

    @Option(help: "What the names begin with. (default: host.<name of this machine>)")
    var prefix: String?

    @Option(help: "Also sample what the processes of a program take, by its name as 'ps -C' knows it; more than once for several.")
    var watch: [String] = []

    func validate() throws {
        guard watch.count <= 100, watch.allSatisfy({ 1...100 ~= $0.utf8.count }) else {
            throw ValidationError("--watch: expected at most 100 names of programs")
        }

        guard 0.1...60 ~= interval else { throw ValidationError("--interval is \(interval), expected 0.1 to 60 seconds") }
        if let prefix, prefix.utf8.count > 100 || !Name.isValidPath(prefix.utf8) {
            throw ValidationError("--prefix is '\(prefix)', expected 1 to 100 of A-Z a-z 0-9 _ . : ! -")
        }
    }

    func run() async throws {
        let endpoint = try server.endpoint(isPatient: true)
        let name = StatisticName.component(HostSource.hostName)
        var configuration = Dattss.Configuration(auth: endpoint.auth, url: endpoint.name, process: "host-\(name)")
        let refusal = KeyRefusal()
        configuration.log = { if refusal.failure == nil { StandardError.print("dattss: \($0)") } }
        let stats = Dattss(configuration, transport: EndpointTransport(endpoint, refusal: refusal), clock: SteadyClock())
        let sampling = Task { [interval, watch, prefix = prefix ?? "host.\(name)"] in
            await Self.sample(HostSampler(prefix: prefix, watching: watch), every: interval, into: stats)
        }
        stats.start()
        await Self.waitForEnd(refusal)
        sampling.cancel()
        await sampling.value
        await stats.stop()
        if let failure = refusal.failure { throw failure }
    }

    /// The end is a signal, or that the server refuses the key: what is measured then would never arrive.
    private static func waitForEnd(_ refusal: KeyRefusal) async {
        await withTaskGroup { group in
            group.addTask { _ = await EndSignals.wait() }
            group.addTask { _ = await refusal.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private static func sample(_ sampler: sending HostSampler, every interval: Double, into stats: Dattss) async {
        var sampler = sampler
        var due = ContinuousClock.now
        while !Task.isCancelled {
            for (path, sample) in sampler.sample() { stats.add(sample, to: path) }
            due = max(due, ContinuousClock.now - .seconds(interval)) + .seconds(interval)
            try? await Task.sleep(until: due, clock: .continuous)
        }
    }
}
