import LibC

/// A file that only its owner may read and write. (SQLite gives its journals the mode of the database.)
enum PrivateFile {
    /// Makes the file when it is not there, and takes from others what they may do with it when it is.
    static func prepare(_ path: String) throws(AccountError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .failed("open", path) }
        defer { close(file) }
        guard fchmod(file, 0o600) == 0 else { throw .failed("change the mode of", path) }
    }

    /// Makes a file of these bytes, which survive power loss, or replaces what is in it.
    static func store(_ bytes: [UInt8], at path: String) throws(AccountError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .failed("create", path) }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .failed("write", path) }
            written += count
        }
        guard fsync(file) == 0 else { throw .failed("sync", path) }
    }

    /// Puts a whole file in the place of another: killed at any instant, there is one of the two.
    static func replace(_ path: String, with bytes: [UInt8]) throws(AccountError) {
        let unfinished = path + ".new"
        try store(bytes, at: unfinished)
        guard rename(unfinished, path) == 0 else { throw .failed("rename", unfinished) }
    }

    /// What keeps the file from being read; nil when nothing does.
    static func problem(reading path: String) -> String? {
        access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
    }
}

extension AccountError {
    /// A call of the system failed just now.
    static func failed(_ operation: String, _ path: String) -> AccountError {
        let code = errno
        return AccountError(
            .fileSystem, "cannot \(operation) \(path): \(String(cString: strerror(code)))", systemError: code, path: path)
    }
}
