import DattssCore
import DattssLog
import DattssQuery
import DattssTestSupport
import LibC

/// What ``QueryBench`` asks about: `day`, a sealed day of timers with sketches and as many counters; `year`, the hours of 365 days of
/// 200 counters. Timers have 20 to 1,000 samples a minute, of lognormal distributions.
struct QueryStore {
    let folder: String
    let timers: Int

    static let user = UserID("local") ?? { preconditionFailure("'local' is a user's name") }()
    static let firstDay: Int64 = 20_000
    static let day = Minute(firstDay * Minute.perDay)..<Minute((firstDay + 1) * Minute.perDay)
    static let year = Minute(firstDay * Minute.perDay)..<Minute((firstDay + 365) * Minute.perDay)

    private let fileSystem = POSIXFileSystem()

    init(folder: String, timers: Int) { (self.folder, self.timers) = (folder, timers) }

    func history(_ name: String) throws -> History { try History.open(fileSystem: fileSystem, directory: "\(folder)/\(name)") }

    func prepare() throws {
        if try fileSystem.exists("\(folder)/year") { return }
        try writeDay()
        try writeYear()
    }

    private func writeDay() throws {
        var random = SplitMix64(seed: 1)
        let keys =
            (0..<timers).map { StatisticKey(.counter, "counters.number_\($0)") }
            + (0..<timers).map { StatisticKey(.timer, "timers.number_\($0)") }
        let sources = (0..<timers).map { _ in LognormalTimer(&random) }
        let order = keys.indices.sorted { keys[$0] < keys[$1] }
        try write("day", 0, Int(Minute.perDay), 1) { minute in
            try order.map { position in
                if position >= timers { return Partial(keys[position], try sources[position - timers].aggregate(&random)) }
                return Partial(keys[position], Self.counted(&random))
            }
        }
    }

    private func writeYear() throws {
        var random = SplitMix64(seed: 2)
        let keys = (0..<200).map { StatisticKey(.counter, "counters.number_\($0)") }.sorted()
        for day in 0..<365 {
            try write("year", Int64(day), 24, 60) { _ in keys.map { Partial($0, Self.counted(&random)) } }
        }
        // As if the minutes had expired.
        for name in try fileSystem.list("\(folder)/year/days") { try fileSystem.remove("\(folder)/year/days/\(name)") }
    }

    /// Writes the minutes of a day and seals it.
    private func write(_ name: String, _ day: Int64, _ count: Int, _ step: Int64, _ partials: (Int) throws -> [Partial]) throws {
        let directory = "\(folder)/\(name)"
        try fileSystem.createDirectories(directory, isSynced: false)
        let history = try history(name)
        let lane = MinuteLane(fileSystem: fileSystem, directory: directory, policy: .never, history: history)
        for minute in 0..<count {
            let at = Self.day.lowerBound.advanced(by: day * Minute.perDay + Int64(minute) * step)
            try lane.append(
                MinuteBlock(minute: at, through: nil, users: [UserMinute(user: Self.user, aggregates: try partials(minute))]))
        }
        let sealer = Sealer(fileSystem: fileSystem, directory: directory, history: history, policy: .never)
        _ = try sealer.seal(day: Self.firstDay + day)
        for name in try fileSystem.list("\(directory)/minutes") { try fileSystem.remove("\(directory)/minutes/\(name)") }
    }

    private static func counted(_ random: inout SplitMix64) -> Aggregate {
        let count = Int64.random(in: 1...500, using: &random)
        return Aggregate(sum: Double(count), count: count, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1)
    }
}

/// Sealed files alone, as the engine asks for them.
struct StoredSeries: SeriesSource {
    let history: History
    /// Whether what need not be told apart is merged before it is handed out.
    let merges: Bool

    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
        try history.survey(
            user: QueryStore.user, prefix: request.pathPrefix, minutes: request.minutes, through: nil,
            withSketches: request.withSketches, merging: merges ? request.spans : nil, slot: { sink.slot(of: $0) },
            body: { sink.add($1, isHour: $2, to: $0) }
        ).activeMinutes
    }
}

/// A timer whose samples are lognormal whole milliseconds.
private struct LognormalTimer {
    private let median: Double
    private let sigma: Double
    private let samples: Int

    init(_ random: inout SplitMix64) {
        median = exp(Double.random(in: log(2)...log(500), using: &random))
        sigma = Double.random(in: 0.3...1.2, using: &random)
        samples = Int(exp(Double.random(in: log(20)...log(1000), using: &random)))
    }

    func aggregate(_ random: inout SplitMix64) throws -> Aggregate {
        var accumulator = SampleAccumulator()
        for _ in 0..<samples {
            let (x, y) = (Double.random(in: 1e-9...1, using: &random), Double.random(in: 0...1, using: &random))
            accumulator.add(max(1, (median * exp(sigma * (-2 * log(x)).squareRoot() * cos(2 * .pi * y))).rounded()))
        }
        guard let partial = accumulator.partial(of: .timer) else { throw QueryBenchError.noSamples }
        return partial
    }
}

enum QueryBenchError: Error { case noSamples }
