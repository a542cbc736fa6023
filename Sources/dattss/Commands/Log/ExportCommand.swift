import ArgumentParser
import DattssCore
import DattssImport
import DattssLog

extension LogCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the minute aggregates of a user, as CSV or OpenMetrics text.",
            discussion: """
                csv: lines minute_epoch,type,path,sum,cnt,max,min,top,bot,fst,lst, with the first second of the minute. With \
                --sketches another column: 'z', how many zeros, 'p', then index and count of each bucket of the positive \
                samples, 'n', those of the negative ones. When any aggregate is emphasised, approximate, or has other \
                percentiles than the 10th and the 90th, three more: pct, emp, apx. 'dattss import --format aggregates' reads \
                it back, bit by bit.

                openmetrics: gauges dattss_sum{type="c",path="api.hits"} and so on for all eight numbers, with the first \
                second of the minute as their time; for 'promtool tsdb create-blocks-from openmetrics' and the \
                /api/v1/import/prometheus of VictoriaMetrics. Sketches are left out.

                Where only hours are left, an hour stands at its first minute. What no minute block holds yet, above all the \
                minute that is being filled, is not in it. Days that are sealed are much faster to export as openmetrics.

                  dattss log export --user local --from 2026-11-22 --to 2026-11-23 > sunday.csv
                  dattss log export --user local --format openmetrics > local.txt
                """)

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case csv
            case openmetrics
        }

        @OptionGroup var dataDirectory: DataDirectoryOption
        @Option(help: "The user whose statistics are printed.") var user: UserID
        @Option(help: "The first minute: seconds since the epoch, RFC 3339 or YYYY-MM-DD, in UTC (default: everything).")
        var from: TimeArgument?
        @Option(help: "The end; a minute that begins then is left out (default: everything).") var to: TimeArgument?
        @Option(help: "csv or openmetrics.") var format = Format.csv
        @Flag(help: "csv: print the sketches, too.") var sketches = false

        func validate() throws {
            if sketches, format == .openmetrics { throw ValidationError("--sketches goes with --format csv") }
        }

        func run() throws {
            let directory = try dataDirectory.existing()
            let history = try History.open(fileSystem: StandingFileSystem(POSIXFileSystem()), directory: directory)
            guard let known = history.minutes else {
                throw CommandFailure(.noInput, "'\(directory)' holds no minutes")
            }
            // A moment within a minute is taken for its beginning.
            let start = from?.time.minute ?? known.lowerBound
            let end = to?.time.minute ?? known.upperBound.advanced(by: 1)
            guard try history.users(in: known.lowerBound..<known.upperBound.advanced(by: 1)).contains(user) else {
                throw CommandFailure(
                    .noUser, "'\(directory)' holds nothing of the user '\(user)'", "'dattss user list' names the users")
            }
            let export = AggregateExport(of: user, minutes: start..<max(start, end), from: history)
            switch format {
            case .csv: try export.writeCSV(withSketches: sketches, StandardStream.output.write)
            case .openmetrics: try export.writeOpenMetrics(StandardStream.output.write)
            }
            guard history.corruptFrameReads == 0 else {
                try StandardStream.error.write(
                    Array("\(history.corruptFrameReads) places cannot be read and are missing: see 'dattss log verify'\n".utf8))
                throw ExitCode(1)
            }
        }
    }
}

/// A moment on the command line: see ``TimeText``; a date alone is its first second in UTC.
struct TimeArgument: ExpressibleByArgument {
    var time: Timestamp

    init?(argument: String) {
        guard let time = TimeText.read(argument.utf8) ?? TimeText.read("\(argument)T00:00:00Z".utf8) else { return nil }
        self.time = time
    }
}
