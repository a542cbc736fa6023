/// What is to be made durable by whoever has the time, while the lane that it belongs to goes on: the file of the segment that was
/// being written, and the lane's folder.
///
/// The lane keeps the file open until it is told how this ended.
///
/// (Not checked: a file belongs to its lane; but syncing uses nothing of it except the descriptor, which does not change while this is
/// under way.)
public struct PendingSync: @unchecked Sendable {
    let file: (any File)?
    let folder: String?
    let fileSystem: any FileSystem

    /// How long it took.
    public typealias Outcome = Result<Duration, FileSystemError>

    /// Waits for the disk.
    public func run() -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        do throws(FileSystemError) {
            // The file first: when somebody has deleted the folder, it is the file that tells.
            try file?.sync()
            if let folder { try fileSystem.syncDirectory(folder) }
        } catch {
            return .failure(error)
        }
        return .success(clock.now - start)
    }
}
