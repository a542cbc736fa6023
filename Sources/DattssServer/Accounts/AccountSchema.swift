import GRDB

/// The tables of `accounts.sqlite`. A migration that was once released is never changed: another one follows it.
///
///     user ─┬─ authKey      named keys, adopted ones among them; the user's key named "default" is the keyVersion of the user itself
///           ├─ session      who is signed in where
///           ├─ token        links that were sent: hashed, used once
///           ├─ favourite    in the user's order
///           ├─ unit         what statistics are measured in, where somebody has said so
///           ├─ audit        what was done to the user's programs
///           ├─ mark…        see ``MarkTables``
///           ├─ board…       see ``BoardTables``
///           ├─ alert…       see ``AlertTables``
///           └─ member, …    who else sees it all, see ``TeamTables``
///     invitation            of nobody yet
///
/// What proves something (sessions, tokens, invitations) is here only as its SHA-256: nobody can sign in by reading the file.
enum AccountSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("users") { database in
            try database.create(table: "user") { table in
                table.primaryKey("uid", .text)
                table.column("keyVersion", .integer).notNull()
                table.column("createdAtMilliseconds", .integer).notNull()
            }
        }
        migrator.registerMigration("retention and deletion") { database in
            try database.alter(table: "user") { table in
                table.add(column: "minuteDays", .integer)
                table.add(column: "hourDays", .integer)
                table.add(column: "deletedAtMilliseconds", .integer)
                table.add(column: "erasedAtMilliseconds", .integer)
            }
        }
        migrator.registerMigration("people", migrate: people)
        migrator.registerMigration("keys of the original") { database in
            try database.alter(table: "user") { table in
                /// Whether a process's name stands in front of its paths; null: with keys of version 1.
                table.add(column: "processPaths", .boolean)
            }
            try database.alter(table: "authKey") { table in
                /// The SHA-256 of a key that a server of the original had given out.
                table.add(column: "originalHash", .blob)
                table.add(column: "isVersion1", .boolean).notNull().defaults(to: false)
            }
            try database.create(index: "authKeyByOriginal", on: "authKey", columns: ["originalHash"], options: .unique)
        }
        migrator.registerMigration("units") { database in
            try database.create(table: "unit") { table in
                table.column("uid", .text).notNull()
                table.column("typ", .text).notNull()
                table.column("pth", .text).notNull()
                table.column("unit", .text).notNull()
                table.primaryKey(["uid", "typ", "pth"])
            }
        }
        migrator.registerMigration("alerts", migrate: AlertTables.migrate)
        migrator.registerMigration("marks", migrate: MarkTables.migrate)
        migrator.registerMigration("instances of messages", migrate: AlertTables.addInstances)
        migrator.registerMigration("teams", migrate: TeamTables.migrate)
        migrator.registerMigration("boards", migrate: BoardTables.migrate)
        migrator.registerMigration("authors of marks", migrate: MarkTables.addAuthors)
        return migrator
    }

    private static func people(_ database: Database) throws {
        try database.alter(table: "user") { table in
            table.add(column: "email", .text)
            table.add(column: "passwordHash", .text)
            table.add(column: "isAdmin", .boolean).notNull().defaults(to: false)
            /// Belongs to the server itself: has no key.
            table.add(column: "isInternal", .boolean).notNull().defaults(to: false)
            table.add(column: "signedInAtMilliseconds", .integer)
            table.add(column: "keyChangedAtMilliseconds", .integer)
            table.add(column: "keyUsedAtMilliseconds", .integer)
        }
        try database.execute(sql: "UPDATE user SET isAdmin = 1 WHERE uid = 'local'")
        try database.create(index: "userByEmail", on: "user", columns: ["email"], options: .unique)
        try database.create(table: "authKey") { table in
            table.primaryKey("id", .text)
            table.column("uid", .text).notNull().indexed()
            table.column("name", .text).notNull()
            table.column("scope", .text).notNull()
            table.column("createdAtMilliseconds", .integer).notNull()
            table.column("usedAtMilliseconds", .integer)
        }
        try database.create(table: "session") { table in
            table.primaryKey("hash", .blob)
            table.column("id", .text).notNull().unique()
            table.column("uid", .text).notNull().indexed()
            table.column("createdAtMilliseconds", .integer).notNull()
            table.column("seenAtMilliseconds", .integer).notNull()
            table.column("expiresAtMilliseconds", .integer).notNull()
            table.column("address", .text).notNull()
            table.column("agent", .text).notNull()
        }
        try database.create(table: "token") { table in
            table.primaryKey("hash", .blob)
            table.column("purpose", .text).notNull()
            table.column("uid", .text)
            table.column("email", .text)
            table.column("invitation", .blob)
            table.column("expiresAtMilliseconds", .integer).notNull()
        }
        try database.create(table: "invitation") { table in
            table.primaryKey("hash", .blob)
            table.column("email", .text)
            table.column("expiresAtMilliseconds", .integer).notNull()
        }
        try database.create(table: "favourite") { table in
            table.column("uid", .text).notNull()
            table.column("position", .integer).notNull()
            table.column("typ", .text).notNull()
            table.column("pth", .text).notNull()
            table.primaryKey(["uid", "position"])
        }
        try database.create(table: "audit") { table in
            table.autoIncrementedPrimaryKey("id")
            table.column("uid", .text).notNull().indexed()
            table.column("atMilliseconds", .integer).notNull()
            table.column("action", .text).notNull()
            table.column("what", .text).notNull()
            table.column("by", .text).notNull()
            table.column("address", .text).notNull()
        }
    }
}
