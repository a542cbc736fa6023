import ArgumentParser
import DattssLog

/// Seals a data folder and prints how long it took: what ``LogBenchCommand`` runs in a process of its own.
struct MeasuredSealing: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "measured-sealing", shouldDisplay: false)

    @OptionGroup var dataDirectory: DataDirectoryOption

    func run() throws {
        let folder = BenchFolder(directory: dataDirectory.resolved)
        let history = try folder.history()
        let sealer = Sealer(
            fileSystem: folder.fileSystem, directory: folder.directory, history: history, policy: .never)
        let resident = ProcessMemory.residentBytes
        ProcessMemory.resetPeak()
        let watch = Stopwatch()
        var rows = 0
        for day in history.unsealedDays { rows += try sealer.seal(day: day)?.rows ?? 0 }
        print("aggregates \(rows)")
        print("seconds \(watch.seconds)")
        print("processorSeconds \(watch.processorSeconds)")
        print("peakBytes \(ProcessMemory.peakBytes - resident)")
    }

    /// Seals in another process.
    static func figures(of folder: BenchFolder, _ name: String) throws -> [Figure] {
        let values = try MeasuredProcess.run(["measured-sealing", "--data-dir", folder.directory])
        let rate = (values["aggregates"] ?? 0) / max(1e-9, values["processorSeconds"] ?? 0)
        return [
            Figure(
                name: "sealing \(name), M aggregates/s of CPU", value: (rate / 1e6).text(), target: "≥ 1"),
            Figure(
                name: "… memory it takes at most, MiB", value: ((values["peakBytes"] ?? 0) / 1_048_576).text(1), target: "≤ 64"),
        ]
    }
}
