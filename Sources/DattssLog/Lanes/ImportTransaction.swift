/// Makes many appended blocks one: either all of them are in the minute lane, or none is, wherever the process is killed.
///
///     <data>/importing        "dattss import 1\nfirst 12\n": segments from the twelfth on belong to an import that has not ended
///
///     begin: note, on disk ──► append, append, … ──► lane synced ──► commit: note removed
///              └─ killed ─► whoever locks the folder next removes those segments, and then the note
///
/// A lane never appends to a segment that it has not begun, so nothing else is in them; and who holds the folder's lock is alone.
public struct ImportTransaction {
    private let fileSystem: any FileSystem
    private let directory: String

    private static let title = "dattss import 1"
    private static let bytesMax = 256

    /// Notes that what is appended from now on is not there yet.
    /// - Parameters:
    ///   - directory: the data folder, locked.
    ///   - state: that of the minute lane, before anything is appended.
    /// - Throws: an error of the file system.
    public init(beginningIn directory: String, at state: LaneState, fileSystem: any FileSystem) throws(LogError) {
        (self.fileSystem, self.directory) = (fileSystem, directory)
        let text = "\(Self.title)\nfirst \(state.nextSequence)\n"
        try logged { () throws(FileSystemError) in
            try fileSystem.replace(LogLayout.importing(in: directory), with: text, isSynced: true)
            try fileSystem.syncDirectory(directory)
        }
    }

    /// What was appended is there. To be called when the lane is synced.
    /// - Throws: an error of the file system; then nobody knows whether it is.
    public func commit() throws(LogError) {
        try Self.removeNote(directory, fileSystem)
    }

    /// Removes what an import that was killed has left.
    /// - Returns: how many segments it had begun; nil when there was no such import.
    /// - Throws: an error of the file system; or `malformed` for a note that nobody can read, which somebody has to look at.
    @discardableResult
    static func undo(in directory: String, fileSystem: any FileSystem) throws(LogError) -> Int? {
        let path = LogLayout.importing(in: directory)
        let bytes = try logged { () throws(FileSystemError) -> [UInt8]? in
            guard try fileSystem.exists(path) else { return nil }
            return try fileSystem.open(path, .reading).bytes(at: 0, count: bytesMax)
        }
        guard let bytes else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0] == title, lines[1].hasPrefix("first "), lines[2].isEmpty,
            let first = UInt64(lines[1].dropFirst("first ".count))
        else { throw LogError(.malformed, expected: "'\(title)' and the first segment in \(path)", found: "something else") }
        let begun = try LogLayout.sequences(of: .minutes, in: directory, fileSystem).filter { $0 >= first }
        // From the last one backwards, so that what is left when this is killed, too, is a beginning.
        for sequence in begun.reversed() {
            let segment = LogLayout.path(of: .minutes, sequence: sequence, in: directory)
            try logged { () throws(FileSystemError) in try fileSystem.remove(segment) }
        }
        if !begun.isEmpty {
            let folder = LogLayout.folder(of: .minutes, in: directory)
            try logged { () throws(FileSystemError) in try fileSystem.syncDirectory(folder) }
        }
        try removeNote(directory, fileSystem)
        return begun.count
    }

    private static func removeNote(_ directory: String, _ fileSystem: any FileSystem) throws(LogError) {
        try logged { () throws(FileSystemError) in
            try fileSystem.remove(LogLayout.importing(in: directory))
            try fileSystem.syncDirectory(directory)
        }
    }
}
