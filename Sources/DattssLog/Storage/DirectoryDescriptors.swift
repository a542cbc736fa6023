import LibC
import Synchronization

/// The directories that were synced once, kept open: when a process has no descriptor to spare any more, what it wrote before
/// can still be made durable. A log has five of them.
///
/// Only `fsync` fails with ``FileSystemError/Operation/syncDirectory``. A directory that cannot be looked up or opened was not
/// synced, but nothing about it is unknown: the call may be made again.
final class DirectoryDescriptors: Sendable {
    private let open = Mutex<[String: Directory]>([:])
    private let openDirectory: @Sendable (_ path: String) -> Int32

    private struct Directory {
        var descriptor: Int32
        var device: dev_t
        var node: ino_t

        /// Whether it still is what is found under its path: another one may have taken its place.
        func isSame(as status: stat) -> Bool { device == status.st_dev && node == status.st_ino }
    }

    /// - Parameter openDirectory: as the system's `open`, for tests: -1 and `errno` where there is none.
    init(openDirectory: @escaping @Sendable (_ path: String) -> Int32 = { openDescriptor($0, O_RDONLY | O_CLOEXEC) }) {
        self.openDirectory = openDirectory
    }

    deinit {
        open.withLock { directories in
            for directory in directories.values { _ = closeDescriptor(directory.descriptor) }
        }
    }

    func sync(_ path: String) throws(FileSystemError) {
        try open.withLock { (directories) throws(FileSystemError) in
            let descriptor = try descriptor(of: path, among: &directories)
            guard fsync(descriptor) == 0 else { throw FileSystemError(.syncDirectory, path, code: errno) }
        }
    }

    private func descriptor(
        of path: String, among directories: inout [String: Directory]
    ) throws(FileSystemError) -> Int32 {
        var status = stat()
        _ = try retrying(.size, path) { stat(path, &status) }
        if let known = directories[path] {
            if known.isSame(as: status) { return known.descriptor }
            _ = closeDescriptor(known.descriptor)
            directories[path] = nil
        }
        let descriptor = try retrying(.open, path) { openDirectory(path) }
        directories[path] = Directory(descriptor: descriptor, device: status.st_dev, node: status.st_ino)
        return descriptor
    }
}
