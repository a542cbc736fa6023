/// Every bound on what one sender can make the server do. All are settings; all are counted when they bite.
public struct Limits: Sendable, Hashable {
    /// The size of a request's body after decompression.
    public var bodyBytes = 1 << 20
    /// How many partials a batch may have.
    public var partialsPerBatch = 10_000
    /// Statistics of one user that are in memory at once.
    public var liveStatisticsPerUser = 20_000
    /// How many bytes of a datagram are read.
    public var datagramBytes = 65_536
    /// From the first byte of a request to its last.
    public var requestSeconds = 15
    /// HTTP connections that may be open; fewer where the system gives fewer descriptors.
    public var connections = 10_000
    /// The same from one address, or one network of IPv6 (/64); nil for half of those that may be open.
    public var connectionsPerAddress: Int?
    /// What the server may take of memory beside the statistics of its users; see ``init(memoryBytes:)`` for how it is shared out.
    public var memoryBytes = Self.standardMemoryBytes
    /// Bytes of bodies that are on their way, of all connections together.
    public var uploadBytes = 128 << 20
    /// Bytes of large answers that wait for their readers, of all connections together.
    public var unsentBytes = 64 << 20
    /// Partials of one user that were taken in but are not aggregated yet; more are answered 503.
    public var queuedPartialsPerUser = 200_000
    /// The same, of all users together.
    public var queuedPartials = 1_000_000
    /// Questions (status, series, days) that wait to be answered, of all users together; more are answered 503.
    public var queuedQueries = 512
    /// The same of one user; more are answered 429.
    public var queuedQueriesPerUser = 64
    /// Client processes of one user whose last sequence numbers are remembered.
    public var clientsPerUser = 10_000
    /// A statistic that nobody sent for this long leaves memory, and the status with it, at one of its user's next ends of a minute;
    /// a user who sends nothing has these once an hour. Its totals stay, and it comes back with them.
    public var idleSeconds: Int64 = 86_400

    /// Statistics of one user of which only the totals are kept; of more, those that have been silent longest are forgotten.
    public var dormantStatisticsPerUser = 100_000

    /// The defaults.
    public init() {}
}
