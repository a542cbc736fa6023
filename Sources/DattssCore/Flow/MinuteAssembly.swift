/// Puts a minute together out of what each user's aggregator closed.
///
///     minuteEnded(edge 7, 3 users) ──► closed(7, a) ──► closed(7, c) ──► closed(7, b) ──► minute 7
///
/// The pieces of several edges may come interleaved. Minutes come out complete and in the order of the edges, because
/// writing one says that everything before it is written.
public struct MinuteAssembly: Sendable {
    private var open: [UInt64: Piece] = [:]
    private var next: UInt64 = 0

    /// A minute that ended.
    public struct Edge: Sendable, Hashable {
        /// The edge's place in the order: 0, 1, 2, …
        public var number: UInt64
        /// The minute that ended.
        public var minute: Minute
        /// The last batch of the minute.
        public var through: LSN
        /// When it was noticed.
        public var at: Timestamp
        /// How many users will close it.
        public var userCount: Int
        /// Whether they also hand in a checkpoint.
        public var wantsCheckpoint: Bool

        /// Makes an edge of its parts.
        public init(
            number: UInt64, minute: Minute, through: LSN, at: Timestamp, userCount: Int, wantsCheckpoint: Bool
        ) {
            self.number = number
            self.minute = minute
            self.through = through
            self.at = at
            self.userCount = userCount
            self.wantsCheckpoint = wantsCheckpoint
        }
    }

    fileprivate struct Piece: Sendable {
        var edge: Edge?
        var closedCount = 0
        var minutes: [Closed] = []
        var checkpoints: [UserCheckpoint] = []
    }

    /// What a user's statistics were in a minute, as they were merged.
    fileprivate struct Closed: Sendable {
        let user: UserID
        let minute: OpenMinute
    }

    /// A minute that every user has closed. What is written of it is worked out, and sorted, by whoever writes it: for twenty
    /// thousand timers that takes longer than an acknowledgement may wait.
    public struct Rolled: Sendable {
        /// The edge that the minute ended with.
        public let edge: Edge
        private let minutes: [Closed]
        private let checkpoints: [UserCheckpoint]

        fileprivate init(_ edge: Edge, _ piece: Piece) {
            (self.edge, minutes, checkpoints) = (edge, piece.minutes, piece.checkpoints)
        }

        /// How many aggregates the block has.
        public var aggregateCount: Int { minutes.reduce(0) { $0 + $1.minute.count } }

        /// The block of the minute; nil when nobody sent anything.
        public func block() -> MinuteBlock? {
            if minutes.isEmpty { return nil }
            let users = minutes.sorted { $0.user < $1.user }.map { $0.minute.closed(user: $0.user) }
            return MinuteBlock(minute: edge.minute, through: edge.through, users: users)
        }

        /// The checkpoint after the minute, if one is wanted.
        public func checkpoint() -> Checkpoint? {
            guard edge.wantsCheckpoint else { return nil }
            let users = checkpoints.sorted { $0.user < $1.user }.map(\.sorted)
            return Checkpoint(at: edge.at, through: edge.through, users: users)
        }
    }

    /// Makes one that waits for edge 0.
    public init() {}

    /// Takes in that a minute ended.
    /// - Returns: the minutes that are complete now, in the order of their edges.
    public mutating func minuteEnded(_ edge: Edge) -> [Rolled] {
        open[edge.number, default: Piece()].edge = edge
        return takeComplete()
    }

    /// - Parameters:
    ///   - minute: nil when the user sent nothing in that minute.
    public mutating func closed(
        edge number: UInt64, user: UserID, minute: OpenMinute?, checkpoint: UserCheckpoint?
    ) -> [Rolled] {
        var piece = open.removeValue(forKey: number) ?? Piece()
        piece.closedCount += 1
        if let minute { piece.minutes.append(Closed(user: user, minute: minute)) }
        if let checkpoint { piece.checkpoints.append(checkpoint) }
        open[number] = piece
        return takeComplete()
    }

    /// Minutes that still wait for a user.
    public var openCount: Int { open.count }

    private mutating func takeComplete() -> [Rolled] {
        var complete: [Rolled] = []
        while let piece = open[next], let edge = piece.edge, piece.closedCount == edge.userCount {
            open[next] = nil
            next += 1
            complete.append(Rolled(edge, piece))
        }
        return complete
    }
}
