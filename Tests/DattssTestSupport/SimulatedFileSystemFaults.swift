public import DattssLog
import LibC
internal import Synchronization

/// What a test does to the disk.
extension SimulatedFileSystem {
    /// How a call fails.
    public enum Effect: Sendable, Hashable {
        /// With this `errno`, having done nothing.
        case error(Int32)
        /// A write takes only half of its bytes and succeeds. Other calls succeed as they are.
        case shortWrite

        /// `EIO`; for good, it is a disk that has died.
        public static let inputOutputError = Effect.error(EIO)
    }

    /// Makes calls fail.
    /// - Parameters:
    ///   - number: 1 is the next call.
    ///   - operation: counts only calls of this kind; nil counts all.
    ///   - times: how many calls fail.
    ///   - isPermanent: whether all that follow fail.
    public func fail(
        operation number: Int, of operation: FileSystemError.Operation? = nil, with effect: Effect, times: Int = 1,
        isPermanent: Bool = false
    ) {
        precondition(number >= 1)
        let fault = FaultPlan.Fault(
            operation: operation, effect: effect, delay: number - 1, times: isPermanent ? .max : times)
        state.withLock { $0.faults.add(fault) }
    }

    public func removeFaults() { state.withLock { $0.faults.removeAll() } }

    /// How many calls were made, failed ones included.
    public var operationCount: Int { state.withLock { $0.faults.operationCount } }

    public func count(of operation: FileSystemError.Operation) -> Int {
        state.withLock { $0.faults.countByOperation[operation] ?? 0 }
    }

    /// The calls that `body` makes, in order, failed ones included.
    public func trace(_ body: () throws -> Void) rethrows -> [FileSystemError.Operation] {
        state.withLock { $0.faults.trace = [] }
        defer { state.withLock { $0.faults.trace = nil } }
        try body()
        return state.withLock { $0.faults.trace ?? [] }
    }

    /// How many bytes fit into all files together; a write beyond takes what fits, then fails with `ENOSPC`.
    public var capacityBytes: Int? {
        get { state.withLock { $0.capacityBytes } }
        set { state.withLock { $0.capacityBytes = newValue } }
    }

    public var usedBytes: Int { state.withLock { $0.usedBytes } }

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
