import DattssCore
import FoundationEssentials
import GRDB

/// What is kept of alerts, and changed in one transaction.
extension Accounts {
    /// What a start finds of one user.
    struct AlertState: Sendable {
        var rules: [AlertRule] = []
        var silences: [AlertSilence] = []
        var instances: [(rule: String, subject: AlertSubject, instance: AlertInstance)] = []
        /// Up to which slot everything was looked at.
        var slot: Int64?
    }

    /// What happened, and who did it.
    struct AlertEventLine: Sendable, Hashable {
        /// Later ones have larger ones; 0 of one that is not written yet.
        var id: Int64 = 0
        var at: Timestamp
        var rule: String
        var name: String
        var subject: String
        /// A kind of ``AlertEvent``, or what was done: `acknowledged`, `rule-set`, `rule-removed`, `silenced`, `silence-removed`.
        var kind: String
        var value: Double?
        var isTold: Bool
        var by: String
    }

    /// A message on its way, or at its end.
    struct OutboxLine: Sendable, Hashable {
        var id: Int64
        var user: UserID
        var channel: String
        var message: AlertMessage
        var state: OutboxState
        var createdAt: Timestamp
        var attempts: Int64
        var problem: String?
        var endedAt: Timestamp?
    }

    /// How far a message has come.
    enum OutboxState: String, Sendable, Hashable, CaseIterable {
        case waiting
        case sent
        /// Tried until there was no hope: a dead letter.
        case failed
        /// Not sent, because the user has had too many.
        case refused
    }

    static let alertEventsKept = 10_000
    static let alertMessagesKept = 1000
    /// How many messages of a user leave in an hour.
    static let alertMessagesPerHourMax = 200

