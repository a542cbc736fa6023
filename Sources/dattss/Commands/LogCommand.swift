import ArgumentParser
import DattssLog

/// `dattss log …`: reads the log, and writes nothing.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Looks at what is on disk.",
        discussion: "Both only read, and work beside a running server: it may then be writing the last frame.",
        subcommands: [Verify.self, Dump.self])

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every byte of the log; exits with 1 when something is damaged.")
        @OptionGroup var dataDirectory: DataDirectoryOption

        func run() throws {
            let directory = try dataDirectory.resolved()
            let summary = try LogVerifier.verify(fileSystem: POSIXFileSystem(), directory: directory)
            for finding in summary.findings { print(finding) }
            print(
                """
                \(summary.segments) segments, \(summary.bytes) bytes, \(summary.frames) frames: \(summary.batches) batches, \
                \(summary.blocks) minute blocks, \(summary.checkpoints) checkpoints: \(summary.isSound ? "sound" : "DAMAGED")
                """)
            if !summary.isSound { throw ExitCode(1) }
        }
    }

    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the log, a line a segment and frame.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Flag(help: "Print what is in the frames as well.") var records = false

        func run() throws {
            let directory = try dataDirectory.resolved()
            try LogDump.lines(
                fileSystem: POSIXFileSystem(), directory: directory, detail: records ? .records : .frames
            ) { print($0) }
        }
    }
}
