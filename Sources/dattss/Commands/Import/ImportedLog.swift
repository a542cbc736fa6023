import ArgumentParser
import DattssCore
import DattssLog
import DattssServer

/// The log of a data folder that no server has open, for writing imported minutes into.
///
/// The user `local` is made when the folder has no users yet; any other must be there.
final class ImportedLog {
    private let lock: any FileLock
    private let lane: MinuteLane
    private let transaction: ImportTransaction

    /// Locks the folder until the log is let go.
    init(_ directory: String, for user: UserID) throws {
        let fileSystem = POSIXFileSystem()
        lock = try unlessLocked(directory) { () throws(LogError) in
            try DataFolder.lock(directory, fileSystem: fileSystem)
        }
        let accounts = try Accounts(directory: directory)
        if try accounts.users().isEmpty { try accounts.add(.local, at: SystemClock().now()) }
        guard accounts.key(of: user) != nil else {
            throw CommandFailure(.noUser, "there is no user '\(user)'", "make it with 'dattss user add \(user)'")
        }
        var ignored = IgnoredRecovery()
        let recovery = try Recovery.run(fileSystem: fileSystem, directory: directory, into: &ignored)
        transaction = try ImportTransaction(beginningIn: directory, at: recovery.minutes, fileSystem: fileSystem)
        lane = MinuteLane(fileSystem: fileSystem, directory: directory, state: recovery.minutes)
    }

    deinit { lock.release() }

    func append(_ blocks: [MinuteBlock]) throws {
        for block in blocks { try lane.append(block) }
    }

    /// Only now all of it is there, and survives a power loss. Without this it is as if there had been no import.
    func commit() throws {
        try lane.sync()
        try transaction.commit()
    }
}

/// Only where the lanes go on matters here.
private struct IgnoredRecovery: RecoveryHandler {
    func restore(_ checkpoint: Checkpoint) {}
    func restore(_ block: MinuteBlock) {}
    func restore(_ batch: AcceptedBatch, isCovered: Bool) {}
}
