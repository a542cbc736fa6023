public import DattssCore
public import DattssLog
public import DattssPipeline
import GRDB
import Synchronization

/// The users of a data folder, in `accounts.sqlite` beside the log.
///
/// The server and the `dattss user` command may have it open at the same time: the server calls ``refresh()`` every second,
/// and a revoked key is refused from then on.
public final class Accounts: Authenticator {
    private let database: DatabaseQueue
    private let keys: AuthKeys
    private let versions: Mutex<Versions>

    private struct Versions {
        var byUser: [UserID: Int64]
        var overrides: [UserID: RetentionOverride]
        /// Deleted, but not erased yet.
        var deleted: Set<UserID>
        var dataVersion: Int64
        /// Keys that were found valid, so that a client costs one HMAC and not one a request.
        var verified: [String: UserID] = [:]
    }

    private static let verifiedMax = 20_000

    public struct User: Sendable, Hashable {
        public var id: UserID
        public var keyVersion: Int64
        public var createdAt: Timestamp
        /// For how many days minutes and hours of this user are kept, where that is not the server's rule.
        public var retention: RetentionOverride
        /// Since when no key is valid and the data waits for being erased.
        public var deletedAt: Timestamp?
        /// Since when no file holds anything of this user.
        public var erasedAt: Timestamp?
    }

    public struct RetentionOverride: Sendable, Hashable {
        /// nil is the server's rule.
        public var minuteDays: Int64?
        public var hourDays: Int64?

        public init(minuteDays: Int64? = nil, hourDays: Int64? = nil) {
            self.minuteDays = minuteDays
            self.hourDays = hourDays
        }
    }

    /// Opens the accounts in `directory`, which exists; makes them, and the secret, when they are not there.
    public init(directory: String) throws {
        keys = AuthKeys(secret: try SecretFile.load(directory + "/secret"))
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        database = try DatabaseQueue(path: directory + "/accounts.sqlite", configuration: configuration)
        try Self.migrator.migrate(database)
        versions = Mutex(try Self.load(database))
    }

    private static var migrator: DatabaseMigrator {
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
        return migrator
    }

    // MARK: Keys

    public func user(forKey key: String) -> UserID? {
        versions.withLock { versions in
            if let user = versions.verified[key] { return user }
            guard let user = AuthKeys.user(of: key), let version = versions.byUser[user],
                keys.isValid(key, of: user, version: version)
            else { return nil }
            if versions.verified.count >= Self.verifiedMax { versions.verified = [:] }
            versions.verified[key] = user
            return user
        }
    }

    /// The auth key of a user; nil when there is no such user.
    public func key(of user: UserID) -> String? {
        versions.withLock { $0.byUser[user] }.map { keys.key(of: user, version: $0) }
    }

    /// How long what is kept, and whose data is to be erased.
    /// - Parameter limits: the server's own rule.
    public func retention(_ limits: Retention.Limits) -> Retention {
        versions.withLock { versions in
            Retention(
                limits: limits,
                overrides: versions.overrides.mapValues {
                    Retention.Limits(
                        minuteDays: $0.minuteDays ?? limits.minuteDays, hourDays: $0.hourDays ?? limits.hourDays)
                },
                deleted: versions.deleted)
        }
    }

    /// Looks whether another process changed the accounts.
    public func refresh() throws {
        let current = try database.read { try Self.dataVersion($0) }
        guard versions.withLock({ $0.dataVersion != current }) else { return }
        let loaded = try Self.load(database)
        versions.withLock { $0 = loaded }
    }

    // MARK: Users

