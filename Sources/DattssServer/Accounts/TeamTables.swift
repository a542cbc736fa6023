import GRDB

/// Who sees the statistics of a user besides the user.
///
///     user ─┬─ member           another user who may look at them, or do more, see ``TeamRole``
///           └─ teamInvitation   lets whoever holds its link become one: hashed, used once
enum TeamTables {
    static func migrate(_ database: Database) throws {
        try database.create(table: "member") { table in
            table.column("owner", .text).notNull()
            table.column("member", .text).notNull().indexed()
            table.column("role", .text).notNull()
            table.column("sinceMilliseconds", .integer).notNull()
            table.primaryKey(["owner", "member"])
        }
        try database.create(table: "teamInvitation") { table in
            table.primaryKey("hash", .blob)
            table.column("id", .text).notNull().unique()
            table.column("owner", .text).notNull().indexed()
            table.column("role", .text).notNull()
            /// Whom it was made for. It is good for whoever holds it.
            table.column("email", .text)
            /// The user who invites; null: the command line.
            table.column("inviter", .text)
            /// As the audit names the inviter.
            table.column("by", .text).notNull()
            table.column("createdAtMilliseconds", .integer).notNull()
            table.column("expiresAtMilliseconds", .integer).notNull()
            /// Whether somebody may still sign up by it: an administrator of the server invites.
            table.column("signsUp", .boolean).notNull()
        }
    }

    /// Takes a user who is deleted out of all teams, and ends the user's own.
    static func remove(_ user: String, at milliseconds: Int64, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO audit (uid, atMilliseconds, action, what, by, address)
                SELECT owner, ?2, 'team_leave', ?1, ?1, '' FROM member WHERE member = ?1
                """, arguments: [user, milliseconds])
        try database.execute(sql: "DELETE FROM member WHERE owner = ?1 OR member = ?1", arguments: [user])
        try database.execute(sql: "DELETE FROM teamInvitation WHERE owner = ?1 OR inviter = ?1", arguments: [user])
    }
}
