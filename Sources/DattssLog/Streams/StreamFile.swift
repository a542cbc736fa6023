internal import DattssCore

/// `<data>/stream`: of which replicated stream a folder's accepted log is.
///
///     dattss stream 1
///     dattss 2026-11-30T12:00:00.123456789Z        the identity of the stream
///
/// The LSNs of a folder and those of a stream only mean the same if the folder has followed the stream from its beginning on. So a
/// folder that has batches of its own, or of another stream, is refused.
package struct StreamFile {
    private let fileSystem: any FileSystem
    private let directory: String

    private static let title = "dattss stream 1"
    private static let bytesMax = 1024

    /// - Parameter directory: the data folder.
    package init(fileSystem: any FileSystem, directory: String) { (self.fileSystem, self.directory) = (fileSystem, directory) }

    /// nil when the folder's log is a lane.
    package func read() throws(LogError) -> String? {
        let path = LogLayout.stream(in: directory)
        let bytes = try logged { () throws(FileSystemError) -> [UInt8]? in
            guard try fileSystem.exists(path) else { return nil }
            return try fileSystem.open(path, .reading).bytes(at: 0, count: Self.bytesMax)
        }
        guard let bytes else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0] == Self.title, lines[2].isEmpty else {
            throw LogError(.malformed, expected: "'\(Self.title)' and the identity of a stream", found: "other lines", file: path)
        }
        return String(lines[1])
    }

    /// Says for good that the folder follows a stream.
    package func write(_ identity: String) throws(LogError) {
        try logged { () throws(FileSystemError) in
            try fileSystem.replace(LogLayout.stream(in: directory), with: "\(Self.title)\n\(identity)\n", isSynced: true)
            try fileSystem.syncDirectory(directory)
        }
    }

    /// Refuses a folder that follows a stream where there is none.
    package func expectNone() throws(LogError) {
        guard let identity = try read() else { return }
        throw LogError(
            .refused,
            expected: "--accepted-log with the stream '\(identity)', which has batches of this folder, or no such file after a "
                + "server with that option has ended in order", found: "none", file: LogLayout.stream(in: directory))
    }

    /// Refuses a folder that follows another stream, or, unless `isBlank`, one of which nobody knows what it follows.
    package func expect(_ stream: any ReplicatedStream, isBlank: () async throws(LogError) -> Bool) async throws(LogError) {
        if let identity = try read() {
            guard identity == stream.identity else {
                throw LogError(
                    .refused, expected: "the stream '\(identity)', which this folder follows", found: "'\(stream.identity)'",
                    file: LogLayout.stream(in: directory))
            }
        } else if try await !isBlank() {
            throw LogError(
                .refused, expected: "a folder or a stream without batches, because their numbers would contradict each other",
                found: "batches in both", file: directory)
        }
    }
}
