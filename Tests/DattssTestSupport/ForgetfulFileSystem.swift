public import DattssLog

/// A file system that says it has synced something and has not: what a test switches a guard off with.
public struct ForgetfulFileSystem: FileSystem {
    private let base: any FileSystem
    private let forgets: @Sendable (FileSystemError.Operation, String) -> Bool

    /// - Parameter forgets: which syncs succeed without doing anything, for which path. Asked where the disk would be, so that a test
    ///   can also make a sync take as long as it wants.
    public init(base: any FileSystem, forgets: @escaping @Sendable (FileSystemError.Operation, String) -> Bool) {
        (self.base, self.forgets) = (base, forgets)
    }

    public func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    public func list(_ path: String) throws(FileSystemError) -> [String] { try base.list(path) }
    public func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    public func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    public func size(of path: String) throws(FileSystemError) -> Int { try base.size(of: path) }
    public func exists(_ path: String) throws(FileSystemError) -> Bool { try base.exists(path) }
    public func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }

    public func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        ForgetfulFile(base: try base.open(path, mode), forgets: forgets)
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) {
        if !forgets(.syncDirectory, path) { try base.syncDirectory(path) }
    }
}

private final class ForgetfulFile: File {
    private let base: any File
    private let forgets: @Sendable (FileSystemError.Operation, String) -> Bool

    init(base: any File, forgets: @escaping @Sendable (FileSystemError.Operation, String) -> Bool) {
        self.base = base
        self.forgets = forgets
    }

    var path: String { base.path }
    func size() throws(FileSystemError) -> Int { try base.size() }
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int { try base.append(bytes) }
    func truncate(to size: Int) throws(FileSystemError) { try base.truncate(to: size) }
    func close() { base.close() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        try base.read(into: buffer, at: offset)
    }

    func sync() throws(FileSystemError) {
        if !forgets(.sync, path) { try base.sync() }
    }
}
