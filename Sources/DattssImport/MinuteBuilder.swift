public import DattssCore

/// Makes minute blocks out of the samples of files.
///
///     for file in files {
///         builder.add(sample)                      as often as there are samples, in any order
///         builder.endFile(shiftingToNow: true)
///     }
///     builder.blocks(for: user)
///
/// A file that is shifted to now is moved by whole minutes: so that its last sample lies in the minute that ends up to
/// now or, by its second, in the one before. Then a minute's samples stay together wherever they are moved to, and the file
/// is read once: the shift, known at its end only, is an addition to the minutes' numbers.
///
/// Memory is bounded by what is distinct in the retention: minutes that lie so far before a file's last one that they
/// cannot be kept are let go of as it is read. Samples outside the retention, and samples of the future, are counted.
/// First and last of a minute follow the order of the file.
public struct MinuteBuilder {
    private let now: Timestamp
    private let retentionMinutes: Int64
    private var open: [Minute: [StatisticKey: SampleAccumulator]] = [:]
    private var samplesOfMinute: [Minute: Int] = [:]
    private var lastSample: Timestamp?
    private var done: [Minute: [StatisticKey: MergingAggregate]] = [:]
    /// Samples that are in the minutes.
    public private(set) var kept = 0
    /// Samples before the retention, which are left out.
    public private(set) var tooOld = 0
    /// Samples of minutes that have not begun, which are left out.
    public private(set) var inFuture = 0

    /// How many days are kept where nothing else is asked for.
    public static let retentionDays: Int64 = 8

    /// - Parameter retentionMinutes: how far before `now` samples are kept.
    public init(now: Timestamp, retentionMinutes: Int64 = retentionDays * Minute.perDay) {
        self.now = now
        self.retentionMinutes = retentionMinutes
    }

    /// Adds a sample of the file that is being read.
    public mutating func add(_ sample: ImportSample) {
        let minute = sample.at.minute
        let latest = lastSample.map { max($0, sample.at) } ?? sample.at
        // Two minutes more than are kept in the end: the shift is rounded, and now is anywhere in its minute.
        guard minute.index >= latest.minute.index - retentionMinutes - 2 else {
            tooOld += 1
            return
        }
        if let lastSample, latest.minute > lastSample.minute { forget(before: latest.minute) }
        lastSample = latest
        open[minute, default: [:]][sample.key, default: SampleAccumulator()].add(sample.value)
        samplesOfMinute[minute, default: 0] += 1
    }

    /// Ends a file: what it has in the retention is kept, the rest is counted.
    /// - Returns: by how many minutes it was moved.
    @discardableResult
    public mutating func endFile(shiftingToNow shifts: Bool) -> Int64 {
        let shift = shifts ? lastSample.map { (now.milliseconds - $0.milliseconds).flooredQuotient(by: 60_000) } ?? 0 : 0
        for (fileMinute, accumulators) in open {
            let minute = fileMinute.advanced(by: shift)
            let samples = samplesOfMinute[fileMinute] ?? 0
            if minute > now.minute {
                inFuture += samples
            } else if minute.index < now.minute.index - retentionMinutes {
                tooOld += samples
            } else {
                kept += samples
                keep(accumulators, minute)
            }
        }
        open = [:]
        samplesOfMinute = [:]
        lastSample = nil
        return shift
    }

    /// Everything that was kept, sorted by minute. Several files' aggregates of one statistic are merged.
    public func blocks(for user: UserID) -> [MinuteBlock] {
        done.sorted { $0.key < $1.key }.map { minute, aggregates in
            let partials = aggregates.map { Partial($0.key, $0.value.merged) }.sorted { $0.key < $1.key }
            return MinuteBlock(minute: minute, through: nil, users: [UserMinute(user: user, aggregates: partials)])
        }
    }

    private mutating func keep(_ accumulators: [StatisticKey: SampleAccumulator], _ minute: Minute) {
        for (key, accumulator) in accumulators {
            guard let aggregate = accumulator.partial(of: key.kind) else { continue }
            if done[minute]?[key] == nil {
                done[minute, default: [:]][key] = MergingAggregate(aggregate)
            } else {
                done[minute]?[key]?.merge(aggregate)
            }
        }
    }

    private mutating func forget(before latest: Minute) {
        let first = Minute(latest.index - retentionMinutes - 2)
        // A walk over all minutes for each new one would be quadratic: it waits until an eighth can go.
        guard open.count > Int(retentionMinutes) / 8 * 9 + 64 else { return }
        for minute in open.keys where minute < first {
            open[minute] = nil
            tooOld += samplesOfMinute.removeValue(forKey: minute) ?? 0
        }
    }
}
