import DattssCore
import DattssLog
import DattssTestSupport
import LibC

/// What ``MovedBench`` asks about: `blocks`, five hours and twenty minutes of minute blocks; `sealed`, a whole day, sealed.
struct MovedStore {
    let folder: String
    let count: Int

    static let user = UserID("local") ?? { preconditionFailure("'local' is a user's name") }()
    static let names = ["blocks", "sealed"]
    private static let day: Int64 = 20_000
    private static let blockMinutes = 320
    private static let movedMinutes = 60

    private let fileSystem = POSIXFileSystem()

    init(folder: String, count: Int) { (self.folder, self.count) = (folder, count) }

    static func end(of name: String) -> Minute {
        Minute(day * Minute.perDay + (name == "blocks" ? Int64(blockMinutes) : Minute.perDay))
    }

    func history(_ name: String) throws -> History { try History.open(fileSystem: fileSystem, directory: "\(folder)/\(name)") }

    func prepare() throws {
        if try fileSystem.exists("\(folder)/whole") { return }
        try write("blocks", minutes: Self.blockMinutes)
        let history = try write("sealed", minutes: Int(Minute.perDay))
        let directory = "\(folder)/sealed"
        _ = try Sealer(fileSystem: fileSystem, directory: directory, history: history, policy: .never).seal(day: Self.day)
        for name in try fileSystem.list("\(directory)/minutes") { try fileSystem.remove("\(directory)/minutes/\(name)") }
        try fileSystem.createDirectories("\(folder)/whole", isSynced: false)
    }

    @discardableResult
    private func write(_ name: String, minutes: Int) throws -> History {
        var random = SplitMix64(seed: 1)
        var statistics = (0..<count).map { MovedStatistic($0, &random) }.sorted { $0.key < $1.key }
        let directory = "\(folder)/\(name)"
        try fileSystem.createDirectories(directory, isSynced: false)
        let history = try history(name)
        let lane = MinuteLane(fileSystem: fileSystem, directory: directory, policy: .never, history: history)
        for minute in 0..<minutes {
            let isMoved = minute >= minutes - Self.movedMinutes
            let partials = statistics.indices.compactMap { position in
                statistics[position].aggregate(isMoved: isMoved, &random).map { Partial(statistics[position].key, $0) }
            }
            let at = Self.end(of: name).advanced(by: Int64(minute - minutes))
            try lane.append(MinuteBlock(minute: at, through: nil, users: [UserMinute(user: Self.user, aggregates: partials)]))
        }
        return history
    }
}

/// A statistic that is sent in each minute, or, if it is a rare counter, in some.
private struct MovedStatistic {
    let key: StatisticKey
    /// By what it is multiplied in the last hour.
    private let factor: Double
    private let level: Double
    private let samples: Int
    private let isRare: Bool
    private var drift = 0.0

    init(_ number: Int, _ random: inout SplitMix64) {
        let kind: Kind = [.counter, .counter, .counter, .gauge, .timer][number % 5]
        // One in a thousand.
        let moves = number % 1000 < 5 && number % 5 == (number / 1000) % 5
        factor = moves ? 3 : 1
        let prefix = moves ? "moves" : "shop"
        key = StatisticKey(
            kind,
            "\(prefix).service_\(number % 40).\(["requests", "errors", "bytes", "queue", "time"][number % 5]).number_\(number)")
        level = exp(Double.random(in: log(5)...log(500), using: &random))
        samples = Int.random(in: 5...40, using: &random)
        isRare = number % 5 == 1 && !moves
    }

    mutating func aggregate(isMoved: Bool, _ random: inout SplitMix64) -> Aggregate? {
        let factor = isMoved ? factor : 1
        drift = drift * 0.95 + Double.random(in: -0.05...0.05, using: &random)
        let value = level * factor * (1 + drift)
        switch key.kind {
        case .counter:
            if isRare, random.next() % 8 != 0 { return nil }
            let count = max(1, Int64(value + Double.random(in: -1...1, using: &random) * value.squareRoot()))
            return Aggregate(sum: Double(count), count: count, max: 1, min: 1, first: 1, last: 1, bottom: 1, top: 1)
        case .gauge:
            return Aggregate(sample: (value * 100).rounded() / 100)
        case .timer:
            var accumulator = SampleAccumulator()
            for _ in 0..<samples { accumulator.add((value * Double.random(in: 0.5...2, using: &random)).rounded()) }
            return accumulator.partial(of: .timer)
        }
    }
}
