import DattssCore
import DattssLog
import DattssTestSupport

/// Remembers the calls of a recovery.
struct Recording: RecoveryHandler, Equatable {
    var checkpoints: [Checkpoint] = []
    var blocks: [MinuteBlock] = []
    var batches: [AcceptedBatch] = []
    var covered: [LSN] = []
    var order = ""

    mutating func restore(_ checkpoint: Checkpoint) {
        checkpoints.append(checkpoint)
        order += "c"
    }

    mutating func restore(_ block: MinuteBlock) {
        blocks.append(block)
        order += "b"
    }

    mutating func restore(_ batch: AcceptedBatch, isCovered: Bool) {
        batches.append(batch)
        if isCovered { covered.append(batch.lsn) }
        order += "a"
    }
}

let data = "/data"
let local = UserID("local")!

func recover(_ fileSystem: any FileSystem) throws -> (calls: Recording, report: RecoveryReport) {
    var recording = Recording()
    let report = try Recovery.run(fileSystem: fileSystem, directory: data, into: &recording)
    return (recording, report)
}

func segmentPath(_ lane: Lane, _ sequence: UInt64) -> String {
    LogLayout.path(of: lane, sequence: sequence, in: data)
}

/// Minute 0 of all tests: 2026-11-22T00:00Z.
let midnight = Minute(29_921_760)

func time(_ minute: Int64, _ milliseconds: Int64 = 0) -> Timestamp {
    midnight.advanced(by: minute).start.advanced(byMilliseconds: milliseconds)
}

/// A batch that can be told from others by its number.
func batch(_ number: Int) -> Batch {
    Batch(
        partials: [Partial(StatisticKey(.counter, "n"), Aggregate(sample: Double(number)))],
        origin: Batch.Origin(client: "c", sequence: Int64(number)))
}

func record(_ number: Int, at time: Timestamp) -> (encoded: [UInt8], at: Timestamp) {
    (BatchCodec.encode(user: local, batch: batch(number)), time)
}

/// A block of one statistic whose value is the minute's number.
func block(_ minute: Int64, through: UInt64?, statistics: Int = 1) -> MinuteBlock {
    MinuteBlock(
        minute: midnight.advanced(by: minute), through: through.map { LSN($0) },
        users: [
            UserMinute(
                user: local,
                aggregates: (0..<statistics).map { index in
                    Partial(
                        StatisticKey(.gauge, "s\(10_000 + index)"), Aggregate(sample: Double(minute) + Double(index) / 8))
                })
        ])
}

func checkpoint(_ minute: Int64, through: UInt64) -> Checkpoint {
    Checkpoint(
        at: time(minute), through: LSN(through),
        users: [
            UserCheckpoint(
                user: local,
                totals: [
                    UserCheckpoint.StatisticTotals(
                        key: StatisticKey(.counter, "n"),
                        totals: StatusTotals(sum: 7, last: 1, seen: time(minute), isEmphasised: false))
                ], clients: [])
        ])
}
