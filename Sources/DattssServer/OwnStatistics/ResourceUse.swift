import FoundationEssentials
import LibC

/// What the process has used of the machine.
struct ResourceUse: Sendable {
    /// Processor time on all cores since the start of the process.
    var processorSeconds: Double
    /// 0 where the kernel does not tell.
    var residentBytes: Double

    /// How much of the disk under a path is free to us, in percent; nil where that cannot be told.
    static func freePercent(ofDiskAt path: String) -> Double? {
        var disk = statvfs()
        guard statvfs(path, &disk) == 0, disk.f_blocks > 0 else { return nil }
        return Double(disk.f_bavail) * 100 / Double(disk.f_blocks)
    }

    static func current() -> ResourceUse {
        // Pages: https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)).flatMap { text in
            text.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        }
        return ResourceUse(
            // In millionths of a second on every POSIX system.
            processorSeconds: Double(clock()) / 1e6,
            residentBytes: (pages ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))))
    }
}
