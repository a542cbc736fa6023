/// One statistic over one push period in one process, as it arrives.
public struct Partial: Sendable, Hashable {
    /// The statistic.
    public var key: StatisticKey
    /// What is known of its samples.
    public var aggregate: Aggregate

    /// Makes a partial of its parts.
    public init(_ key: StatisticKey, _ aggregate: Aggregate) {
        self.key = key
        self.aggregate = aggregate
    }
}

/// The partials that arrive together: one HTTP request, or what a socket's accumulator collected in a second.
public struct Batch: Sendable, Hashable {
    /// In the order in which they were sent; several of one statistic all count.
    public var partials: [Partial]
    /// Who sent it, so that a batch sent again after a lost answer counts once.
    public var origin: Origin?
    /// The name of the sending program, when it says it (`nam`).
    public var process: String?
    /// For how many seconds the sending program has been up, when it says it (`upt`).
    public var uptimeSeconds: Double?

    /// Makes a batch of its parts.
    public init(
        partials: [Partial], origin: Origin? = nil, process: String? = nil, uptimeSeconds: Double? = nil
    ) {
        self.partials = partials
        self.origin = origin
        self.process = process
        self.uptimeSeconds = uptimeSeconds
    }

    /// A client's own number for a batch: `cid` and `seq`.
    public struct Origin: Sendable, Hashable {
        /// `[A-Za-z0-9_.:!-]{1,64}`, random per client process.
        public var client: String
        /// Counts up from 0 or 1 by 1, at most 2^53.
        public var sequence: Int64

        /// Makes an origin of its parts.
        public init(client: String, sequence: Int64) {
            self.client = client
            self.sequence = sequence
        }
    }
}
