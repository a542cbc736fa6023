/// The first line of `/proc/stat`: what all processors together spent their time on since the start, in ticks.
/// See proc_stat(5). The time of guests is part of `user` there and is not counted again.
struct ProcessorTimes: Hashable {
    var user: UInt64 = 0
    var system: UInt64 = 0
    var idle: UInt64 = 0
    var iowait: UInt64 = 0
    /// What the hypervisor gave to others.
    var steal: UInt64 = 0

    init(user: UInt64, system: UInt64, idle: UInt64, iowait: UInt64, steal: UInt64) {
        (self.user, self.system, self.idle, self.iowait, self.steal) = (user, system, idle, iowait, steal)
    }

    /// - Returns: nil when the line is not there or has less than the four numbers that every kernel writes.
    init?(stat text: String) {
        guard let line = ProcText.lines(text).first(where: { $0.hasPrefix("cpu ") }) else { return nil }
        // user nice system idle iowait irq softirq steal guest guest_nice
        let ticks = ProcText.words(line).dropFirst().prefix(8).map { UInt64($0) ?? 0 }
        guard ticks.count >= 4 else { return nil }
        func tick(_ index: Int) -> UInt64 { index < ticks.count ? ticks[index] : 0 }
        user = ticks[0] &+ ticks[1]
        system = ticks[2] &+ tick(5) &+ tick(6)
        idle = ticks[3]
        iowait = tick(4)
        steal = tick(7)
    }

    /// The shares of the time since `earlier`, in percent; nil when none has passed. They add up to 100.
    func percentages(since earlier: ProcessorTimes) -> [(name: String, percent: Double)]? {
        // iowait may run backwards (proc_stat(5)); that counts as none.
        let spent = [
            ("user", user.increase(since: earlier.user)), ("system", system.increase(since: earlier.system)),
            ("iowait", iowait.increase(since: earlier.iowait)), ("idle", idle.increase(since: earlier.idle)),
            ("steal", steal.increase(since: earlier.steal)),
        ]
        let total = spent.reduce(0) { $0 + $1.1 }
        guard total > 0 else { return nil }
        return spent.map { ($0.0, 100 * $0.1 / total) }
    }
}

/// How many processes run or wait for a processor, and how many wait for a disk: `procs_running` and `procs_blocked` of `/proc/stat`.
enum RunningProcesses {
    static func count(stat text: String) -> Int? { number("procs_running", text) }

    static func blocked(stat text: String) -> Int? { number("procs_blocked", text) }

    private static func number(_ name: String, _ text: String) -> Int? {
        ProcText.lines(text).first { $0.hasPrefix(name + " ") }
            .flatMap { ProcText.words($0).last }.flatMap { Int($0) }
    }
}
