import LibC

/// Which call on which path failed, and with which `errno`.
public struct FileSystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call that failed.
    public var operation: Operation
    /// What it was called for.
    public var path: String
    /// The number of the system's error, as in `errno.h`.
    public var code: Int32

    /// The calls of ``FileSystem`` and ``File``. The raw value is the name of the system's call.
    public enum Operation: String, Sendable, Hashable, CaseIterable {
        case createDirectory = "mkdir"
        case list = "readdir"
        case open
        case size = "stat"
        case read
        case append = "write"
        case truncate
        case sync = "fdatasync"
        case syncDirectory = "fsync of the directory"
        case rename
        case remove = "unlink"
        case lock = "flock"
    }

    /// Makes an error of its parts.
    public init(_ operation: Operation, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The disk or the quota is full: it may work again when space was freed.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
    /// There is no such file or folder.
    public var isNotFound: Bool { code == ENOENT }
    /// The medium could not be read or written: a bad sector.
    public var isInputOutputError: Bool { code == EIO }
    /// A signal came in between: the call may be tried again.
    public var isInterruption: Bool { code == EINTR }
    /// Whether the kernel was asked to make something durable, and could not: nobody knows what is on the disk then. Where it
    /// could not even be asked, because a directory could not be opened, all is as it was.
    public var isFailedSync: Bool { operation == .sync || operation == .syncDirectory }
    /// Another process holds the lock.
    public var isLockedByAnother: Bool { operation == .lock && code == EWOULDBLOCK }

    public var description: String {
        "\(operation.rawValue) \(path): \(String(cString: strerror(code))) (errno \(code))"
    }

    /// A folder that should be empty.
    static func occupied(_ path: String) -> FileSystemError {
        FileSystemError(.createDirectory, path, code: ENOTEMPTY)
    }

    /// A write of at least one byte that wrote none would be tried for ever.
    static func nothingWritten(_ path: String) -> FileSystemError {
        FileSystemError(.append, path, code: EIO)
    }
}
