import DattssCore
import GRDB

/// Links by which anybody sees one board and nothing else.
extension Accounts {
    /// A link, as its user sees it. The token itself is known to nobody but those who have the link.
    struct BoardShare: Sendable, Hashable {
        var id: String
        /// Who made it: an e-mail address, or the name of the user.
        var by: String
        var createdAt: Timestamp
        /// Nil: never.
        var expiresAt: Timestamp?
        /// To the minute.
        var usedAt: Timestamp?

        static let perBoardMax = 20
        static let daysMax: Int64 = 3650
    }

    /// What a token is good for.
    struct SharedBoard: Sendable, Hashable {
        /// Whose statistics its plots show.
        var user: UserID
        var share: String
        var board: Board
        var expiresAt: Timestamp?
    }

    /// The links to a board, the oldest first; nil when there is no such board.
    func shares(ofBoard name: String, of user: UserID) throws -> [BoardShare]? {
        try database.read { database in
            guard let board = try Self.row(ofBoard: name, of: user, database) else { return nil }
            return try Row.fetchAll(
                database, sql: "SELECT * FROM boardShare WHERE board = ? ORDER BY createdAtMilliseconds, rowid",
                arguments: [board["number"] as Int64]
            ).map(Self.share)
        }
    }

    /// Makes a link to a board. Those that are no longer good make room.
    /// - Parameter days: for how many days; nil for good.
    /// - Returns: nil when there is no such board.
    /// - Throws: ``AccountError`` when there are too many.
    func shareBoard(
        _ name: String, of user: UserID, by: String, days: Int64?, at time: Timestamp
    ) throws -> (share: BoardShare, token: Secret)? {
        try change { database in
            guard let board = try Self.row(ofBoard: name, of: user, database) else { return nil }
            let number = board["number"] as Int64
            try database.execute(
                sql: "DELETE FROM boardShare WHERE board = ? AND expiresAtMilliseconds <= ?",
                arguments: [number, time.milliseconds])
            let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM boardShare WHERE board = ?", arguments: [number]) ?? 0
            guard count < BoardShare.perBoardMax else {
                throw AccountError(.tooMany, "there are \(count) links to this board already, revoke one first")
            }
            let token = Secret()
            let share = BoardShare(
                id: Secret.randomID(), by: by, createdAt: time,
                expiresAt: days.map { time.advanced(byMilliseconds: $0 * 86_400_000) })
            try database.execute(
                sql: """
                    INSERT INTO boardShare (hash, id, uid, board, by, createdAtMilliseconds, expiresAtMilliseconds)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    token.hash.data, share.id, user.string, number, by, time.milliseconds, share.expiresAt?.milliseconds,
                ])
            return (share, token)
        }
    }

    /// Makes a link worthless, from the next request on.
    /// - Returns: false when the board has no such link, or there is no such board.
    func revokeShare(_ id: String, ofBoard name: String, of user: UserID) throws -> Bool {
        try change { database in
            guard let board = try Self.row(ofBoard: name, of: user, database) else { return false }
            try database.execute(
                sql: "DELETE FROM boardShare WHERE board = ? AND id = ?", arguments: [board["number"] as Int64, id])
            return database.changesCount == 1
        }
    }

    /// The board that a token opens, as it is now; nil for every token that does not, whyever.
    ///
    /// A token has 256 random bits and is looked up by its hash, so how long that takes tells nothing of others. That it was used is written
    /// once a minute.
    func sharedBoard(by token: Secret, at time: Timestamp) throws -> SharedBoard? {
        let hash = token.hash.data
        let found = try database.read { database -> (shared: SharedBoard, usedAt: Int64?)? in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT board.document, boardShare.* FROM boardShare
                    JOIN board ON board.number = boardShare.board AND board.uid = boardShare.uid
                    JOIN user ON user.uid = boardShare.uid AND user.deletedAtMilliseconds IS NULL
                    WHERE hash = ? AND (expiresAtMilliseconds IS NULL OR expiresAtMilliseconds > ?)
                    """, arguments: [hash, time.milliseconds])
            guard let row, let user = UserID(row["uid"] as String) else { return nil }
            let share = Self.share(row)
            let shared = SharedBoard(user: user, share: share.id, board: try Self.board(row), expiresAt: share.expiresAt)
            return (shared, share.usedAt?.milliseconds)
        }
        guard let found else { return nil }
        if (found.usedAt ?? .min) <= time.milliseconds - 60_000 {
            try changeLater { database in
                try database.execute(
                    sql: "UPDATE boardShare SET usedAtMilliseconds = ? WHERE hash = ?", arguments: [time.milliseconds, hash])
            }
        }
        return found.shared
    }

    private static func share(_ row: Row) -> BoardShare {
        let time = { (name: String) in (row[name] as Int64?).map { Timestamp(milliseconds: $0) } }
        return BoardShare(
            id: row["id"], by: row["by"], createdAt: Timestamp(milliseconds: row["createdAtMilliseconds"]),
            expiresAt: time("expiresAtMilliseconds"), usedAt: time("usedAtMilliseconds"))
    }
}
