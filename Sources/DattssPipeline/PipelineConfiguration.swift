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
    public var fileSystem: any FileSystem
    public var clock: any WallClock
    /// How little processor time the thread that seals and lets go wants (Linux, 0 to 19): less than anybody else. The one that
    /// writes minutes wants as little, but not less than keeps up with them.
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
