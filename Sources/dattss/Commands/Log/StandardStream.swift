import DattssLog
import LibC

/// Standard output and standard error, for text that is too long for `print` or must not be lost silently.
enum StandardStream {
    case output
    case error

    /// Writes all of it, or throws: a full disk behind a redirection is no success.
    func write(_ bytes: [UInt8]) throws(FileSystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                writeBytes(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            if count < 0, errno != EINTR { throw FileSystemError(.append, name, code: errno) }
            written += max(0, count)
        }
    }

    /// Writes a line that is not missed where it cannot be written.
    func note(_ line: String) { try? write(Array("\(line)\n".utf8)) }

    private var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }
    var name: String { self == .output ? "standard output" : "standard error" }
}

// Under a name that does not collide with the method.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
