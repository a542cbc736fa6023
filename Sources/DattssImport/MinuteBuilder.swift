public import DattssCore
public import DattssLog

/// Makes minute blocks out of the samples of files.
///
///     for file in files {
///         builder.add(sample)                      as often as there are samples, in any order
///         builder.endFile()
///     }
///     builder.blocks(for: user)
///
/// A sample of a day whose minutes are not kept any more is one of its hour, as the hours of the log are: an aggregate at the hour's first
/// minute, of which the server keeps the hour. The days are those by which the server lets go of minutes, so no hour is half in one and half
/// in the other.
///
/// A file that is shifted to now is moved by whole minutes: so that its last sample lies in the minute that ends up to
/// now or, by its second, in the one before. Then a minute's samples stay together wherever they are moved to, and the file
/// is read once: the shift, known at its end only, is an addition to the minutes' numbers. Hours would have to be known before, so of
/// such a file there are minutes only.
///
/// Memory is bounded by what is distinct in the retention: of a file that is shifted, minutes that lie so far before a file's last one that they
/// cannot be kept are let go of as it is read. Samples outside the retention, and samples of the future, are counted.
/// First and last of a minute follow the order of the file.
public struct MinuteBuilder {
    private let now: Timestamp
    private let retentionMinutes: Int64
    private let shiftsToNow: Bool
    /// The first minute of the days whose minutes, and whose hours, are kept.
    private let firstMinute: Minute
    private let firstHour: Minute
    private var hours: [Minute: [StatisticKey: SampleAccumulator]] = [:]
    private var open: [Minute: [StatisticKey: SampleAccumulator]] = [:]
    private var samplesOfMinute: [Minute: Int] = [:]
    private var lastSample: Timestamp?
    private var done: [Minute: [StatisticKey: MergingAggregate]] = [:]
    /// Samples that are in the minutes and hours.
    public private(set) var kept = 0
    /// Those of them that are only in hours.
    public private(set) var keptInHours = 0
    /// Samples before the retention, which are left out.
    public private(set) var tooOld = 0
    /// Samples of minutes that have not begun, which are left out.
    public private(set) var inFuture = 0

    /// - Parameters:
    ///   - limits: for how many days before today the server keeps minutes and hours.
    ///   - shiftsToNow: moves each file so that its last sample lies in the minute that ends up to now, or in the one before.
    ///   - retentionMinutes: how far before `now` samples of such a file are kept; nil is as many days as minutes are.
    public init(
        now: Timestamp, limits: Retention.Limits = Retention.Limits(), shiftsToNow: Bool = false, retentionMinutes: Int64? = nil
    ) {
        self.now = now
        self.shiftsToNow = shiftsToNow
        self.retentionMinutes = retentionMinutes ?? limits.minuteDays * Minute.perDay
        let today = now.minute.day
        firstMinute = Minute((today - limits.minuteDays) * Minute.perDay)
        firstHour = min(firstMinute, Minute((today - limits.hourDays) * Minute.perDay))
    }

    /// Adds a sample of the file that is being read.
    public mutating func add(_ sample: ImportSample) {
        let minute = sample.at.minute
        guard shiftsToNow else { return addInPlace(sample, minute) }
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

    /// Adds a sample of a file that is not moved.
    private mutating func addInPlace(_ sample: ImportSample, _ minute: Minute) {
        if minute > now.minute {
            inFuture += 1
        } else if minute >= firstMinute {
            kept += 1
            open[minute, default: [:]][sample.key, default: SampleAccumulator()].add(sample.value)
        } else if minute >= firstHour {
            (kept, keptInHours) = (kept + 1, keptInHours + 1)
            let hour = Minute(minute.index.flooredQuotient(by: 60) * 60)
            hours[hour, default: [:]][sample.key, default: SampleAccumulator()].add(sample.value)
        } else {
            tooOld += 1
        }
    }

    /// Ends a file: what it has in the retention is kept, the rest is counted.
    /// - Returns: by how many minutes it was moved.
    @discardableResult
    public mutating func endFile() -> Int64 {
        defer { (open, hours, samplesOfMinute, lastSample) = ([:], [:], [:], nil) }
        guard shiftsToNow else {
            for (minute, accumulators) in hours { keep(accumulators, minute) }
            for (minute, accumulators) in open { keep(accumulators, minute) }
            return 0
        }
        let shift = lastSample.map { (now.milliseconds - $0.milliseconds).flooredQuotient(by: 60_000) } ?? 0
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
        return shift
    }

    /// How many of the blocks are hours.
    public var hourCount: Int { done.keys.count { $0 < firstMinute } }

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
