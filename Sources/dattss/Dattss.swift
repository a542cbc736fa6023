import ArgumentParser

/// The command line. `dattss --help` is where everything starts.
@main
struct DattssCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dattss",
        abstract: "Counts, times and gauges what your programs do, and shows today against the usual day.",
        discussion: """
            Start a server, and look at this machine:

              dattss serve &
              dattss host &
              dattss status --watch

            Send something of your own:

              dattss send deploys 1c
              echo "api.hits:1|c" | nc -u -w0 127.0.0.1 8125      (to a 'dattss serve --statsd-user local')

            Every option can also be set as DATTSS_… in the environment (--data-dir is DATTSS_DATA_DIR), and those of \
            'serve' in a file of 'option = value' lines that --config names. The command line wins over the environment, the \
            environment over the file.
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, UserCommand.self, SendCommand.self, StatusCommand.self, HostCommand.self, ImportCommand.self,
            LogCommand.self,
        ])
}
