import ArgumentParser
import DattssLog

extension LogCommand {
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks every byte of the log; exits with 1 when something is damaged.")
        @OptionGroup var dataDirectory: DataDirectoryOption

        func run() throws {
            let directory = try dataDirectory.existing()
            let summary = try LogVerifier.verify(fileSystem: StandingFileSystem(POSIXFileSystem()), directory: directory)
            for finding in summary.findings { try Output.line(finding) }
            try Output.line(summary)
            if !summary.isSound { throw ExitCode(1) }
        }
    }
}
