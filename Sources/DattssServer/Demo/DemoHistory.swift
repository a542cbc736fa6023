import DattssCore
import DattssLog
import DattssPipeline

/// Writes days of the demo's past into the log of a folder that has none, before the pipeline opens it.
enum DemoHistory {
    /// - Parameter folder: one that nobody else has open.
    static func write(
        _ shop: DemoShop, into folder: String, _ fileSystem: any FileSystem, policy: SyncMode, days: Int64, until now: Timestamp
    ) throws {
        var ignored = IgnoredRecovery()
        let recovery = try Recovery.run(fileSystem: fileSystem, directory: folder, policy: policy.logPolicy, into: &ignored)
        let lane = MinuteLane(
            fileSystem: fileSystem, directory: folder, state: recovery.minutes, policy: policy.logPolicy)
        let end = now.minute
        for minute in end.advanced(by: -days * Minute.perDay)..<end {
            let user = UserMinute(user: .demo, aggregates: shop.partials(in: minute))
            try lane.append(MinuteBlock(minute: minute, through: nil, users: [user]))
        }
        try lane.sync()
    }
}

extension SyncMode {
    fileprivate var logPolicy: SyncPolicy { self == .never ? .never : .whenAsked }
}

/// Only where the lanes go on matters here.
private struct IgnoredRecovery: RecoveryHandler {
    func restore(_ checkpoint: Checkpoint) {}
    func restore(_ block: MinuteBlock) {}
    func restore(_ batch: AcceptedBatch, isCovered: Bool) {}
}
