public import DattssLog
internal import Synchronization

/// What a test does to the disk.
extension SimulatedFileSystem {
    /// How a call fails.
    public enum Effect: Sendable, Hashable {
        /// With this `errno`, having done nothing.
        case error(Int32)
        /// A write takes only half of its bytes and succeeds. Other calls succeed as they are.
        case shortWrite
    }

    /// Makes a call fail.
    /// - Parameters:
    ///   - number: 1 is the next call.
    ///   - operation: counts only calls of this kind; nil counts all.
    ///   - isPermanent: whether all that follow fail, too.
    public func fail(
        operation number: Int, of operation: FileSystemError.Operation? = nil, with effect: Effect,
        isPermanent: Bool = false
    ) {
        precondition(number >= 1)
        let fault = FaultPlan.Fault(
            operation: operation, remaining: number - 1, effect: effect, isPermanent: isPermanent)
        state.withLock { $0.faults.add(fault) }
    }

    public func removeFaults() { state.withLock { $0.faults.removeAll() } }

    /// How many calls were made, failed ones included.
    public var operationCount: Int { state.withLock { $0.faults.operationCount } }

    public func count(of operation: FileSystemError.Operation) -> Int {
        state.withLock { $0.faults.countByOperation[operation] ?? 0 }
    }

    /// How many bytes fit into all files together; a write beyond takes what fits, then fails with `ENOSPC`.
    public var capacityBytes: Int? {
        get { state.withLock { $0.capacityBytes } }
        set { state.withLock { $0.capacityBytes = newValue } }
    }

    public var usedBytes: Int { state.withLock { $0.usedBytes } }

    /// Loses power: what was not synced is gone, open files and locks are dead.
    ///
    /// - Parameter seed: when given, of each file and directory a random prefix of the unsynced changes survives, the
    ///   last write perhaps torn: caches are written back at any time.
    public func crash(tearingWith seed: UInt64? = nil) {
        var random = seed.map { SeededGenerator(seed: $0) }
        func upTo(_ count: Int) -> Int { random == nil ? 0 : Int.random(in: 0...count, using: &random!) }
        state.withLock { disk in
            // In the order of paths and inodes, so that a seed always means the same.
            for path in disk.directories.keys.sorted() {
                let kept = upTo(disk.directories[path]?.pendingCount ?? 0)
                disk.directories[path]?.crash(keeping: kept)
            }
            for inode in disk.files.keys.sorted() {
                let kept = upTo(disk.files[inode]?.pendingCount ?? 0)
                disk.files[inode]?.crash(keeping: kept, tornBytes: upTo)
            }
            disk.forgetUnreachable()
            disk.locks = []
            disk.faults.removeAll()
            disk.epoch += 1
        }
    }

    /// A disk of its own with the same files, as if all were synced, and without faults.
    public func copy() -> SimulatedFileSystem {
        let copy = SimulatedFileSystem()
        for (path, bytes) in files { copy.write(bytes, to: path) }
        return copy
    }

    /// Every file with its bytes: two disks with equal ones are the same to a reader.
    public var files: [String: [UInt8]] {
        state.withLock { disk in
            var files: [String: [UInt8]] = [:]
            for (path, directory) in disk.directories {
                for case (let name, .file(let inode)) in directory.entries {
                    files[path == "/" ? "/" + name : path + "/" + name] = disk.files[inode]?.bytes ?? []
                }
            }
            return files
        }
    }

    public func bytes(of path: String) -> [UInt8]? {
        state.withLock { disk in disk.inode(at: path).flatMap { disk.files[$0]?.bytes } }
    }

    /// Puts a file there behind everybody's back: durable, past all faults, with the directories above it.
    public func write(_ bytes: [UInt8], to path: String) {
        state.withLock { $0.place(bytes, at: path) }
    }

    /// Changes a file behind everybody's back.
    public func corrupt(_ path: String, _ change: (inout [UInt8]) -> Void) {
        guard var bytes = bytes(of: path) else { preconditionFailure("no file \(path)") }
        change(&bytes)
        write(bytes, to: path)
    }
}

extension SimulatedDisk {
    /// Directories whose own entry a crash has forgotten are gone with all that is in them.
    fileprivate mutating func forgetUnreachable() {
        for path in directories.keys.sorted() where path != "/" {
            let (parent, name) = Self.split(path)
            if directories[parent]?.entries[name] != .directory { directories[path] = nil }
        }
    }

    fileprivate mutating func place(_ bytes: [UInt8], at path: String) {
        var missing: [String] = []
        var parent = Self.split(path).parent
        while directories[parent] == nil {
            missing.append(parent)
            parent = Self.split(parent).parent
        }
        for path in missing.reversed() {
            directories[path] = Directory()
            let (parent, name) = Self.split(path)
            directories[parent]?.set(name, .directory)
            directories[parent]?.sync()
        }
        guard let inode = inode(at: path) ?? (try? createFile(path)) else { return }
        files[inode]?.replace(bytes)
        directories[Self.split(path).parent]?.sync()
    }
}
