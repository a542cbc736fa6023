public import DattssCore
public import DattssLog

/// What a pipeline is made with.
public struct PipelineConfiguration: Sendable {
    /// The data folder; `accepted/` and `minutes/` lie in it.
    public var directory: String
    public var syncMode: SyncMode
    public var limits: Limits
    /// How long what is kept, and of whom nothing; asked at every pass.
    public var retention: @Sendable () -> Retention
    /// Told of a deleted user of whom no file holds anything any more.
    public var onErased: @Sendable (UserID) -> Void
    /// Told of every sealed file that the retention deletes or writes anew, when that is done.
    public var onDeletion: @Sendable (RetentionDeletion) -> Void = { _ in }
    /// Told when the clock is found to be beside what has passed, and when that is over.
    public var onClockNews: @Sendable (ConfirmedTime.News, ConfirmedTime) -> Void = { _, _ in }
    /// Whether an operator says that the clock is right: what it makes old is deleted at once.
    public var trustsClock = false
    public var fileSystem: any FileSystem
    public var clock: any WallClock
    /// How little processor time the thread that seals and lets go wants (Linux, 0 to 19): less than anybody else.
    public var housekeepingNiceness: Int32 = 19

    public init(
        directory: String, syncMode: SyncMode = .second, limits: Limits = Limits(),
        retention: @escaping @Sendable () -> Retention = { Retention() },
        onErased: @escaping @Sendable (UserID) -> Void = { _ in }, fileSystem: any FileSystem,
        clock: any WallClock
    ) {
        self.directory = directory
        self.syncMode = syncMode
        self.limits = limits
        self.retention = retention
        self.onErased = onErased
        self.fileSystem = fileSystem
        self.clock = clock
    }
}
