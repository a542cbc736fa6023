public import DattssCore
public import DattssPipeline
import GRDB

extension Accounts {
    /// One of a user's auth keys.
    public struct Key: Sendable, Hashable {
        /// ``defaultName`` is that of the key that every user has from the start.
        public var id: String
        /// What the user calls it.
        public var name: String
        /// What it opens.
        public var scope: KeyScope
        /// When it was made.
        public var createdAt: Timestamp
        /// To the minute.
        public var usedAt: Timestamp?
        /// The key itself, as programs send it.
        public var key: String

        /// The name of the key that every user has from the start.
        public static let defaultName = "default"
        static let nameCharactersMax = 64
        static let perUserMax = 100
    }

    /// The keys of a user, the one named "default" first.
    /// - Throws: ``AccountError`` when there is no such user.
    public func keys(of user: UserID) throws -> [Key] {
        try database.read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM user WHERE uid = ? AND deletedAtMilliseconds IS NULL AND NOT isInternal",
                    arguments: [user.string])
            else { throw AccountError(.unknown, "there is no user '\(user)'") }
            let standard = Key(
                id: Key.defaultName, name: Key.defaultName, scope: .all,
                createdAt: Timestamp(milliseconds: row["keyChangedAtMilliseconds"] ?? row["createdAtMilliseconds"]),
                usedAt: (row["keyUsedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) },
                key: keys.key(of: user, version: row["keyVersion"]))
            let named = try Row.fetchAll(
                database, sql: "SELECT * FROM authKey WHERE uid = ? ORDER BY createdAtMilliseconds, rowid",
                arguments: [user.string])
            return [standard] + named.compactMap { key($0, of: user) }
        }
    }

    private func key(_ row: Row, of user: UserID) -> Key? {
        KeyScope(rawValue: row["scope"]).map { scope in
            Key(
                id: row["id"], name: row["name"], scope: scope,
                createdAt: Timestamp(milliseconds: row["createdAtMilliseconds"]),
                usedAt: (row["usedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) },
                key: keys.key(of: user, id: row["id"]))
        }
    }

    /// Makes a key for one purpose, to be revoked without touching the others.
    /// - Parameter name: 1 to 64 characters, of which the user has no key yet.
    /// - Throws: ``AccountError`` when the name is bad or taken, or when there are too many keys.
    public func addKey(named name: String, scope: KeyScope, of user: UserID, at time: Timestamp) throws -> Key {
        guard (1...Key.nameCharactersMax).contains(name.count),
            name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else {
            throw AccountError(.badName, "name: expected 1 to \(Key.nameCharactersMax) characters")
        }
        let key = try write { database in
            try requireUser(user, database)
            let names = try String.fetchAll(database, sql: "SELECT name FROM authKey WHERE uid = ?", arguments: [user.string])
            guard name != Key.defaultName, !names.contains(name) else {
                throw AccountError(.exists, "there is a key '\(name)' already")
            }
            guard names.count < Key.perUserMax else {
                throw AccountError(.tooMany, "there are \(names.count) keys already, revoke one first")
            }
            let id = "k" + Secret.randomID()
            try database.execute(
                sql: "INSERT INTO authKey (id, uid, name, scope, createdAtMilliseconds) VALUES (?, ?, ?, ?, ?)",
                arguments: [id, user.string, name, scope.rawValue, time.milliseconds])
            return Key(
                id: id, name: name, scope: scope, createdAt: time, usedAt: nil, key: keys.key(of: user, id: id))
        }
        return key
    }

    /// Makes a key worthless, from the next request on. The key named "default" is replaced by a new one.
    /// - Parameter id: its ID or its name.
    /// - Throws: ``AccountError`` when the user has no such key.
    public func revokeKey(_ id: String, of user: UserID, at time: Timestamp) throws {
        try write { database in
            if id == Key.defaultName {
                try database.execute(
                    sql: """
                        UPDATE user SET keyVersion = keyVersion + 1, keyChangedAtMilliseconds = ?, keyUsedAtMilliseconds = NULL
                        WHERE uid = ? AND deletedAtMilliseconds IS NULL AND NOT isInternal
                        """, arguments: [time.milliseconds, user.string])
            } else {
                try database.execute(
                    sql: "DELETE FROM authKey WHERE uid = ? AND (id = ? OR name = ?)", arguments: [user.string, id, id])
            }
            guard database.changesCount == 1 else { throw AccountError(.unknown, "there is no key '\(id.prefix(64))'") }
        }
    }

    /// Makes all keys of a user worthless; one named "default" takes their place.
    /// - Throws: ``AccountError`` when there is no such user.
    public func revokeKeys(of user: UserID, at time: Timestamp = SystemClock().now()) throws {
        try write { database in
            try database.execute(sql: "DELETE FROM authKey WHERE uid = ?", arguments: [user.string])
            try update(user, "keyVersion = keyVersion + 1, keyChangedAtMilliseconds = ?", [time.milliseconds], database)
        }
    }

    /// Writes down which keys and sessions were used in the last minute.
    func writeUses(at time: Timestamp) throws {
        let (names, areForgotten) = uses.take()
        if areForgotten { withState { $0.verified.removeAll() } }
        if names.isEmpty { return }
        // Nothing that requests ask for changes, so nothing is read back.
        try changeLater { database in
            for name in names {
                for sql in [
                    "UPDATE user SET keyUsedAtMilliseconds = ?1 WHERE uid = ?2 AND ?3 = 'default'",
                    "UPDATE authKey SET usedAtMilliseconds = ?1 WHERE uid = ?2 AND id = ?3",
                    "UPDATE session SET seenAtMilliseconds = ?1 WHERE uid = ?2 AND id = ?3",
                ] { try database.execute(sql: sql, arguments: [time.milliseconds, name.user.string, name.id]) }
            }
        }
    }

    func requireUser(_ user: UserID, _ database: Database) throws {
        let isKnown = try Bool.fetchOne(
            database, sql: "SELECT 1 FROM user WHERE uid = ? AND deletedAtMilliseconds IS NULL AND NOT isInternal",
            arguments: [user.string])
        guard isKnown == true else { throw AccountError(.unknown, "there is no user '\(user)'") }
    }
}
