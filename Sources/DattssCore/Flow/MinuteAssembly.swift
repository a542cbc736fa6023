/// Puts the block of a minute together out of what each user's aggregator closed.
///
///     minuteEnded(edge 7, 3 users) ──► closed(7, a) ──► closed(7, c) ──► closed(7, b) ──► block 7
///
/// The pieces of several edges may come interleaved. Blocks come out complete and in the order of the edges, because
/// writing one says that everything before it is written.
public struct MinuteAssembly: Sendable {
    private var open: [UInt64: Piece] = [:]
    private var next: UInt64 = 0

    /// A minute that ended.
    public struct Edge: Sendable, Hashable {
        /// 0, 1, 2, …
        public var number: UInt64
        public var minute: Minute
        /// The last batch of the minute.
        public var through: LSN
        /// When it was noticed.
        public var at: Timestamp
        /// How many users will close it.
        public var userCount: Int
        /// Whether they also hand in a checkpoint.
        public var wantsCheckpoint: Bool

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

    private struct Piece: Sendable {
        var edge: Edge?
        var closedCount = 0
        var users: [UserMinute] = []
        var checkpoints: [UserCheckpoint] = []
    }

    /// A minute that every user has closed.
    public struct Rolled: Sendable, Hashable {
        public var block: MinuteBlock
        public var checkpoint: Checkpoint?
    }

    public init() {}

    public mutating func minuteEnded(_ edge: Edge) -> [Rolled] {
        open[edge.number, default: Piece()].edge = edge
        return takeComplete()
    }

    /// - Parameters:
    ///   - minute: nil when the user sent nothing in that minute.
    public mutating func closed(
        edge number: UInt64, minute: UserMinute?, checkpoint: UserCheckpoint?
    ) -> [Rolled] {
        var piece = open.removeValue(forKey: number) ?? Piece()
        piece.closedCount += 1
        if let minute { piece.users.append(minute) }
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
            let users = piece.users.sorted { $0.user < $1.user }
            let checkpoint =
                edge.wantsCheckpoint
                ? Checkpoint(at: edge.at, through: edge.through, users: piece.checkpoints.sorted { $0.user < $1.user })
                : nil
            complete.append(
                Rolled(block: MinuteBlock(minute: edge.minute, through: edge.through, users: users), checkpoint: checkpoint))
        }
        return complete
    }
}
