import ArgumentParser
import DattssCore
import DattssLog
import DattssServer

/// Writes imported minutes into the log of a data folder that no server has open.
///
/// The user `local` is made when the folder has no users yet; any other must be there.
func writeImported(_ blocks: [MinuteBlock], dataDirectory: String) throws {
    let fileSystem = POSIXFileSystem()
    let lock = try lockFolder(dataDirectory, fileSystem)
    defer { lock.release() }
    let accounts = try Accounts(directory: dataDirectory)
    if try accounts.users().isEmpty { try accounts.add(.local, at: SystemClock().now()) }
    for user in Set(blocks.flatMap { $0.users.map(\.user) }) where accounts.key(of: user) == nil {
        throw ValidationError("there is no user '\(user)': make it with 'dattss user add \(user)'")
    }
    var ignored = IgnoredRecovery()
    let recovery = try Recovery.run(fileSystem: fileSystem, directory: dataDirectory, into: &ignored)
    let lane = MinuteLane(fileSystem: fileSystem, directory: dataDirectory, state: recovery.minutes)
    for block in blocks { try lane.append(block) }
    try lane.sync()
}

private func lockFolder(_ directory: String, _ fileSystem: POSIXFileSystem) throws -> any FileLock {
    let attempt = Result { () throws(LogError) in try DataFolder.lock(directory, fileSystem: fileSystem) }
    if case .failure(let error) = attempt, error.fileSystemError?.isLockedByAnother ?? false {
        throw ValidationError("a server runs on \(directory): end it first, import, then start it again")
    }
    return try attempt.get()
}

/// Only where the lanes go on matters here.
private struct IgnoredRecovery: RecoveryHandler {
    func restore(_ checkpoint: Checkpoint) {}
    func restore(_ block: MinuteBlock) {}
    func restore(_ batch: AcceptedBatch, isCovered: Bool) {}
}
