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
