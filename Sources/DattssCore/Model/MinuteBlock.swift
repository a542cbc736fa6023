/// The position of an accepted batch in the log: 1, 2, 3, … in the order in which batches were written, over all
/// users and for the life of a data folder. 0 is before the first.
public struct LSN: Sendable, Hashable, Comparable {
    /// The position as a number.
    public var value: UInt64

    /// Makes a position of a number.
    public init(_ value: UInt64) { self.value = value }

    /// The position before the first batch.
    public static let zero = LSN(0)
    public static func < (a: LSN, b: LSN) -> Bool { a.value < b.value }
    /// The position `count` batches later.
    public func advanced(by count: Int) -> LSN { LSN(value + UInt64(count)) }
}

/// One minute of one user: the aggregates, and how far each client that sent in it had come.
public struct UserMinute: Sendable, Hashable {
    /// Whose minute it is.
    public var user: UserID
    /// Sorted by key, each key once.
    public var aggregates: [Partial]
    /// The sequence windows, at the end of the minute, of the clients that sent in it; sorted by client.
    public var clients: [ClientWindow]

    /// Makes the minute of a user of its parts.
    public init(user: UserID, aggregates: [Partial], clients: [ClientWindow] = []) {
        self.user = user
        self.aggregates = aggregates
        self.clients = clients
    }
}

/// What is known of one client process: see ``SequenceWindow``.
public struct ClientWindow: Sendable, Hashable {
    /// The client process, by the name that it gave itself (`cid`).
    public var client: String
    /// Which of its batches were taken in.
    public var window: SequenceWindow

    /// Makes a client of its parts.
    public init(client: String, window: SequenceWindow) {
        self.client = client
        self.window = window
    }
}

/// All minute aggregates of one closed minute.
///
/// `through` says which accepted batches it was made of: all up to this one that no earlier block covers. So the last
/// block's `through` tells replay where to go on, and nothing is counted twice. An imported block has none.
/// A minute may have several blocks: one that a shutdown cut off, one after the restart, imports. Readers merge them
/// in the order in which they were written.
public struct MinuteBlock: Sendable, Hashable {
    /// The minute that is closed.
    public var minute: Minute
    /// The last accepted batch that is contained; nil for an imported block.
    public var through: LSN?
    /// Sorted by user, each user once.
    public var users: [UserMinute]

    /// Makes a block of its parts.
    public init(minute: Minute, through: LSN?, users: [UserMinute]) {
        self.minute = minute
        self.through = through
        self.users = users
    }
}

/// What a status needs to go on after a restart: the totals of one statistic of one user.
public struct StatusTotals: Sendable, Hashable {
    /// The sum of all samples ever.
    public var sum: Double
    /// The last sample.
    public var last: Double
    /// When the last sample arrived.
    public var seen: Timestamp
    /// Whether the last minute with samples was emphasised.
    public var isEmphasised: Bool
    /// The minute since which the sum counts: the first with samples, or the first after the totals were given up. nil in totals of
    /// a checkpoint that does not say.
    public var since: Minute?

    /// Makes totals of their parts.
    public init(sum: Double, last: Double, seen: Timestamp, isEmphasised: Bool, since: Minute? = nil) {
        self.sum = sum
        self.last = last
        self.seen = seen
        self.isEmphasised = isEmphasised
        self.since = since
    }
}

/// The totals of all statistics and the windows of all clients of one user.
public struct UserCheckpoint: Sendable, Hashable {
    /// Whose state it is.
    public var user: UserID
    /// Each key once; sorted by key in a ``Checkpoint``, as `clients` are.
    public var totals: [StatisticTotals]
    /// Which batches of each client were taken in.
    public var clients: [ClientWindow]

    /// The totals of one statistic.
    public struct StatisticTotals: Sendable, Hashable {
        /// The statistic.
        public var key: StatisticKey
        /// What its status needs.
        public var totals: StatusTotals

        /// Makes the totals of a statistic of their parts.
        public init(key: StatisticKey, totals: StatusTotals) {
            self.key = key
            self.totals = totals
        }
    }

    /// Makes the state of a user of its parts.
    public init(user: UserID, totals: [StatisticTotals], clients: [ClientWindow]) {
        self.user = user
        self.totals = totals
        self.clients = clients
    }

    /// The same with its totals and clients in their order.
    public var sorted: UserCheckpoint {
        UserCheckpoint(
            user: user, totals: totals.sorted { $0.key < $1.key }, clients: clients.sorted { $0.client < $1.client })
    }
}

/// The state that all minute blocks up to `through` lead to, so that replay starts here and older blocks can go.
public struct Checkpoint: Sendable, Hashable {
    /// When it was taken.
    public var at: Timestamp
    /// All accepted batches up to this one are contained.
    public var through: LSN
    /// Sorted by user, each user once.
    public var users: [UserCheckpoint]

    /// Makes a checkpoint of its parts.
    public init(at: Timestamp, through: LSN, users: [UserCheckpoint]) {
        self.at = at
        self.through = through
        self.users = users
    }
}
