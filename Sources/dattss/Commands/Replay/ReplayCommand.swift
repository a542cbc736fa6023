import ArgumentParser
import DattssCore
import DattssLog
import FoundationEssentials

/// `dattss replay`: the traffic of the past once more, as a test of everything behind the edge.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Plays the accepted batches of a data folder into a fresh pipeline.",
        discussion: """
            Each batch is taken in at the time at which it was accepted, by a clock that shows the recorded times. Then the \
            minutes that came out are read back and digested: the same log gives the same digest, whatever the machine, \
            the speed and the version of the files. The folder that is played is only read.

            A server deletes accepted batches once the minutes made of them are written, so there are only the last few \
            minutes in a folder; copy its folder 'accepted' now and then to have more to play. Segments may be there \
            several times, and in any number.

              dattss replay --from data --speed max
              dattss replay --from yesterday --to played --speed 10x
            """)

    @Option(help: "The data folder whose batches are played.") var from: String
    @Option(help: "The data folder to fill; not there yet, or empty (default: one that is deleted afterwards).")
    var to: String?
    @Option(help: "How much faster than it was: 1x, 10x, …, or max.") var speed = ReplaySpeed.unpaced

    func run() async throws {
        try DataDirectoryOption.requireLog(in: from, "--from")
        let target = to ?? FileManager.default.temporaryDirectory.path + "/dattss-replay-\(UUID().uuidString)"
        defer {
            // A folder that cannot be deleted is for the system's own cleaning.
            if to == nil { try? FileManager.default.removeItem(atPath: target) }
        }
        let replay = AcceptedReplay(fileSystem: StandingFileSystem(POSIXFileSystem()), from: from, to: target, speed: speed)
        let outcome = try await replay.run()
        for finding in outcome.findings { try Output.line("unreadable \(finding)") }
        for (problem, count) in outcome.refused.sorted(by: { $0.key < $1.key }) {
            try Output.line("refused    \(count) batches: \(problem)")
        }
        try Output.line(outcome)
        if !outcome.isComplete { throw ExitCode(1) }
    }
}

/// How fast recorded time passes.
enum ReplaySpeed: Hashable, ExpressibleByArgument {
    case unpaced
    /// So many times faster than it was.
    case factor(Double)

    init?(argument: String) {
        if argument == "max" {
            self = .unpaced
        } else {
            guard argument.hasSuffix("x"), let factor = Double(argument.dropLast()), factor > 0, factor.isFinite else {
                return nil
            }
            self = .factor(factor)
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .unpaced: "max"
        case .factor(let factor): "\(factor)x"
        }
    }
}
