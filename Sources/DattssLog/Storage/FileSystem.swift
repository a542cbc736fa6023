/// All that the log asks of a file system.
///
/// Every access to a file goes through this protocol and ``File``, so that a test can lose power, fill the disk or
/// fail any single call. Calls block: they are made on an executor of the writer's own, never on the cooperative pool.
public protocol FileSystem: Sendable {
    /// Creates one directory; its parent exists. Fails with `EEXIST` when it is there already.
    func createDirectory(_ path: String) throws(FileSystemError)
    /// The names in a directory, sorted, without `.` and `..`.
    func list(_ path: String) throws(FileSystemError) -> [String]
    func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File
    /// Replaces `newPath` at once, if it is there.
    func rename(_ path: String, to newPath: String) throws(FileSystemError)
    func remove(_ path: String) throws(FileSystemError)
    func size(of path: String) throws(FileSystemError) -> Int
    func exists(_ path: String) throws(FileSystemError) -> Bool
    /// Makes the entries of a directory survive power loss: a new file is not there for good before this.
    func syncDirectory(_ path: String) throws(FileSystemError)
    /// Takes an exclusive advisory lock of a file, which is created when it is missing; fails at once, with an error
    /// that ``FileSystemError/isLockedByAnother``, when another process holds it.
    func lock(_ path: String) throws(FileSystemError) -> any FileLock
}

/// What a file is opened for.
public enum OpenMode: Sendable, Hashable {
    case reading
    /// Every write goes to the end. `EEXIST` when the file is there already.
    case appendingToNew
    /// Every write goes to the end. `ENOENT` when there is no such file.
    case appendingToExisting
}

/// An open file. It is closed when nothing refers to it any more, or earlier by ``close()``.
public protocol File: AnyObject {
    var path: String { get }
    func size() throws(FileSystemError) -> Int
    /// Reads at most as many bytes as fit; fewer are no error, 0 is the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileSystemError) -> Int
    /// Writes at the end, possibly fewer bytes than given, and says how many.
    func append(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) -> Int
    func truncate(to size: Int) throws(FileSystemError)
    /// `fdatasync`. Must not be called again after it failed: the kernel may have dropped the pages it could not
    /// write and answer "all is well" the second time.
    func sync() throws(FileSystemError)
    func close()
}

/// Held until ``release()``, or until nothing refers to it any more, or until the process ends.
public protocol FileLock: AnyObject, Sendable {
    func release()
}

extension File {
    /// Appends all bytes: goes on after a short write and after `EINTR`.
    ///
    /// When it throws, an unknown part of the bytes may be in the file.
    public func writeAll(_ bytes: [UInt8]) throws(FileSystemError) {
        var written = 0
        var failure: FileSystemError?
        bytes.withUnsafeBytes { buffer in
            while written < buffer.count, failure == nil {
                do throws(FileSystemError) {
                    let count = try append(UnsafeRawBufferPointer(rebasing: buffer[written...]))
                    if count == 0 { failure = .nothingWritten(path) }
                    written += count
                } catch {
                    if !error.isInterruption { failure = error }
                }
            }
        }
        if let failure { throw failure }
    }

    /// The bytes from `offset` on, at most `count` of them; fewer only at the end of the file.
    public func bytes(at offset: Int, count: Int) throws(FileSystemError) -> [UInt8] {
        var failure: FileSystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...])
                do throws(FileSystemError) {
                    let read = try read(into: rest, at: offset + initialized)
                    if read == 0 { return }
                    initialized += read
                } catch {
                    if error.isInterruption { continue }
                    failure = error
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension FileSystem {
    /// Creates a directory and the missing ones above it; with `isSynced`, so that they survive power loss.
    public func createDirectories(_ path: String, isSynced: Bool) throws(FileSystemError) {
        if try exists(path) { return }
        let parent = FileSystemPath.parent(of: path)
        if parent != path { try createDirectories(parent, isSynced: isSynced) }
        do {
            try createDirectory(path)
        } catch {
            // Somebody else may have been faster.
            guard try exists(path) else { throw error }
        }
        if isSynced { try syncDirectory(parent) }
    }

    /// Replaces a small file at once: killed at any instant, there is the one before or this one.
    /// - Parameter isSynced: whether its content survives power loss; its name does when the folder is synced, too.
    package func replace(_ path: String, with text: String, isSynced: Bool) throws(FileSystemError) {
        let unfinished = path + LogLayout.unfinishedSuffix
        if try exists(unfinished) { try remove(unfinished) }
        let file = try open(unfinished, .appendingToNew)
        try file.writeAll(Array(text.utf8))
        if isSynced { try file.sync() }
        file.close()
        try rename(unfinished, to: path)
    }
}

package enum FileSystemPath {
    /// `a/b` of `a/b/c`, `/` of `/a`, `.` of `a`.
    package static func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// `c` of `a/b/c`.
    package static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
