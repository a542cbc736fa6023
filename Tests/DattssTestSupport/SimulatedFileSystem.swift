public import DattssLog
import LibC
internal import Synchronization

/// A file system in memory that can lose power, run full and fail any single call.
///
/// It is as forgetful as a real one may be: what was written to a file is durable only after `sync()` of the file, and
/// that there is such a file only after `syncDirectory` of its directory. ``crash(tearingWith:)`` forgets the rest.
///
///     let fileSystem = SimulatedFileSystem()
///     fileSystem.fail(operation: 3, of: .append, with: .error(ENOSPC))
///     …
///     fileSystem.crash()
///
/// Values are shared: a copy of the reference sees the same files. Safe to use from many threads.
public final class SimulatedFileSystem: FileSystem {
    let state: Mutex<SimulatedDisk>

    public init() { state = Mutex(SimulatedDisk()) }

    init(_ disk: SimulatedDisk) { state = Mutex(disk) }

    public func createDirectory(_ path: String) throws(FileSystemError) {
        try perform(.createDirectory, path) { (disk) throws(FileSystemError) in
            guard disk.directories[path] == nil else { throw FileSystemError(.createDirectory, path, code: EEXIST) }
            try disk.set(path, .directory, .createDirectory)
            disk.directories[path] = SimulatedDirectory()
        }
    }

    public func list(_ path: String) throws(FileSystemError) -> [String] {
        try perform(.list, path) { (disk) throws(FileSystemError) in
            guard let directory = disk.directories[path] else { throw FileSystemError(.list, path, code: ENOENT) }
            return directory.entries.keys.sorted()
        }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let (inode, epoch) = try perform(.open, path) { (disk) throws(FileSystemError) in
            var inode = disk.inode(at: path)
            if mode == .appendingToNew {
                guard inode == nil else { throw FileSystemError(.open, path, code: EEXIST) }
                inode = try disk.createFile(path)
            }
            guard let inode else { throw FileSystemError(.open, path, code: ENOENT) }
            disk.opened(inode)
            return (inode, disk.epoch)
        }
        return SimulatedFile(self, path: path, inode: inode, epoch: epoch, isWritable: mode != .reading)
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try perform(.rename, path) { (disk) throws(FileSystemError) in
            try disk.rename(path, to: newPath)
        }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        try perform(.remove, path) { (disk) throws(FileSystemError) in
            guard disk.inode(at: path) != nil else { throw FileSystemError(.remove, path, code: ENOENT) }
            try disk.set(path, nil, .remove)
            disk.forgetNameless()
        }
    }

    public func size(of path: String) throws(FileSystemError) -> Int {
        try perform(.size, path) { (disk) throws(FileSystemError) in
            if let inode = disk.inode(at: path) { return disk.files[inode]?.bytes.count ?? 0 }
            guard disk.directories[path] != nil else { throw FileSystemError(.size, path, code: ENOENT) }
            return 0
        }
    }

    public func exists(_ path: String) throws(FileSystemError) -> Bool {
        try perform(.size, path) { (disk) throws(FileSystemError) in
            disk.inode(at: path) != nil || disk.directories[path] != nil
        }
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) {
        try perform(.syncDirectory, path) { (disk) throws(FileSystemError) in
            guard disk.directories[path] != nil else { throw FileSystemError(.syncDirectory, path, code: ENOENT) }
            disk.directories[path]?.sync()
            disk.forgetNameless()
        }
    }

    public func lock(_ path: String) throws(FileSystemError) -> any FileLock {
        try perform(.lock, path) { (disk) throws(FileSystemError) in
            if disk.inode(at: path) == nil { _ = try disk.createFile(path) }
            guard disk.locks.insert(path).inserted else { throw FileSystemError(.lock, path, code: EWOULDBLOCK) }
        }
        return SimulatedLock(self, path: path)
    }

    /// Counts the call, lets the plan of faults have its way, then does what `body` does.
    func perform<Result>(
        _ operation: FileSystemError.Operation, _ path: String,
        _ body: (inout SimulatedDisk) throws(FileSystemError) -> Result
    ) throws(FileSystemError) -> Result {
        try state.withLock { (disk) throws(FileSystemError) in
            if case .error(let code)? = disk.faults.next(operation) {
                throw FileSystemError(operation, path, code: code)
            }
            return try body(&disk)
        }
    }
}

/// A descriptor of a file that goes on when its name is removed, and dies with the power.
final class SimulatedFile: File {
    let path: String
    private let fileSystem: SimulatedFileSystem
    private let inode: Int
    private let epoch: Int
    private let isWritable: Bool
    private var isOpen = true

    /// The caller has counted it as open.
    init(_ fileSystem: SimulatedFileSystem, path: String, inode: Int, epoch: Int, isWritable: Bool) {
        self.fileSystem = fileSystem
        self.path = path
        self.inode = inode
        self.epoch = epoch
        self.isWritable = isWritable
    }

    deinit { close() }

    func size() throws(FileSystemError) -> Int {
        try perform(.size) { $0.bytes.count }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        try perform(.read) { file in
            let available = max(0, min(buffer.count, file.bytes.count - offset))
            if available > 0 { buffer.copyBytes(from: file.bytes[offset..<offset + available]) }
            return available
        }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int {
        try fileSystem.state.withLock { (disk) throws(FileSystemError) in
            var count = bytes.count
            switch disk.faults.next(.append) {
            case .error(let code): throw FileSystemError(.append, path, code: code)
            case .shortWrite: count = (count + 1) / 2
            case nil: break
            }
            try checkUsable(.append, disk)
            let space = disk.freeBytes
            if space == 0, count > 0 { throw FileSystemError(.append, path, code: ENOSPC) }
            count = min(count, space)
            disk.files[inode]?.append(Array(bytes[..<count]))
            return count
        }
    }

    func truncate(to size: Int) throws(FileSystemError) {
        try perform(.truncate) { $0.truncate(to: size) }
    }

    func sync() throws(FileSystemError) {
        try perform(.sync) { $0.sync() }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        fileSystem.state.withLock { disk in
            if disk.epoch == epoch { disk.closed(inode) }
        }
    }

    private func perform<Result>(
        _ operation: FileSystemError.Operation, _ body: (inout SimulatedContents) -> Result
    ) throws(FileSystemError) -> Result {
        try fileSystem.perform(operation, path) { (disk) throws(FileSystemError) in
            try checkUsable(operation, disk)
            guard var contents = disk.files.removeValue(forKey: inode) else {
                throw FileSystemError(operation, path, code: EIO)
            }
            defer { disk.files[inode] = contents }
            return body(&contents)
        }
    }

    private func checkUsable(
        _ operation: FileSystemError.Operation, _ disk: borrowing SimulatedDisk
    ) throws(FileSystemError) {
        let isWrite = operation == .append || operation == .truncate
        guard isOpen, disk.epoch == epoch, isWritable || !isWrite else {
            throw FileSystemError(operation, path, code: EBADF)
        }
    }
}

private final class SimulatedLock: FileLock {
    private let fileSystem: SimulatedFileSystem
    private let path: String

    init(_ fileSystem: SimulatedFileSystem, path: String) {
        self.fileSystem = fileSystem
        self.path = path
    }

    deinit { release() }

    func release() { _ = fileSystem.state.withLock { $0.locks.remove(path) } }
}
