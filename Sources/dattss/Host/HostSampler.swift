import DattssCore

/// What this machine does, as samples: a look at the kernel's files, and what has changed since the last look.
///
///     PREFIX.cpu.{user,system,iowait,idle,steal}           gauge, percent of the time since the last look
///     PREFIX.load.{1m,5m,15m}                              gauge
///     PREFIX.memory.{used,available,cached,swap_used}      gauge, bytes
///     PREFIX.disk.<device>.{read,write}                    counter, bytes
///     PREFIX.disk.<device>.{read_ops,write_ops}            counter
///     PREFIX.space.<mount point>                           gauge, percent used
///     PREFIX.net.<interface>.{rx,tx}                       counter, bytes
///     PREFIX.net.<interface>.{rx,tx}_{packets,errors}      counter
///     PREFIX.processes.{running,blocked,total}             gauge
///     PREFIX.uptime                                        gauge, seconds
///     PREFIX.files.open                                    gauge
///     PREFIX.tcp.{established,syn_received,listen,…}       gauge, connections by state
///     PREFIX.temperature.<thermometer>                     gauge, degrees Celsius
///     PREFIX.watch.<program>.{cpu,memory,files,processes}  gauge; cpu in percent of one processor, memory in bytes
///     PREFIX.container.{cpu,cpu_limit}                     gauge, percent of one processor
///     PREFIX.container.{memory,memory_limit}               gauge, bytes
///     PREFIX.container.{throttled,processes}               gauge, percent of the time, and a number
///
/// The first look has nothing to compare with: it gives the gauges that need no earlier one, and no counters. A file
/// that is missing or unreadable leaves its statistics out.
struct HostSampler {
    typealias Sample = (path: String, sample: SampleValue)

    private let prefix: String
    private let source: HostSource
    private var processor: ProcessorTimes?
    private var disks: [String: DiskTraffic] = [:]
    private var interfaces: [String: NetworkTraffic] = [:]
    private var watched: WatchedProcesses
    private var container: (uptimeSeconds: Double, container: Container)?

    /// - Parameters:
    ///   - prefix: a valid path.
    ///   - watching: names of programs.
    init(prefix: String, watching: [String] = [], source: HostSource = .thisMachine) {
        watched = WatchedProcesses(watching)
        self.prefix = prefix
        self.source = source
    }

    mutating func sample() -> [Sample] {
        var samples: [Sample] = []
        addProcessor(to: &samples)
        addLoad(to: &samples)
        addMemory(to: &samples)
        addDisks(to: &samples)
        addSpace(to: &samples)
        addNetwork(to: &samples)
        addFilesAndConnections(to: &samples)
        for (name, degrees) in Temperatures.read(source).sorted(by: { $0.key < $1.key }) {
            gauge("temperature.\(StatisticName.component(name))", degrees, &samples)
        }
        addWatched(to: &samples)
        addContainer(to: &samples)
        return samples
    }

    private mutating func addProcessor(to samples: inout [Sample]) {
        guard let text = source.text("/proc/stat") else { return }
        if let now = ProcessorTimes(stat: text) {
            for (name, percent) in processor.flatMap(now.percentages) ?? [] { gauge("cpu.\(name)", percent, &samples) }
            processor = now
        }
        if let running = RunningProcesses.count(stat: text) { gauge("processes.running", Double(running), &samples) }
        if let blocked = RunningProcesses.blocked(stat: text) { gauge("processes.blocked", Double(blocked), &samples) }
        if let total = source.processCount() { gauge("processes.total", Double(total), &samples) }
    }

    private func addLoad(to samples: inout [Sample]) {
        if let load = source.text("/proc/loadavg").flatMap(LoadAverage.init(loadavg:)) {
            gauge("load.1m", load.oneMinute, &samples)
            gauge("load.5m", load.fiveMinutes, &samples)
            gauge("load.15m", load.fifteenMinutes, &samples)
        }
        if let seconds = source.text("/proc/uptime").flatMap(Uptime.seconds) { gauge("uptime", seconds, &samples) }
    }

    private func addMemory(to samples: inout [Sample]) {
        guard let memory = source.text("/proc/meminfo").flatMap(MemoryUse.init(meminfo:)) else { return }
        gauge("memory.used", Double(memory.used), &samples)
        gauge("memory.available", Double(memory.available), &samples)
        gauge("memory.cached", Double(memory.cached), &samples)
        gauge("memory.swap_used", Double(memory.swapUsed), &samples)
    }

