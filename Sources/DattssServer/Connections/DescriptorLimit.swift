import DattssLog
import LibC

/// How many files and connections this process may have open (`RLIMIT_NOFILE`, see getrlimit(2)).
public enum DescriptorLimit {
    /// Descriptors that no connection gets: they are for the log, the accounts and the event loops.
    static func reserve(of descriptors: Int) -> Int { 96 + History.openFilesMax(of: descriptors) }
    /// More are of no use, and some systems allow a thousand million.
    private static let useful = 1 << 20

    /// Raises the limit to what the system allows without asking anybody, which is often much more than it begins with.
    /// - Returns: how many there may be.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 256 }
        let wanted = min(limit.rlim_max, rlim_t(useful))
        if limit.rlim_cur < wanted {
            var raised = rlimit(rlim_cur: wanted, rlim_max: limit.rlim_max)
            if setrlimit(resource, &raised) == 0 { limit.rlim_cur = wanted }
        }
        return Int(min(limit.rlim_cur, rlim_t(useful)))
    }

    /// Makes the kernel's table of this process's descriptors large enough for so many.
    ///
    /// It doubles the table whenever it is full, and in a process of several threads whoever opens the descriptor that does not fit
    /// waits until all processors have taken note (`expand_fdtable` in Linux): for ten milliseconds and more, an event loop that accepts
    /// a connection included. Where the system does not allow so many, the table grows as it always does.
    static func makeRoom(for descriptors: Int) {
        let root = open("/", O_RDONLY | O_CLOEXEC)
        guard root >= 0 else { return }
        let last = fcntl(root, F_DUPFD_CLOEXEC, Int32(clamping: descriptors - 1))
        if last >= 0 { close(last) }
        close(root)
    }

    /// How many connections there may be at the most, where there may be so many descriptors: half of few are kept back.
    static func connections(of descriptors: Int, wanted: Int) -> Int {
        max(1, min(wanted, descriptors - min(reserve(of: descriptors), descriptors / 2)))
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
