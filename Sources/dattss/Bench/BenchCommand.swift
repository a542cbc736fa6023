import ArgumentParser

/// `dattss bench …`: measures parts of the program on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures the log on this machine, against floors measured in the same run.",
        subcommands: [LogBenchCommand.self, MeasuredSealing.self, MeasuredStart.self, MeasuredDelay.self])
}
