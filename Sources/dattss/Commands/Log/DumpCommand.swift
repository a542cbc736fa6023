import ArgumentParser
import DattssLog

extension LogCommand {
    struct Dump: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the log, a line a segment, frame and sealed file.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Flag(help: "Print what is in the frames and sealed files as well.") var records = false

        func run() throws {
            let directory = try dataDirectory.existing()
            try LogDump.lines(
                fileSystem: StandingFileSystem(POSIXFileSystem()), directory: directory, detail: records ? .records : .frames
            ) { Output.lineOrEnd($0) }
        }
    }
}
