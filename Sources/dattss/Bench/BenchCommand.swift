import ArgumentParser

/// `dattss bench …`: measures parts of the program on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures parts of the program on this machine, against floors measured in the same run.",
        subcommands: [
            StageBenchCommand.self, FloorCommand.self, LogBenchCommand.self, MeasuredSealing.self,
            MeasuredStart.self,
            MeasuredDelay.self,
        ])
}
