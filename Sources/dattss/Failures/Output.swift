import DattssLog
import Synchronization

/// Lines on standard output. `print` would not tell that a disk is full, or that nobody reads any more.
enum Output {
    private static let waiting = Mutex<[UInt8]>([])
    private static let waitingBytesMax = 64 << 10

    /// Takes in a line; it is written when there are many, and by ``flush()``.
    static func line(_ text: some CustomStringConvertible) throws(FileSystemError) { try add("\(text)\n") }

    /// For where nothing can be thrown: ends the process when the line cannot be written.
    static func lineOrEnd(_ text: String) {
        do { try line(text) } catch { CommandRun.end(error) }
    }

    static func add(_ text: String) throws(FileSystemError) {
        let isFull = waiting.withLock { waiting in
            waiting += text.utf8
            return waiting.count >= waitingBytesMax
        }
        if isFull || Terminal.isOutput { try flush() }
    }

    /// Writes what waits. What could not be written is forgotten: the command ends.
    static func flush() throws(FileSystemError) {
        let bytes = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        try StandardStream.output.write(bytes)
    }
}