    /// Users who have rules.
    func alertUsers() throws -> [UserID] {
        try database.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT alertRule.uid FROM alertRule JOIN user ON user.uid = alertRule.uid
                    WHERE deletedAtMilliseconds IS NULL ORDER BY alertRule.uid
                    """
            ).compactMap { UserID($0) }
        }
    }

    func alertState(of user: UserID) throws -> AlertState {
        try database.read { database in
            var state = AlertState()
            for row in try Row.fetchAll(
                database, sql: "SELECT id, json FROM alertRule WHERE uid = ? ORDER BY id", arguments: [user.string])
            {
                let (id, json): (String, [UInt8]) = (row["id"], Array(row["json"] as Data))
                state.rules.append(try Self.read(json) { cursor throws(WireError) in try AlertRule(&cursor, id: id) })
            }
            for row in try Row.fetchAll(
                database, sql: "SELECT id, json FROM alertSilence WHERE uid = ? ORDER BY id", arguments: [user.string])
            {
                let (id, json): (String, [UInt8]) = (row["id"], Array(row["json"] as Data))
                state.silences.append(
                    try Self.read(json) { cursor throws(WireError) in
                        try AlertSilence(&cursor, id: id, now: Timestamp(milliseconds: 0))
                    })
            }
            for row in try Row.fetchAll(
                database, sql: "SELECT rule, subject, state FROM alertInstance WHERE uid = ?", arguments: [user.string])
            {
                guard let subject = AlertSubject(row["subject"] as String),
                    let instance = AlertInstance(text: row["state"] as String)
                else { continue }
                state.instances.append((row["rule"], subject, instance))
            }
            let slot = try Int64.fetchOne(database, sql: "SELECT slot FROM alertMark WHERE uid = ?", arguments: [user.string])
            state.slot = [slot, AlertSlotFile(besides: self.database.path, .others).read()].compactMap(\.self).max()
            return state
        }
    }

    private static func read<Value>(
        _ json: [UInt8], _ body: (inout JSONCursor) throws(WireError) -> Value
    ) throws -> Value {
        try json.withUnsafeBytes { bytes throws(WireError) in try JSONCursor.read(bytes, body) }
    }

    private static func json(_ write: (inout JSONWriter) -> Void) -> Data {
        var json = JSONWriter()
        write(&json)
        return Data(json.bytes)
    }

    // MARK: Changes

    /// Writes everything of a commit, or nothing. Of a deleted user nothing is written.
    func keep(_ commit: AlertCommit, of user: UserID, at time: Timestamp, notes: [AlertEventLine] = []) throws {
        try change(confirmed: commit.isAsked || !notes.isEmpty) { database in
            let isThere = try Bool.fetchOne(
                database, sql: "SELECT deletedAtMilliseconds IS NULL FROM user WHERE uid = ?", arguments: [user.string])
            guard isThere == true else { return }
            if let rules = commit.rules {
                try replace("alertRule", of: user, database, rules.map { rule in (rule.id, Self.json { rule.write(&$0) }) })
            }
            if let silences = commit.silences {
                try replace(
                    "alertSilence", of: user, database, silences.map { silence in (silence.id, Self.json { silence.write(&$0) }) })
            }
            for (rule, subject, instance) in commit.instances {
                let isProgram = if case .program = subject { true } else { false }
                let isKept = !instance.isBlank(at: instance.slot) || (isProgram && instance.slot >= instance.since)
                if isKept {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO alertInstance VALUES (?, ?, ?, ?)",
                        arguments: [user.string, rule, subject.description, instance.text])
                } else {
                    try database.execute(
                        sql: "DELETE FROM alertInstance WHERE uid = ? AND rule = ? AND subject = ?",
                        arguments: [user.string, rule, subject.description])
                }
            }
            if let slot = commit.slot {
                try database.execute(sql: "INSERT OR REPLACE INTO alertMark VALUES (?, ?)", arguments: [user.string, slot])
            }
            for news in commit.events {
                try note(
                    AlertEventLine(
                        at: Timestamp(seconds: AlertMessage.Entry.seconds(news.event.slot)), rule: news.rule.id,
                        name: news.rule.name,
                        subject: news.subject.description, kind: news.event.kind.rawValue, value: news.event.value,
                        isTold: news.event.isTold, by: ""), of: user, database)
            }
            for line in notes { try note(line, of: user, database) }
            for (channel, message) in commit.messages { try post(message, to: channel, of: user, at: time, database) }
            if !commit.events.isEmpty || !notes.isEmpty {
                try trim("alertEvent", of: user, keeping: Self.alertEventsKept, database)
            }
            if !commit.messages.isEmpty { try trim("alertMessage", of: user, keeping: Self.alertMessagesKept, database) }
        }
    }

    private func replace(_ table: String, of user: UserID, _ database: Database, _ rows: [(String, Data)]) throws {
        try database.execute(sql: "DELETE FROM \(table) WHERE uid = ?", arguments: [user.string])
        for (name, json) in rows {
            try database.execute(sql: "INSERT INTO \(table) VALUES (?, ?, ?)", arguments: [user.string, name, json])
        }
    }

    private func note(_ line: AlertEventLine, of user: UserID, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO alertEvent (uid, rule, name, subject, kind, atMilliseconds, value, isTold, by)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                user.string, line.rule, line.name, line.subject, line.kind, line.at.milliseconds, line.value, line.isTold, line.by,
            ])
    }

    /// A message whose key there was already is not another one.
    private func post(
        _ message: AlertMessage, to channel: String, of user: UserID, at time: Timestamp, _ database: Database
    ) throws {
        let isRefused =
            try Self.messagesInHour(of: user, before: time, database) >= Self.alertMessagesPerHourMax
            && !Self.endsWhatWasTold(message, channel, user, database)
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO alertMessage
                (uid, channel, key, json, instances, state, createdAtMilliseconds, dueAtMilliseconds, problem, endedAtMilliseconds)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                user.string, channel, message.key, try JSONEncoder().encode(message), message.instances,
                isRefused ? OutboxState.refused.rawValue : OutboxState.waiting.rawValue, time.milliseconds, time.milliseconds,
                isRefused ? "more than \(Self.alertMessagesPerHourMax) messages in an hour" : nil,
                isRefused ? time.milliseconds : nil,
            ])
    }

    /// Whether a message only says that something is over of which its channel was told that it is wrong. Whoever was woken is told that
    /// too, however many messages there were: there is at most one end for each beginning.
    private static func endsWhatWasTold(
        _ message: AlertMessage, _ channel: String, _ user: UserID, _ database: Database
    ) throws -> Bool {
        guard !message.isFiring, !message.isTest else { return false }
        let rows = try Row.fetchCursor(
            database, sql: "SELECT json, state FROM alertMessage WHERE uid = ? AND channel = ? ORDER BY id DESC",
            arguments: [user.string, channel])
        var open = Set(message.entries.map(\.instance))
        while !open.isEmpty, let row = try rows.next() {
            guard row["state"] != OutboxState.refused.rawValue else { continue }
            for entry in try JSONDecoder().decode(AlertMessage.self, from: row["json"] as Data).entries {
                if open.remove(entry.instance) != nil, entry.isFiring { return true }
            }
        }
        return false
    }

    /// Waiting messages are never among what goes.
    private func trim(_ table: String, of user: UserID, keeping count: Int, _ database: Database) throws {
        let rest = table == "alertMessage" ? "AND state != 'waiting'" : ""
        try database.execute(
            sql: """
                DELETE FROM \(table) WHERE uid = ?1 \(rest) AND id <=
                (SELECT id FROM \(table) WHERE uid = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
                """, arguments: [user.string, count])
    }

    /// Everything of all users was looked at up to a slot.
    /// - Throws: ``AccountError`` when that cannot be written.
    func noteAlertSlot(_ slot: Int64, _ scope: AlertScope) throws { try AlertSlotFile(besides: database.path, scope).write(slot) }

    /// Up to which slot the rules about what is usual were looked at; nil when there were none.
    func usualAlertSlot() -> Int64? { AlertSlotFile(besides: database.path, .usual).read() }

    // MARK: The outbox

    /// The oldest message of each channel whose time has come, and before which there is none that waits about the same instance: that
    /// something is good again is not told before that it was wrong. However many wait for a channel that hangs, those of others are
    /// among them.
    func dueMessages(at time: Timestamp, limit: Int) throws -> [OutboxLine] {
        try database.read { database in
            let places = try Row.fetchAll(
                database,
                sql: """
                    SELECT uid, channel, min(id) FROM alertMessage WHERE state = 'waiting' AND \(Self.isDue)
                    GROUP BY uid, channel ORDER BY min(id) LIMIT :limit
                    """, arguments: ["now": time.milliseconds, "limit": limit])
            return try places.compactMap { place in
                guard let id = try Self.first(of: place["channel"], place["uid"], at: time, database) else { return nil }
                let row = try Row.fetchOne(database, sql: "SELECT * FROM alertMessage WHERE id = ?", arguments: [id])
                return try row.flatMap { try Self.line($0) }
            }
        }
    }

    /// That a message is due: its time has come, or is later than any pause could have made it, because it was set by a clock that
    /// was ahead.
    private static let isDue: String = {
        let pauses = AlertDelivery.pausesSeconds.enumerated().map { "WHEN \($0.offset + 1) THEN \($0.element * 1000)" }
        return """
            (dueAtMilliseconds <= :now OR
             dueAtMilliseconds > :now + CASE attempts WHEN 0 THEN 0 \(pauses.joined(separator: " ")) ELSE 0 END)
            """
    }()

    /// Which message of a channel is told next, if any is now: its ID.
    private static func first(of channel: String, _ user: String, at time: Timestamp, _ database: Database) throws -> Int64? {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, instances, \(isDue) AS isDue FROM alertMessage
                WHERE uid = :user AND channel = :channel AND state = 'waiting' ORDER BY id LIMIT :limit
                """,
            arguments: ["now": time.milliseconds, "user": user, "channel": channel, "limit": alertMessagesPerHourMax])
        var held: Set<Substring> = []
        while let row = try rows.next() {
            let instances = (row["instances"] as String).split(separator: "\n")
            if row["isDue"], held.isDisjoint(with: instances) { return row["id"] }
            held.formUnion(instances)
        }
        return nil
    }

