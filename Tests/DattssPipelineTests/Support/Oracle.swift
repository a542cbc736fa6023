import DattssCore

/// What the pipeline must come to, the naive way: every sample is kept, and everything is computed at the end.
struct Oracle {
    struct Sample {
        var user: UserID
        var key: StatisticKey
        var value: Double
        var minute: Minute
    }

    private(set) var samples: [Sample] = []
    private var seen: Set<String> = []

    /// A batch as its sender built it: the samples of each statistic. Counts once, however often it is sent.
    mutating func accept(_ batch: [(key: StatisticKey, values: [Double])], of user: UserID, id: String, at minute: Minute) {
        guard seen.insert("\(user) \(id)").inserted else { return }
        for (key, values) in batch {
            samples += values.map { Sample(user: user, key: key, value: $0, minute: minute) }
        }
    }

    func total(_ key: StatisticKey, of user: UserID) -> Double {
        samples.reduce(0) { $1.user == user && $1.key == key ? $0 + $1.value : $0 }
    }

    func last(_ key: StatisticKey, of user: UserID) -> Double? {
        samples.last { $0.user == user && $0.key == key }?.value
    }

    func values(_ key: StatisticKey, of user: UserID) -> [(minute: Minute, values: [Double])] {
        let mine = samples.filter { $0.user == user && $0.key == key }
        return Set(mine.map(\.minute)).sorted().map { minute in
            (minute, mine.filter { $0.minute == minute }.map(\.value))
        }
    }

    func keys(of user: UserID) -> Set<StatisticKey> {
        Set(samples.filter { $0.user == user }.map(\.key))
    }
}
