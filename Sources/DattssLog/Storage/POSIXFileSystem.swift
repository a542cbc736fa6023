import LibC

/// The machine's own files.
///
/// A call that a signal interrupted (`EINTR`) is made again; but never a sync, of which nobody knows how far it got.
public struct POSIXFileSystem: FileSystem {
    private let directories = DirectoryDescriptors()

    /// The file systems of this machine.
    public init() {}

    public func createDirectory(_ path: String) throws(FileSystemError) {
        _ = try retrying(.createDirectory, path) { mkdir(path, 0o750) }
    }

    public func list(_ path: String) throws(FileSystemError) -> [String] {
        guard let stream = opendir(path) else { throw FileSystemError(.list, path, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            // The name is as long as its terminator says, not as its declared array.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileSystemError(.list, path, code: errno) }
        return names.sorted()
    }

    public func open(_ path: String, _ mode: OpenMode) throws(FileSystemError) -> any File {
        let flags =
            switch mode {
            case .reading: O_RDONLY
            case .appendingToNew: O_RDWR | O_APPEND | O_CREAT | O_EXCL
            case .appendingToExisting: O_RDWR | O_APPEND
            }
        return POSIXFile(path, try retrying(.open, path) { openDescriptor(path, flags | O_CLOEXEC) })
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        _ = try retrying(.rename, path) { renameEntry(path, newPath) }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        _ = try retrying(.remove, path) { unlink(path) }
    }

    public func size(of path: String) throws(FileSystemError) -> Int {
        var status = stat()
        _ = try retrying(.size, path) { stat(path, &status) }
        return Int(status.st_size)
    }

    public func exists(_ path: String) throws(FileSystemError) -> Bool {
        do {
            _ = try size(of: path)
            return true
        } catch {
            if error.isNotFound { return false }
            throw error
        }
    }

    public func syncDirectory(_ path: String) throws(FileSystemError) { try directories.sync(path) }

    public func lock(_ path: String) throws(FileSystemError) -> any FileLock {
        let descriptor = try retrying(.lock, path) { openDescriptor(path, O_RDWR | O_CREAT | O_CLOEXEC) }
        do {
            _ = try retrying(.lock, path) { flock(descriptor, LOCK_EX | LOCK_NB) }
        } catch {
            _ = closeDescriptor(descriptor)
            throw error
        }
        return POSIXFileLock(descriptor)
    }
}

/// Makes a call again for as long as signals interrupt it.
func retrying(
    _ operation: FileSystemError.Operation, _ path: String, _ call: () -> Int32
) throws(FileSystemError) -> Int32 {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw FileSystemError(operation, path, code: code) }
    }
}

// Under names that do not collide with the methods of the types that call them.
func openDescriptor(_ path: String, _ flags: Int32) -> Int32 { open(path, flags, 0o640) }
private func renameEntry(_ path: String, _ newPath: String) -> Int32 { rename(path, newPath) }
func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
