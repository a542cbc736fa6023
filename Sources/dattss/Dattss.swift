import ArgumentParser
import DattssServer
import NIOCore
import NIOPosix

@main
enum Program {
    /// Lets Swift tasks run on the event loops, so that a request is answered without a change of threads. Nothing that
    /// blocks runs in a task: the log's writers and readers have threads of their own, and so has the UDP port.
    static func main() async {
        EventLoops.fitProcessors()
        NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
        await CommandRun.run()
    }
}

/// The command line. `dattss --help` is where everything starts.
struct DattssCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dattss",
        abstract: "Counts, times and gauges what your programs do, and shows today against the usual day.",
        discussion: """
            Start a server, and look at this machine:

              dattss serve &        # until it says 'ready'
              dattss host &
              dattss status --watch

            Send something of your own:

              dattss send deploys 1c
              echo "api.hits:1|c" | nc -u -w0 127.0.0.1 8125      # (to a 'dattss serve --statsd-user local')

            Every option can also be set as DATTSS_… in the environment (--data-dir is DATTSS_DATA_DIR), and those of \
            'serve' in a file of 'option = value' lines that --config names. The command line wins over the environment, the \
            environment over the file.
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, UserCommand.self, TeamCommand.self, SendCommand.self, StatusCommand.self, UnusualCommand.self,
            MovedCommand.self,
            HostCommand.self, ImportCommand.self, AlertCommand.self, MarkCommand.self, LogCommand.self, ReplayCommand.self,
        ])
}
