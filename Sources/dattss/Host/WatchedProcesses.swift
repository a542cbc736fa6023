/// What the processes of given programs take, all of one name together.
struct WatchedProcesses {
    /// The names of programs, as `ps -C` takes them.
    let names: [String]
    private var earlier: (uptimeSeconds: Double, ticks: [ID: UInt64])?

    /// A number is given to another process at some time, which began later.
    private struct ID: Hashable {
        var process: String
        var start: UInt64
    }

    /// What one program takes at a moment.
    struct Use: Hashable {
        var processes = 0
        /// Percent of one processor since the last look; nil at the first.
        var processorPercent: Double?
        var memoryBytes: Double = 0
        /// nil where none of its processes lets us look.
        var openFiles: Int?
    }

    init(_ names: [String]) { self.names = names }

    /// By name, those included of which there is no process.
    mutating func look(_ source: HostSource) -> [(name: String, use: Use)] {
        guard !names.isEmpty, let uptime = source.text("/proc/uptime").flatMap(Uptime.seconds),
            let numbers = source.names("/proc")?.filter({ $0.allSatisfy(\.isNumber) })
        else { return [] }
        var uses = Dictionary(names.map { ($0, Use()) }) { use, _ in use }
        var ticks: [ID: UInt64] = [:]
        for number in numbers {
            guard let stat = source.text("/proc/\(number)/stat").flatMap(ProcessStat.init(stat:)),
                let name = names.first(where: { $0.utf8.prefix(ProcessStat.nameBytesMax).elementsEqual(stat.name.utf8) })
            else { continue }
            let id = ID(process: number, start: stat.start)
            ticks[id] = stat.ticks
            var use = uses[name] ?? Use()
            use.processes += 1
            use.memoryBytes += Double(stat.residentPages) * source.pageBytes
            if let files = source.names("/proc/\(number)/fd") {
                use.openFiles = (use.openFiles ?? 0) + files.count { $0 != "." && $0 != ".." }
            }
            if let earlier, uptime > earlier.uptimeSeconds {
                let spent = spentTicks(id, stat, since: earlier, source)
                let percent = 100 * spent / source.ticksPerSecond / (uptime - earlier.uptimeSeconds)
                use.processorPercent = (use.processorPercent ?? 0) + percent
            }
            uses[name] = use
        }
        earlier = (uptime, ticks)
        return names.map { ($0, uses[$0] ?? Use()) }
    }

    private func spentTicks(
        _ id: ID, _ stat: ProcessStat, since earlier: (uptimeSeconds: Double, ticks: [ID: UInt64]), _ source: HostSource
    ) -> Double {
        if let before = earlier.ticks[id] { return stat.ticks.increase(since: before) }
        // One that has begun since; another name may also have been given to one that runs for long.
        return Double(stat.start) >= earlier.uptimeSeconds * source.ticksPerSecond ? Double(stat.ticks) : 0
    }
}
