import GRDB

/// The tables of alerts in `accounts.sqlite`:
///
///     alertRule ─── alertInstance     where each stands that is not just good
///     alertChannel ─ alertMessage     the outbox: waiting, sent, refused, or given up
///     alertSilence, alertEvent        the past, and who did what
///     alertMark                       the slot of the last change; see also ``AlertSlotFile``
enum AlertTables {
    static let names = [
        "alertRule", "alertChannel", "alertSilence", "alertInstance", "alertMessage", "alertEvent", "alertMark",
    ]

    static func migrate(_ database: Database) throws {
        for (table, name) in [("alertRule", "id"), ("alertChannel", "name"), ("alertSilence", "id")] {
            try database.create(table: table) { table in
                table.column("uid", .text).notNull()
                table.column(name, .text).notNull()
                table.column("json", .blob).notNull()
                table.primaryKey(["uid", name])
            }
        }
        try database.create(table: "alertInstance") { table in
            table.column("uid", .text).notNull()
            table.column("rule", .text).notNull()
            table.column("subject", .text).notNull()
            table.column("state", .text).notNull()
            table.primaryKey(["uid", "rule", "subject"])
        }
        try database.create(table: "alertMark") { table in
            table.primaryKey("uid", .text)
            table.column("slot", .integer).notNull()
        }
        try database.create(table: "alertMessage") { table in
            table.autoIncrementedPrimaryKey("id")
            table.column("uid", .text).notNull()
            table.column("channel", .text).notNull()
            table.column("key", .text).notNull()
            table.column("json", .blob).notNull()
            table.column("state", .text).notNull()
            table.column("createdAtMilliseconds", .integer).notNull()
            table.column("dueAtMilliseconds", .integer).notNull()
            table.column("attempts", .integer).notNull().defaults(to: 0)
            table.column("problem", .text)
            table.column("endedAtMilliseconds", .integer)
            table.uniqueKey(["uid", "channel", "key"])
        }
        try database.create(index: "alertMessageByState", on: "alertMessage", columns: ["state", "dueAtMilliseconds"])
        try database.create(table: "alertEvent") { table in
            table.autoIncrementedPrimaryKey("id")
            table.column("uid", .text).notNull().indexed()
            table.column("rule", .text).notNull()
            table.column("name", .text).notNull()
            table.column("subject", .text).notNull()
            table.column("kind", .text).notNull()
            table.column("atMilliseconds", .integer).notNull()
            table.column("value", .double)
            table.column("isTold", .boolean).notNull()
            table.column("by", .text).notNull().defaults(to: "")
        }
    }

    /// What a message is about beside the message, so that its order among others is known without reading it. (Those that were
    /// there before are about nothing that others wait for.)
    static func addInstances(_ database: Database) throws {
        try database.alter(table: "alertMessage") { table in
            table.add(column: "instances", .text).notNull().defaults(to: "")
        }
    }
}
