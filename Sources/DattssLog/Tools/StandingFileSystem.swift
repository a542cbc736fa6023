internal import Synchronization

/// A folder as it was when it was looked at: whatever its listing names stays readable, though a server that runs on the folder removes
/// it meanwhile, as it does with segments that are covered and days that are over.
///
/// For tools, which read and write nothing. What is listed is opened, and stays open as long as this file system is there; where
/// there are no descriptors left, a file is opened when it is asked for, and may be gone by then.
///
///     let summary = try LogVerifier.verify(fileSystem: StandingFileSystem(POSIXFileSystem()), directory: "data")
public final class StandingFileSystem: FileSystem {
    private let base: any FileSystem
    private let standing = Mutex<[String: StandingFile]>([:])
    private let listings = Mutex<[String: [String]]>([:])

    /// - Parameter base: the file system that others may change.
    public init(_ base: any FileSystem) { self.base = base }

    /// The names in a directory when it was listed first, but for those that were gone before they could be opened.
    public func list(_ path: String) throws(FileSystemError) -> [String] {
        if let names = listings.withLock({ $0[path] }) { return names }
        var names: [String] = []
        for name in try base.list(path) {
            let file = path + "/" + name
            do throws(FileSystemError) {
                let opened = StandingFile(try base.open(file, .reading))
                standing.withLock { $0[file] = opened }
            } catch {
                // (A link that leads nowhere is named by the next listing, too, and is told when it is opened.)
                if error.isNotFound, try !base.list(path).contains(name) { continue }
            }
            names.append(name)
        }
        listings.withLock { $0[path] = names }
        return names
    }

    public func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        if mode == .reading, let file = standing.withLock({ $0[path] }) { return file }
        return try base.open(path, mode)
    }

    public func size(of path: String) throws(FileSystemError) -> Int {
        if let file = standing.withLock({ $0[path] }) { return try file.size() }
        return try base.size(of: path)
    }

    public func exists(_ path: String) throws(FileSystemError) -> Bool {
        if standing.withLock({ $0[path] != nil }) { return true }
        return try base.exists(path)
    }

    public func createDirectory(_ path: String) throws(FileSystemError) { try base.createDirectory(path) }
    public func rename(_ path: String, to newPath: String) throws(FileSystemError) { try base.rename(path, to: newPath) }
    public func remove(_ path: String) throws(FileSystemError) { try base.remove(path) }
    public func syncDirectory(_ path: String) throws(FileSystemError) { try base.syncDirectory(path) }
    public func lock(_ path: String) throws(FileSystemError) -> any FileLock { try base.lock(path) }
}

/// A file that others may remove: open for reading until nobody has it any more. All that is done with it is reading at a position,
/// which several threads may do at once.
private final class StandingFile: File, @unchecked Sendable {
    private let base: any File

    init(_ base: any File) { self.base = base }

    var path: String { base.path }
    func size() throws(FileSystemError) -> Int { try base.size() }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int {
        try base.read(into: buffer, at: offset)
    }
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int { try base.append(bytes) }
    func truncate(to size: Int) throws(FileSystemError) { try base.truncate(to: size) }
    func sync() throws(FileSystemError) { try base.sync() }
    /// Others have it, too.
    func close() {}
}