    private mutating func addDisks(to samples: inout [Sample]) {
        guard let text = source.text("/proc/diskstats") else { return }
        let now = DiskTraffic.disks(diskstats: text)
        for (name, disk) in now.sorted(by: { $0.key < $1.key }) {
            guard let earlier = disks[name] else { continue }
            let path = "disk.\(StatisticName.component(name))"
            count("\(path).read", disk.readBytes, earlier.readBytes, &samples)
            count("\(path).write", disk.writeBytes, earlier.writeBytes, &samples)
            count("\(path).read_ops", disk.readOperations, earlier.readOperations, &samples)
            count("\(path).write_ops", disk.writeOperations, earlier.writeOperations, &samples)
        }
        disks = now
    }

    private func addSpace(to samples: inout [Sample]) {
        for mountPoint in source.text("/proc/mounts").map(MountPoints.real) ?? [] {
            guard let percent = source.usedPercent(mountPoint) else { continue }
            gauge("space.\(StatisticName.mountPoint(mountPoint))", percent, &samples)
        }
    }

    private mutating func addNetwork(to samples: inout [Sample]) {
        guard let text = source.text("/proc/net/dev") else { return }
        let now = NetworkTraffic.interfaces(dev: text)
        for (name, interface) in now.sorted(by: { $0.key < $1.key }) {
            guard let earlier = interfaces[name] else { continue }
            let path = "net.\(StatisticName.component(name))"
            count("\(path).rx", interface.receivedBytes, earlier.receivedBytes, &samples)
            count("\(path).tx", interface.sentBytes, earlier.sentBytes, &samples)
            count("\(path).rx_packets", interface.receivedPackets, earlier.receivedPackets, &samples)
            count("\(path).tx_packets", interface.sentPackets, earlier.sentPackets, &samples)
            count("\(path).rx_errors", interface.receiveErrors, earlier.receiveErrors, &samples)
            count("\(path).tx_errors", interface.sendErrors, earlier.sendErrors, &samples)
        }
        interfaces = now
    }

    private func addFilesAndConnections(to samples: inout [Sample]) {
        if let open = source.text("/proc/sys/fs/file-nr").flatMap(OpenFiles.count) { gauge("files.open", Double(open), &samples) }
        let texts = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap(source.text)
        // Beyond so many it would be a part of them, and dear to read every second.
        guard !texts.isEmpty, texts.allSatisfy({ $0.utf8.count < KernelFile.bytesMax }) else { return }
        for (state, count) in TCPConnections.counts(texts).sorted(by: { $0.key < $1.key }) {
            gauge("tcp.\(state)", Double(count), &samples)
        }
    }

    private mutating func addWatched(to samples: inout [Sample]) {
        for (name, use) in watched.look(source) {
            let path = "watch.\(StatisticName.component(name))"
            gauge("\(path).processes", Double(use.processes), &samples)
            if let percent = use.processorPercent { gauge("\(path).cpu", percent, &samples) }
            // Nothing else is known of a program that is not there.
            guard use.processes > 0 else { continue }
            gauge("\(path).memory", use.memoryBytes, &samples)
            if let files = use.openFiles { gauge("\(path).files", Double(files), &samples) }
        }
    }

    private mutating func addContainer(to samples: inout [Sample]) {
        guard let now = Container(source), let uptime = source.text("/proc/uptime").flatMap(Uptime.seconds) else { return }
        gauge("container.memory", now.memoryBytes, &samples)
        if let limit = now.memoryLimitBytes { gauge("container.memory_limit", limit, &samples) }
        if let limit = now.processorLimitPercent { gauge("container.cpu_limit", limit, &samples) }
        if let processes = now.processes { gauge("container.processes", processes, &samples) }
        if let (earlierUptime, earlier) = container, uptime > earlierUptime {
            let microseconds = (uptime - earlierUptime) * 1e6
            if let used = now.processorMicroseconds, let before = earlier.processorMicroseconds {
                gauge("container.cpu", 100 * used.increase(since: before) / microseconds, &samples)
            }
            if let throttled = now.throttledMicroseconds, let before = earlier.throttledMicroseconds {
                gauge("container.throttled", 100 * throttled.increase(since: before) / microseconds, &samples)
            }
        }
        container = (uptime, now)
    }

    private func gauge(_ name: String, _ value: Double, _ samples: inout [Sample]) {
        samples.append(("\(prefix).\(name)", SampleValue(value: value, kind: .gauge)))
    }

    private func count(_ name: String, _ now: UInt64, _ earlier: UInt64, _ samples: inout [Sample]) {
        samples.append(("\(prefix).\(name)", SampleValue(value: now.increase(since: earlier), kind: .counter)))
    }
}
