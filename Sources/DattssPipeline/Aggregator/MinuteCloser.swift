import DattssCore

/// Works out what statistics keep of a minute that is over, for all users that have many: on a thread of its own, because the event
/// loops, which run the aggregators, have acknowledgements to send.
actor MinuteCloser {
    private nonisolated let executor: BackgroundExecutor
    /// Minutes of no more statistics are not worth the way to that thread.
    nonisolated let settledByLoopsMax: Int
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// What a user sends meanwhile waits for it, so it does not stand back as far as others.
    static let nicenessMax: Int32 = 5

    init(_ configuration: PipelineConfiguration) {
        settledByLoopsMax = configuration.settledByLoopsMax
        executor = BackgroundExecutor("dattss.closing", niceness: min(configuration.housekeepingNiceness, Self.nicenessMax))
    }

    func settlement(of minute: OpenMinute) -> MinuteSettlement { minute.settlement() }
}
