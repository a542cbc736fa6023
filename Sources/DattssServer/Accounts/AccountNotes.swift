public import DattssCore
import GRDB

/// What a user keeps, and what is kept about the user's programs.
extension Accounts {
    static let favouritesMax = 200

    /// The statistics that a user wants to see first, in the user's order.
    public func favourites(of user: UserID) throws -> [StatisticKey] {
        try database.read { try Self.favourites(of: user, $0) }
    }

    private static func favourites(of user: UserID, _ database: Database) throws -> [StatisticKey] {
        try Row.fetchAll(
            database, sql: "SELECT typ, pth FROM favourite WHERE uid = ? ORDER BY position", arguments: [user.string]
        ).compactMap { row in Kind(symbol: row["typ"] as String).map { StatisticKey($0, row["pth"]) } }
    }

    /// What a list of favourites is called: another list has another name.
    static func version(of favourites: [StatisticKey]) -> String {
        let text = favourites.map { "\($0.kind.symbol):\($0.path)\n" }.joined()
        return AuthKeys.hexadecimal(SHA256.hash(Array(text.utf8)).bytes.prefix(8))
    }

    /// Replaces all of them.
    /// - Parameters:
    ///   - favourites: each once, at most 200.
    ///   - version: of those that are replaced; nil whatever they are.
    /// - Returns: false when they have another version, and so were changed by somebody else. Nothing is replaced then.
    @discardableResult
    func setFavourites(_ favourites: [StatisticKey], of user: UserID, replacing version: String? = nil) throws -> Bool {
        // No request asks memory for them, so nothing is kept.
        try change { database in
            if let version, try Self.version(of: Self.favourites(of: user, database)) != version { return false }
            try database.execute(sql: "DELETE FROM favourite WHERE uid = ?", arguments: [user.string])
            for (position, key) in favourites.enumerated() {
                try database.execute(
                    sql: "INSERT INTO favourite VALUES (?, ?, ?, ?)",
                    arguments: [user.string, position, key.kind.symbol, key.path])
            }
            return true
        }
    }

    /// Something that was done, and by whom.
    public struct AuditLine: Sendable, Hashable {
        /// When it was done.
        public var at: Timestamp
        /// What was done, in a word such as `process_stop`.
        public var action: String
        /// What it was done to.
        public var what: String
        /// The address of whoever is signed in (the name, where there is no address), or the name of a key.
        public var by: String
        /// Where the request came from.
        public var address: String

        static let shownMax = 200
        static let keptMax = 10_000
    }

    func note(_ line: AuditLine, of user: UserID) throws {
        try change { try note(line, of: user, $0) }
    }

    func note(_ line: AuditLine, of user: UserID, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO audit (uid, atMilliseconds, action, what, by, address) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [user.string, line.at.milliseconds, line.action, line.what, line.by, line.address])
        try database.execute(
            sql: """
                DELETE FROM audit WHERE uid = ?1 AND id <=
                (SELECT id FROM audit WHERE uid = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                """, arguments: [user.string, AuditLine.keptMax])
    }

    /// What was done last, the newest first.
    func audit(of user: UserID) throws -> [AuditLine] {
        try database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM audit WHERE uid = ? ORDER BY id DESC LIMIT ?",
                arguments: [user.string, AuditLine.shownMax]
            ).map { row in
                AuditLine(
                    at: Timestamp(milliseconds: row["atMilliseconds"]), action: row["action"], what: row["what"],
                    by: row["by"], address: row["address"])
            }
        }
    }
}
