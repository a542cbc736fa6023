/// What the container that we run in takes and may take: cgroup v2, see the kernel's Documentation/admin-guide/cgroup-v2.rst.
///
/// A container sees its own group as the root. (The root of a whole machine has no such files, and a service's own group is of no
/// interest to whoever measures the machine.)
struct Container: Hashable {
    /// Without what could be dropped at once, the inactive part of the page cache.
    var memoryBytes: Double
    /// nil: there is none.
    var memoryLimitBytes: Double?
    /// Processor time since the group began.
    var processorMicroseconds: UInt64?
    /// For how long it had to wait since its share was used up.
    var throttledMicroseconds: UInt64?
    /// Percent of one processor; nil: as much as there is.
    var processorLimitPercent: Double?
    var processes: Double?

    private static let folder = "/sys/fs/cgroup"

    /// - Returns: nil outside of a container, or in one of cgroup v1.
    init?(_ source: HostSource) {
        guard source.text("/proc/self/cgroup").map(Self.isRoot) == true,
            let current = source.text("\(Self.folder)/memory.current").flatMap(Self.number)
        else { return nil }
        let inactive = source.text("\(Self.folder)/memory.stat").flatMap { Self.field("inactive_file", in: $0) } ?? 0
        memoryBytes = max(0, current - Double(inactive))
        memoryLimitBytes = source.text("\(Self.folder)/memory.max").flatMap(Self.number)
        let processor = source.text("\(Self.folder)/cpu.stat")
        processorMicroseconds = processor.flatMap { Self.field("usage_usec", in: $0) }
        throttledMicroseconds = processor.flatMap { Self.field("throttled_usec", in: $0) }
        processorLimitPercent = source.text("\(Self.folder)/cpu.max").flatMap(Self.percent)
        processes = source.text("\(Self.folder)/pids.current").flatMap(Self.number)
    }

    /// `0::/` is the line of cgroup v2.
    static func isRoot(cgroup text: String) -> Bool { ProcText.lines(text).contains("0::/") }

    /// `max` is no number.
    static func number(_ text: String) -> Double? { ProcText.words(text[...].prefix { $0 != "\n" }).first.flatMap { Double($0) } }

    static func field(_ name: String, in text: String) -> UInt64? {
        ProcText.lines(text).lazy.map(ProcText.words).first { $0.first.map { $0 == name } ?? false && $0.count == 2 }
            .flatMap { UInt64($0[1]) }
    }

    /// `cpu.max`: a quota and its period in microseconds.
    static func percent(cpuMax text: String) -> Double? {
        let numbers = ProcText.words(text[...].prefix { $0 != "\n" }).compactMap { Double($0) }
        guard numbers.count == 2, numbers[1] > 0 else { return nil }
        return 100 * numbers[0] / numbers[1]
    }
}
