public import DattssCore
public import DattssLog

/// What a pipeline is made with.
public struct PipelineConfiguration: Sendable {
    /// The data folder; `accepted/` and `minutes/` lie in it.
    public var directory: String
    public var syncMode: SyncMode
    public var limits: Limits
    /// For how many days minutes are kept.
    public var retentionDays: Int64
    public var fileSystem: any FileSystem
    public var clock: any WallClock

    public init(
        directory: String, syncMode: SyncMode = .second, limits: Limits = Limits(), retentionDays: Int64 = 8,
        fileSystem: any FileSystem, clock: any WallClock
    ) {
        self.directory = directory
        self.syncMode = syncMode
        self.limits = limits
        self.retentionDays = retentionDays
        self.fileSystem = fileSystem
        self.clock = clock
    }
}
