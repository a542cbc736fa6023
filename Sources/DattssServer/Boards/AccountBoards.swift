import DattssCore
import Foundation
import GRDB

/// The boards of users, in `accounts.sqlite`: there are few, they are changed by people, and they go with their user.
///
///     board         each as its document; its number is never given again
///     boardShare    the links to them: the SHA-256 of each token, whoever made it, and until when it is good
enum BoardTables {
    static let names = ["board", "boardShare"]

    static func migrate(_ database: Database) throws {
        try database.create(table: "board") { table in
            table.autoIncrementedPrimaryKey("number")
            table.column("uid", .text).notNull()
            table.column("name", .text).notNull()
            table.column("version", .text).notNull()
            table.column("panelCount", .integer).notNull()
            table.column("document", .blob).notNull()
            table.column("changedAtMilliseconds", .integer).notNull()
            table.uniqueKey(["uid", "name"])
        }
        try database.create(table: "boardShare") { table in
            table.primaryKey("hash", .blob)
            table.column("id", .text).notNull().unique()
            table.column("uid", .text).notNull().indexed()
            table.column("board", .integer).notNull().indexed()
            table.column("by", .text).notNull()
            table.column("createdAtMilliseconds", .integer).notNull()
            table.column("expiresAtMilliseconds", .integer)
            table.column("usedAtMilliseconds", .integer)
        }
    }
}

extension Accounts {
    /// What a list of boards says of one.
    struct BoardSummary: Sendable, Hashable {
        var name: String
        var panelCount: Int
        var version: String
        var changedAt: Timestamp
        var shareCount: Int
    }

    /// What became of a change.
    enum BoardChange: Sendable, Hashable {
        case done
        /// There is none of this name.
        case unknown
        /// Somebody else has changed it since.
        case outdated
    }

    /// By their names.
    func boards(of user: UserID) throws -> [BoardSummary] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT name, panelCount, version, changedAtMilliseconds,
                    (SELECT COUNT(*) FROM boardShare WHERE boardShare.board = board.number) AS shareCount
                    FROM board WHERE uid = ? ORDER BY name COLLATE NOCASE, name
                    """, arguments: [user.string]
            ).map { row in
                BoardSummary(
                    name: row["name"], panelCount: row["panelCount"], version: row["version"],
                    changedAt: Timestamp(milliseconds: row["changedAtMilliseconds"]), shareCount: row["shareCount"])
            }
        }
    }

    func board(_ name: String, of user: UserID) throws -> Board? {
        try database.read { try Self.row(ofBoard: name, of: user, $0).map { try Self.board($0) } }
    }

    /// Keeps a new one.
    /// - Throws: ``AccountError`` when the name is taken, or there are too many, or the user is not there any more.
    func addBoard(_ board: Board, of user: UserID, at time: Timestamp) throws {
        try change { database in
            // (The server's own have some, too.)
            let isThere = try Bool.fetchOne(
                database, sql: "SELECT 1 FROM user WHERE uid = ? AND deletedAtMilliseconds IS NULL", arguments: [user.string])
            guard isThere == true else { throw AccountError(.unknown, "there is no user '\(user)'") }
            try Self.requireFree(board.name, of: user, database)
            let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM board WHERE uid = ?", arguments: [user.string]) ?? 0
            guard count < Board.perUserMax else {
                throw AccountError(.tooMany, "there are \(count) boards already, which are the most; delete one first")
            }
            try database.execute(
                sql: """
                    INSERT INTO board (uid, name, version, panelCount, document, changedAtMilliseconds) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    user.string, board.name, board.version, board.panels.count, Self.document(board), time.milliseconds,
                ])
        }
    }

    /// Puts a board in the place of another one, which may so get another name; links to it stay good.
    /// - Parameter version: of the one that is replaced; nil whatever it is.
    /// - Throws: ``AccountError`` when another one has the new name.
    func replaceBoard(
        _ name: String, with board: Board, replacing version: String?, of user: UserID, at time: Timestamp
    ) throws -> BoardChange {
        try change { database in
            guard let row = try Self.row(ofBoard: name, of: user, database) else { return .unknown }
            if let version, version != row["version"] as String { return .outdated }
            if board.name != name { try Self.requireFree(board.name, of: user, database) }
            try database.execute(
                sql: """
                    UPDATE board SET name = ?, version = ?, panelCount = ?, document = ?, changedAtMilliseconds = ? WHERE number = ?
                    """,
                arguments: [
                    board.name, board.version, board.panels.count, Self.document(board), time.milliseconds, row["number"] as Int64,
                ])
            return .done
        }
    }

    /// Removes a board, and with it all links to it.
    func removeBoard(_ name: String, replacing version: String?, of user: UserID) throws -> BoardChange {
        try change { database in
            guard let row = try Self.row(ofBoard: name, of: user, database) else { return .unknown }
            if let version, version != row["version"] as String { return .outdated }
            let number = row["number"] as Int64
            try database.execute(sql: "DELETE FROM boardShare WHERE board = ?", arguments: [number])
            try database.execute(sql: "DELETE FROM board WHERE number = ?", arguments: [number])
            return .done
        }
    }

    static func row(ofBoard name: String, of user: UserID, _ database: Database) throws -> Row? {
        try Row.fetchOne(database, sql: "SELECT * FROM board WHERE uid = ? AND name = ?", arguments: [user.string, name])
    }

    /// A board out of its row.
    static func board(_ row: Row) throws -> Board {
        try (row["document"] as Data).withUnsafeBytes { bytes throws(WireError) in try BoardDocument(bytes).board }
    }

    private static func document(_ board: Board) -> Data { Data(BoardJSON.write(board, version: nil).bytes) }

    private static func requireFree(_ name: String, of user: UserID, _ database: Database) throws {
        if try row(ofBoard: name, of: user, database) != nil {
            throw AccountError(.exists, "name: there is a board '\(name)' already")
        }
    }
}