    public func users() throws -> [User] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM user ORDER BY uid").compactMap { row in
                UserID(row["uid"] as String).map {
                    User(
                        id: $0, keyVersion: row["keyVersion"],
                        createdAt: Timestamp(milliseconds: row["createdAtMilliseconds"]),
                        retention: RetentionOverride(minuteDays: row["minuteDays"], hourDays: row["hourDays"]),
                        deletedAt: (row["deletedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) },
                        erasedAt: (row["erasedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) })
                }
            }
        }
    }

    /// - Throws: ``AccountError`` when the user exists, or is deleted but not yet erased.
    public func add(_ user: UserID, at time: Timestamp) throws {
        try database.write { database in
            let existing = try Row.fetchOne(
                database, sql: "SELECT keyVersion, deletedAtMilliseconds, erasedAtMilliseconds FROM user WHERE uid = ?",
                arguments: [user.string])
            if let existing {
                guard existing["deletedAtMilliseconds"] as Int64? != nil else {
                    throw AccountError(.exists, "there is a user '\(user)' already")
                }
                guard existing["erasedAtMilliseconds"] as Int64? != nil else {
                    throw AccountError(.exists, "the data of the deleted user '\(user)' is not erased yet")
                }
            }
            // Keys of the earlier user of this name stay worthless.
            let version = (existing?["keyVersion"] as Int64? ?? 0) + 1
            try database.execute(
                sql: "INSERT OR REPLACE INTO user (uid, keyVersion, createdAtMilliseconds) VALUES (?, ?, ?)",
                arguments: [user.string, version, time.milliseconds])
        }
        try reload()
    }

    /// Adds those users that are not there yet; thousands at once, in one transaction.
    public func addMissing(_ users: [UserID], at time: Timestamp) throws {
        try database.write { database in
            for user in users {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO user (uid, keyVersion, createdAtMilliseconds) VALUES (?, 1, ?)",
                    arguments: [user.string, time.milliseconds])
            }
        }
        try reload()
    }

    /// Makes all keys of a user worthless for good. The server's next pass of retention erases the data, and says so by
    /// ``noteErased(_:at:)``.
    /// - Throws: ``AccountError`` when there is no such user.
    public func delete(_ user: UserID, at time: Timestamp) throws {
        try change(user, "deletedAtMilliseconds = ?", [time.milliseconds])
    }

    /// - Throws: ``AccountError`` when there is no such user.
    public func setRetention(_ retention: RetentionOverride, of user: UserID) throws {
        try change(user, "minuteDays = ?, hourDays = ?", [retention.minuteDays, retention.hourDays])
    }

    /// No file holds anything of a deleted user any more.
    public func noteErased(_ user: UserID, at time: Timestamp) throws {
        try database.write { database in
            try database.execute(
                sql: "UPDATE user SET erasedAtMilliseconds = ? WHERE uid = ? AND deletedAtMilliseconds IS NOT NULL",
                arguments: [time.milliseconds, user.string])
        }
    }

    /// Makes all keys of a user worthless.
    /// - Throws: ``AccountError`` when there is no such user.
    public func revokeKeys(of user: UserID) throws {
        try change(user, "keyVersion = keyVersion + 1", [])
    }

    private func change(_ user: UserID, _ assignment: String, _ values: [(any DatabaseValueConvertible)?]) throws {
        try database.write { database in
            try database.execute(
                sql: "UPDATE user SET \(assignment) WHERE uid = ? AND deletedAtMilliseconds IS NULL",
                arguments: StatementArguments(values + [user.string]))
            guard database.changesCount == 1 else { throw AccountError(.unknown, "there is no user '\(user)'") }
        }
        try reload()
    }

    private func reload() throws {
        let loaded = try Self.load(database)
        versions.withLock { $0 = loaded }
    }

    private static func load(_ database: DatabaseQueue) throws -> Versions {
        try database.read { database in
            var versions = Versions(byUser: [:], overrides: [:], deleted: [], dataVersion: try dataVersion(database))
            for row in try Row.fetchAll(database, sql: "SELECT * FROM user WHERE erasedAtMilliseconds IS NULL") {
                guard let user = UserID(row["uid"] as String) else { continue }
                if row["deletedAtMilliseconds"] as Int64? != nil {
                    versions.deleted.insert(user)
                } else {
                    versions.byUser[user] = row["keyVersion"]
                    let own = RetentionOverride(minuteDays: row["minuteDays"], hourDays: row["hourDays"])
                    if own != RetentionOverride() { versions.overrides[user] = own }
                }
            }
            return versions
        }
    }

    /// Changes when another connection has written (https://www.sqlite.org/pragma.html#pragma_data_version).
    private static func dataVersion(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "PRAGMA data_version") ?? 0
    }
}
