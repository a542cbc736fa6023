import ArgumentParser
import DattssLog
import FoundationEssentials

extension LogCommand {
    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a clean copy of a data folder, and puts aside what is damaged.",
            discussion: """
                The original is only read. What cannot be read of it, byte for byte, and what depends on it, goes to the \
                folder 'quarantine' of the copy, where report.txt says from where and why. Users and keys are copied too. \
                A server on the copy knows everything that one on the original would.

                  dattss log repair --data-dir data --to data-repaired
                """)
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Option(help: "The data folder to make; not there yet, or empty.") var to: String

        /// What belongs to a data folder beside the log: SQLite's own files only if there are any.
        private static let otherFiles = [
            "secret", "accounts.sqlite", "accounts.sqlite-journal", "accounts.sqlite-wal", "accounts.sqlite-shm",
        ]

        func run() throws {
            let source = try dataDirectory.existing()
            let fileSystem = POSIXFileSystem()
            let summary = try unlessLocked(source) { () throws(LogError) in
                try LogRepair.repair(fileSystem: fileSystem, from: source, to: to)
            }
            for name in Self.otherFiles where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
                try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(to)/\(name)")
            }
            for region in summary.quarantined { try Output.line(region) }
            let verified = try LogVerifier.verify(fileSystem: fileSystem, directory: to)
            let quarantinedBytes = summary.quarantined.reduce(0) { $0 + $1.bytes }
            try Output.line(
                """
                copied \(summary.frames) frames and \(summary.sealedFiles) sealed files to \(to), put aside \
                \(quarantinedBytes) bytes of \(summary.quarantined.count) places
                """)
            try Output.line(verified)
            if !verified.isSound { throw ExitCode(1) }
        }
    }
}

/// Says in words that a server has the folder.
func unlessLocked<Value>(
    _ directory: String, _ body: () throws(LogError) -> Value
) throws -> Value {
    let attempt = Result { () throws(LogError) in try body() }
    if case .failure(let error) = attempt, error.fileSystemError?.isLockedByAnother ?? false {
        throw CommandFailure(folderInUse: directory)
    }
    return try attempt.get()
}
