import LibC

/// Where a ``HostSampler`` looks. Tests bring fixed texts.
struct HostSource: Sendable {
    /// The content of a file of the kernel; nil when it cannot be read.
    var text: @Sendable (_ path: String) -> String?
    /// How full the file system at a mount point is, in percent.
    var usedPercent: @Sendable (_ mountPoint: String) -> Double?
    /// How many processes there are.
    var processCount: @Sendable () -> Int?
    /// What is in a folder of the kernel; nil when it cannot be read.
    var names: @Sendable (_ folder: String) -> [String]? = { _ in nil }
    /// How long a tick of processor time is.
    var ticksPerSecond = 100.0
    var pageBytes = 4096.0

    static let thisMachine = HostSource(
        text: { KernelFile.read($0) }, usedPercent: { DiskSpace.usedPercent($0) },
        processCount: { Folder.names(in: "/proc")?.count { $0.allSatisfy(\.isNumber) } },
        names: { Folder.names(in: $0) },
        ticksPerSecond: Double(max(1, sysconf(Int32(_SC_CLK_TCK)))), pageBytes: Double(max(1, sysconf(Int32(_SC_PAGESIZE)))))

    static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        return bytes.withUnsafeBufferPointer { buffer in buffer.baseAddress.map { String(cString: $0) } ?? "localhost" }
    }
}

enum KernelFile {
    static let bytesMax = 4 << 20

    /// Files of the kernel have no size: they are read until nothing comes.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < bytesMax {
            #if canImport(Darwin)
                let count = Darwin.read(file, &block, block.count)
            #elseif canImport(Musl)
                let count = Musl.read(file, &block, block.count)
            #else
                let count = Glibc.read(file, &block, block.count)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { break }
            bytes.append(contentsOf: block[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

enum DiskSpace {
    /// As df(1) says it: of what is not reserved for the super-user.
    static func usedPercent(_ mountPoint: String) -> Double? {
        var space = statvfs()
        guard statvfs(mountPoint, &space) == 0, space.f_blocks > 0 else { return nil }
        let used = Double(space.f_blocks) - Double(space.f_bfree)
        let usable = used + Double(space.f_bavail)
        return usable > 0 ? 100 * used / usable : nil
    }
}

enum Folder {
    /// What is in it, in no order; nil when it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                        String(cString: $0)
                    }
                })
        }
        return names
    }
}