    /// A user's messages, the newest first.
    func outbox(of user: UserID, limit: Int = 200) throws -> [OutboxLine] {
        try database.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM alertMessage WHERE uid = ? ORDER BY id DESC LIMIT ?", arguments: [user.string, limit]
            ).compactMap { try Self.line($0) }
        }
    }

    private static func line(_ row: Row) throws -> OutboxLine? {
        guard let user = UserID(row["uid"] as String), let state = OutboxState(rawValue: row["state"]) else { return nil }
        return OutboxLine(
            id: row["id"], user: user, channel: row["channel"],
            message: try JSONDecoder().decode(AlertMessage.self, from: row["json"] as Data), state: state,
            createdAt: Timestamp(milliseconds: row["createdAtMilliseconds"]), attempts: row["attempts"], problem: row["problem"],
            endedAt: (row["endedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) })
    }

    /// What became of a try.
    /// - Parameter next: when it is tried again; nil for never.
    func noteTry(of message: Int64, _ problem: String?, next: Timestamp?, at time: Timestamp) throws {
        let state = problem == nil ? OutboxState.sent : next == nil ? .failed : .waiting
        try changeLater { database in
            try database.execute(
                sql: """
                    UPDATE alertMessage SET state = ?, problem = ?, attempts = attempts + 1, dueAtMilliseconds = ?, endedAtMilliseconds = ?
                    WHERE id = ?
                    """,
                arguments: [
                    state.rawValue, problem, (next ?? time).milliseconds, state == .waiting ? nil : time.milliseconds, message,
                ])
        }
    }

    /// How many messages of each state there are, of all users.
    func outboxCounts() throws -> [OutboxState: Int] {
        try database.read { database in
            var counts: [OutboxState: Int] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT state, count(*) AS n FROM alertMessage GROUP BY state") {
                if let state = OutboxState(rawValue: row["state"]) { counts[state] = row["n"] }
            }
            return counts
        }
    }

    /// How many messages a user has had within an hour, refused ones aside.
    func alertMessagesInHour(of user: UserID, before time: Timestamp) throws -> Int {
        try database.read { try Self.messagesInHour(of: user, before: time, $0) }
    }

    /// (Those of a clock that was ahead do not count until their time comes once more.)
    private static func messagesInHour(of user: UserID, before time: Timestamp, _ database: Database) throws -> Int {
        try Int.fetchOne(
            database,
            sql: """
                SELECT count(*) FROM alertMessage
                WHERE uid = ? AND createdAtMilliseconds BETWEEN ? AND ? AND state != 'refused'
                """,
            arguments: [user.string, time.milliseconds - 3_600_000 + 1, time.milliseconds]) ?? 0
    }

    /// What happened, the newest first.
    /// - Parameters:
    ///   - rule: only what is about this one, silences of several among it; nil for everything.
    ///   - before: only what came before the event of this ID.
    func alertEvents(of user: UserID, rule: String? = nil, before: Int64 = .max, limit: Int = 500) throws -> [AlertEventLine] {
        try database.read { database in
            var lines: [AlertEventLine] = []
            // (At most `alertEventsKept` of them; those of silences are of patterns, which the database does not know.)
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT * FROM alertEvent WHERE uid = ?1 AND id < ?2 AND (?3 IS NULL OR rule = ?3 OR kind LIKE 'silence%')
                    ORDER BY id DESC
                    """, arguments: [user.string, before, rule])
            while lines.count < limit, let row = try rows.next() {
                let line = AlertEventLine(
                    id: row["id"], at: Timestamp(milliseconds: row["atMilliseconds"]), rule: row["rule"], name: row["name"],
                    subject: row["subject"],
                    kind: row["kind"], value: row["value"], isTold: row["isTold"], by: row["by"])
                if let rule, line.rule != rule, AlertPattern(line.rule)?.matches(rule) != true { continue }
                lines.append(line)
            }
            return lines
        }
    }

    // MARK: Channels

    /// A user's channels, by name.
    func alertChannels(of user: UserID) throws -> [AlertChannel] {
        try database.read { try Self.channels(of: user, $0) }
    }

    private static func channels(of user: UserID, _ database: Database) throws -> [AlertChannel] {
        try Row.fetchAll(
            database, sql: "SELECT name, json FROM alertChannel WHERE uid = ? ORDER BY name", arguments: [user.string]
        ).map { row in
            let (name, json): (String, [UInt8]) = (row["name"], Array(row["json"] as Data))
            return try read(json) { cursor throws(WireError) in try AlertChannel(&cursor, named: name, known: nil) }
        }
    }

    static let alertChannelsMax = 50

    /// Makes or changes a channel.
    /// - Throws: ``AccountError`` when there are too many.
    func setChannel(_ channel: AlertChannel, of user: UserID) throws {
        try change { database in
            let others = try Self.channels(of: user, database).filter { $0.name != channel.name }
            guard others.count < Self.alertChannelsMax else {
                throw AccountError(.tooMany, "there are \(Self.alertChannelsMax) channels already")
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO alertChannel VALUES (?, ?, ?)",
                arguments: [user.string, channel.name, Self.json { channel.write(&$0, showsSecrets: true) }])
        }
    }

    /// - Returns: whether there was one.
    func removeChannel(_ name: String, of user: UserID) throws -> Bool {
        try change { database in
            try database.execute(
                sql: "DELETE FROM alertChannel WHERE uid = ? AND name = ?", arguments: [user.string, name])
            return database.changesCount > 0
        }
    }
}
