import DattssCore

/// A set of numbered batches that survives being summed: each batch is a digit in base 4 of one of many counters, so what
/// a sum was made of can be read back from it, up to three times each.
///
///     batch n   →   counter tally.⌊n / 26⌋ of user n mod 2, one sample of 4^(n mod 26)          (4^26 = 2^52)
///     sum 4^0 + 4^3 + 4^3   →   batch 0 once, batch 3 twice
struct Tally: Equatable {
    /// How often each batch is in.
    private(set) var counts: [Int: Int] = [:]

    static let users = ["alice", "bob"].compactMap { UserID($0) }
    private static let digits = 26

    mutating func add(_ batch: Int) { counts[batch, default: 0] += 1 }

    mutating func add(_ other: Tally) {
        for (batch, count) in other.counts { counts[batch, default: 0] += count }
    }

    /// Takes in what a sum was made of; another statistic than a tally's is nothing.
    mutating func add(sum: Double, of key: StatisticKey, user: UserID) {
        guard key.path.hasPrefix("tally."), let group = Int(key.path.dropFirst(6)), let owner = Self.users.firstIndex(of: user),
            var rest = UInt64(exactly: sum)
        else { return }
        for digit in 0..<Self.digits where rest > 0 {
            let batch = (group * Self.digits + digit) * Self.users.count + owner
            if rest & 3 > 0 { counts[batch, default: 0] += Int(rest & 3) }
            rest >>= 2
        }
        // More than the digits hold: nobody wrote this.
        if rest > 0 { counts[.max, default: 0] += 1 }
    }

    static func owner(of batch: Int) -> UserID { users[batch % users.count] }

    /// The statistic and the sample of a batch.
    static func sample(of batch: Int) -> (key: StatisticKey, value: Double) {
        let position = batch / users.count
        return (StatisticKey(.counter, "tally.\(position / digits)"), Double(UInt64(1) << (2 * UInt64(position % digits))))
    }

    /// The aggregates of one user in which every batch of the tally is contained, sorted by key.
    func aggregates(of user: UserID) -> [Partial] {
        var accumulators: [StatisticKey: SampleAccumulator] = [:]
        for (batch, count) in counts.sorted(by: { $0.key < $1.key }) where Self.owner(of: batch) == user {
            let (key, value) = Self.sample(of: batch)
            for _ in 0..<count { accumulators[key, default: SampleAccumulator()].add(value) }
        }
        return accumulators.sorted { $0.key < $1.key }.compactMap { key, accumulator in
            accumulator.partial(of: .counter).map { Partial(key, $0) }
        }
    }

    /// All statistics in which batches up to one may be.
    static func keys(through batch: Int) -> [StatisticKey] {
        (0...batch / users.count / digits).map { StatisticKey(.counter, "tally.\($0)") }
    }
}
