public import DattssCore
public import DattssLog

/// What a pipeline is made with.
public struct PipelineConfiguration: Sendable {
    /// The data folder; `accepted/` and `minutes/` lie in it.
    public var directory: String
    /// When what is written has to be on the disk, and not only with the kernel.
    public var syncMode: SyncMode
    /// How much of everything may be under way or in memory.
    public var limits: Limits
    /// Answers at every pass of the housekeeping how long each user's minutes and hours are kept, and which users are deleted.
    public var retention: @Sendable () -> Retention
    /// Called with a deleted user when no file holds anything of that user any more.
    public var onErased: @Sendable (UserID) -> Void
    /// Told of every sealed file that the retention deletes or writes anew, when that is done.
    public var onDeletion: @Sendable (RetentionDeletion) -> Void = { _ in }
    /// Told when the clock is found to be beside what has passed, and when that is over.
    public var onClockNews: @Sendable (ConfirmedTime.News, ConfirmedTime) -> Void = { _, _ in }
    /// Whether an operator says that the clock is right: what it makes old is deleted at once.
    public var trustsClock = false
    /// Where the files lie: the machine's own file system, or one that a test made up.
    public var fileSystem: any FileSystem
    /// What time it is, for the minutes that samples belong to and for everything that happens after some time.
    public var clock: any WallClock
    /// How far the thread that seals and deletes stands back behind all others (niceness on Linux, from 0 to 19). The one that writes
    /// minutes does so too, but not further than lets it keep up with them.
    public var housekeepingNiceness: Int32 = 19
    /// How many statistics of a minute that is over an event loop works out by itself: a millisecond's worth. What a user has more of
    /// is left to a thread.
    package var settledByLoopsMax = 500
    /// Whether all statistics are watched for what is unusual, which keeps one to two kilobytes more of each.
    public var watchesUnusual = true
    /// How many questions of readers are answered at once, each on a thread of its own; at least 1.
    public var queriesAtOnce = 2
    /// The same as ``housekeepingNiceness`` for these threads.
    public var queryNiceness: Int32 = 0
    /// Names where the aggregator of a user runs; by default that is where all tasks do.
    public var aggregating: @Sendable () -> (any TaskExecutor)? = { nil }

    /// A configuration with these values, and with ``housekeepingNiceness`` at its most polite.
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
