import LibC

package enum StandardError {
    /// Writes a line in one call, so that lines of several threads do not mix.
    package static func print(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        // Where standard error is closed there is nobody left to tell.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
