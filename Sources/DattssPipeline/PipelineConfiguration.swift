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
    /// How little processor time the thread that seals and lets go wants (Linux, 0 to 19): less than anybody else.
    public var housekeepingNiceness: Int32 = 19
    /// How many questions of readers are answered at once, each on a thread of its own; at least 1.
    public var queriesAtOnce = 2
    /// The same as ``housekeepingNiceness`` for these threads.
    public var queryNiceness: Int32 = 0

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
