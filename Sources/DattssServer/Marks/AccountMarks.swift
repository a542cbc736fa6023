import DattssCore
import DattssPipeline
import GRDB

/// What happened, as users and their programs say it: in `accounts.sqlite`, whose commits are on the disk before they are answered.
///
/// It is no statistic: there are few of them, they are changed and removed one by one, and found by their user and time. The log has
/// no place for what is removed; this file has transactions, goes with its user, and is in every backup of the accounts.
///
///     mark          the marks, by user and time
///     markCheck     the status of each service check that a user's programs told last
enum MarkTables {
    static let names = ["mark", "markCheck"]

    static func migrate(_ database: Database) throws {
        try database.create(table: "mark") { table in
            table.autoIncrementedPrimaryKey("number")
            table.column("uid", .text).notNull()
            table.column("id", .text).notNull().unique()
            table.column("atMilliseconds", .integer).notNull()
            table.column("source", .text).notNull()
            table.column("text", .text).notNull()
            /// One a line.
            table.column("tags", .text).notNull()
        }
        try database.create(index: "markByTime", on: "mark", columns: ["uid", "atMilliseconds"])
        try database.create(index: "markBySource", on: "mark", columns: ["uid", "source", "number"])
        try database.create(table: "markCheck") { table in
            table.column("uid", .text).notNull()
            table.column("name", .text).notNull()
            table.column("status", .integer).notNull()
            table.primaryKey(["uid", "name"])
        }
    }
}

extension MarkTables {
    /// Who set a mark; nobody of those that were there before, nor of what listeners receive.
    static func addAuthors(_ database: Database) throws {
        try database.alter(table: "mark") { table in table.add(column: "by", .text).notNull().defaults(to: "") }
    }
}

extension Accounts {
    /// How many marks of each source a user may have; then the oldest make room.
    static let marksMax = 10_000
    /// How many service checks of a user are told apart; of others nothing is kept.
    static let checksMax = 1000
    /// How many marks an answer has.
    static let marksShownMax = 1000

    /// A mark that is kept, and what it is removed by.
    struct KeptMark: Sendable, Hashable {
        var id: String
        var mark: Mark
        /// Who set it: an e-mail address, or the name of a user or of a key. Empty where that is not known.
        var by = ""
    }

    /// What has room of its own.
    private struct Room: Hashable {
        var user: UserID
        var source: Mark.Source
    }

    /// Keeps a mark.
    /// - Parameter by: who sets it.
    /// - Returns: nil when there is no such user any more.
    func addMark(_ mark: Mark, of user: UserID, by: String = "") throws -> KeptMark? {
        let kept = KeptMark(id: Secret.randomID(), mark: mark, by: by)
        return try change { database in
            guard try Self.insert(kept, of: user, database) else { return nil }
            try Self.makeRoom(user, mark.source, database)
            return kept
        }
    }

    /// Keeps what listeners received, in the order in which it came.
    /// - Returns: how many marks were made: none of a service check whose status is the same as before, nor of one that is good and was never
    ///   heard of.
    func addMarks(_ received: [ReceivedMark]) throws -> Int {
        try changeLater { database in
            var count = 0
            var grown: Set<Room> = []
            for one in received {
                if let check = one.check, try !Self.isNews(check, of: one.user, database) { continue }
                guard try Self.insert(KeptMark(id: Secret.randomID(), mark: one.mark), of: one.user, database) else { continue }
                count += 1
                grown.insert(Room(user: one.user, source: one.mark.source))
            }
            for room in grown { try Self.makeRoom(room.user, room.source, database) }
            return count
        }
    }

    /// Notes the status of a service check.
    private static func isNews(_ check: ReceivedMark.Check, of user: UserID, _ database: Database) throws -> Bool {
        let known = try UInt8.fetchOne(
            database, sql: "SELECT status FROM markCheck WHERE uid = ? AND name = ?", arguments: [user.string, check.name])
        if known == check.status { return false }
        if known == nil {
            let count = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM markCheck WHERE uid = ?", arguments: [user.string])
            guard let count, count < checksMax, try isThere(user, database) else { return false }
        }
        try database.execute(
            sql: "INSERT OR REPLACE INTO markCheck VALUES (?, ?, ?)", arguments: [user.string, check.name, check.status])
        return known != nil || check.status != 0
    }

    private static func isThere(_ user: UserID, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM user WHERE uid = ? AND deletedAtMilliseconds IS NULL)",
            arguments: [user.string]) == true
    }

    private static func insert(_ kept: KeptMark, of user: UserID, _ database: Database) throws -> Bool {
        guard try isThere(user, database) else { return false }
        let mark = kept.mark
        try database.execute(
            sql: "INSERT INTO mark (uid, id, atMilliseconds, source, text, tags, by) VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                user.string, kept.id, mark.at.milliseconds, mark.source.rawValue, mark.text, mark.tags.joined(separator: "\n"),
                kept.by,
            ])
        return true
    }

    private static func makeRoom(_ user: UserID, _ source: Mark.Source, _ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM mark WHERE uid = ?1 AND source = ?2 AND number <=
                (SELECT number FROM mark WHERE uid = ?1 AND source = ?2 ORDER BY number DESC LIMIT 1 OFFSET ?3)
                """, arguments: [user.string, source.rawValue, marksMax])
    }

    /// Those from a time up to another one, in the order of time.
    /// - Returns: the latest ``marksShownMax``, and whether there are more.
    func marks(of user: UserID, from: Timestamp, to: Timestamp) throws -> (marks: [KeptMark], isCut: Bool) {
        let rows = try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM mark WHERE uid = ? AND atMilliseconds >= ? AND atMilliseconds < ?
                    ORDER BY atMilliseconds DESC, number DESC LIMIT ?
                    """, arguments: [user.string, from.milliseconds, to.milliseconds, Self.marksShownMax + 1])
        }
        let marks = rows.prefix(Self.marksShownMax).reversed().compactMap { row -> KeptMark? in
            let tags = (row["tags"] as String).split(separator: "\n").map(String.init)
            guard let source = Mark.Source(rawValue: row["source"]),
                let mark = Mark(at: Timestamp(milliseconds: row["atMilliseconds"]), text: row["text"], tags: tags, source: source)
            else { return nil }
            return KeptMark(id: row["id"], mark: mark, by: row["by"])
        }
        return (marks, rows.count > Self.marksShownMax)
    }

    /// - Returns: false when the user has no such mark.
    func removeMark(_ id: String, of user: UserID) throws -> Bool {
        try change { database in
            try database.execute(sql: "DELETE FROM mark WHERE uid = ? AND id = ?", arguments: [user.string, id])
            return database.changesCount == 1
        }
    }

    /// Lets go of marks that are older than the hours of their users.
    /// - Parameters:
    ///   - time: as late as it certainly is, see ``Pipeline/confirmedTime``.
    ///   - hourDays: the server's rule, for those who have none of their own.
    func removeOldMarks(at time: Timestamp, hourDays: Int64) throws {
        try changeLater { database in
            // From the users, so that each one's index by time is used, and not every mark looked at.
            try database.execute(
                sql: """
                    DELETE FROM mark WHERE number IN (
                        SELECT mark.number FROM user CROSS JOIN mark
                        ON mark.uid = user.uid AND mark.atMilliseconds < ?1 - 86400000 * COALESCE(user.hourDays, ?2))
                    """, arguments: [time.milliseconds, hourDays])
        }
    }
}
