import ArgumentParser
import DattssServer
import NIOCore
import NIOPosix

@main
enum Program {
    /// Runs tasks as the server does, so that what is measured is what runs there.
    static func main() async {
        EventLoops.fitProcessors()
        NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        await BenchCommand.main()
    }
}

/// `dattss-bench …`: sends load to a server, and measures parts of it on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dattss-bench",
        abstract: "Sends load to a server, and measures parts of it on this machine, against floors measured in the same run.",
        subcommands: [
            LoadCommand.self, StageBenchCommand.self, CoresCommand.self, FloorCommand.self, LogBenchCommand.self,
            MeasuredSealing.self,
            MeasuredStart.self, MeasuredDelay.self,
        ])
}
