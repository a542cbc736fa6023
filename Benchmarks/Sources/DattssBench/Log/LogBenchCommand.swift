import ArgumentParser
import DattssLog
import FoundationEssentials

/// `dattss-bench log`
struct LogBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Measures sizes and speeds of the log, and prints a Markdown table.",
        discussion: """
            The data is made up, by a seeded generator: 100 statistics over 8 days, half of them counters, 40 % timers, \
            10 % gauges. Every figure stands beside its target and, where there is something to compare with, beside what \
            that takes in the same run. Rates are a second of CPU time, so that other programs disturb them little.

              sizes      bytes an aggregate and a sketch, sealed and unsealed; sealing; replay; about two minutes
              roundtrip  export as CSV, import, and comparison of every bit
              delay      acknowledgements while days are sealed beside them; a minute
              store      start and questions on 8 days of 20,000 statistics; making them takes a quarter of an hour, once, when \
            --store names a folder to keep them in
              series     the real series of --data, files of lines timestamp,value

              dattss-bench log --quick
              dattss-bench log store --store /var/tmp/store
            """)

    enum Part: String, ExpressibleByArgument, CaseIterable { case sizes, roundtrip, delay, store, series }

    @Argument(help: "What to measure (default: all; series only with --data).") var parts: [Part] = []
    @Flag(help: "One day, and a small store: seconds, for trying that all works.") var quick = false
    @Option(help: "The seed of the made-up data.") var seed: UInt64 = 1
    @Option(help: "Statistics (default: 100, or 50 with --quick).") var statistics: Int?
    @Option(help: "Days (default: 8, or 1 with --quick).") var days: Int?
    @Option(help: "Statistics of the store (default: 20,000, or 500 with --quick).") var storeStatistics: Int?
    @Option(help: "Where the store is made, or is already (default: a folder that is deleted afterwards).") var store: String?
    @Option(help: "A folder of CSV files of real series.") var data: String?

    func validate() throws {
        for value in [statistics, days, storeStatistics].compactMap(\.self) where value < 1 {
            throw ValidationError("expected at least 1, found \(value)")
        }
    }

    func run() async throws {
        let wanted = parts.isEmpty ? Part.allCases : parts
        let days = days ?? (quick ? 1 : 8)
        let generator = SampleStatistics(seed: seed, statistics: statistics ?? (quick ? 50 : 100), withSketches: true)
        try await BenchFolder.withTemporary { temporary in
            let table = FigureTable()
            if wanted.contains(.sizes) || wanted.contains(.roundtrip) {
                var sizes = SizeBench(generator, days: days, in: temporary)
                try sizes.writeMinutes()
                if wanted.contains(.sizes) {
                    table.add(try ReplayBench.minutes(sizes.plain))
                    table.add(
                        try ReplayBench.accepted(
                            generator, partials: quick ? 100_000 : 2_000_000,
                            in: BenchFolder(directory: temporary + "/accepted")))
                }
                let sealing =
                    try MeasuredSealing.figures(of: sizes.plain, "\(sizes.aggregates) aggregates")
                    + MeasuredSealing.figures(of: sizes.sketched, "with sketches")
                if wanted.contains(.sizes) { table.add(sealing + (try sizes.figures())) }
                if wanted.contains(.roundtrip) {
                    table.add(try RoundTripBench.figures(of: sizes.sketched, in: temporary))
                }
            }
            if wanted.contains(.delay) {
                table.add(
                    try DelayBench.figures(
                        generator, statistics: quick ? 50 : 1000, days: quick ? 1 : 4, in: temporary + "/delay"))
            }
            if wanted.contains(.store) {
                let bench = StoreBench(
                    folder: BenchFolder(directory: store ?? temporary + "/store"),
                    statistics: storeStatistics ?? (quick ? 500 : 20_000), days: days)
                try bench.prepare()
                table.add(try bench.figures())
            }
            if let data, wanted.contains(.series) { table.add(try SeriesBench.figures(of: data, in: temporary)) }
        }
    }
}
