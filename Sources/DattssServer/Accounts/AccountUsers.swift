public import DattssCore
public import DattssLog
import GRDB

extension Accounts {
    /// A user as the accounts know it.
    public struct User: Sendable, Hashable {
        /// The name, which is part of its keys.
        public var id: UserID
        /// The version of the default key: a new one makes the ones before invalid.
        public var keyVersion: Int64
        /// When the user was made.
        public var createdAt: Timestamp
        /// For how many days minutes and hours of this user are kept, where that is not the server's rule.
        public var retention: RetentionOverride
        /// Since when no key is valid and the data waits for being erased.
        public var deletedAt: Timestamp?
        /// Since when no file holds anything of this user.
        public var erasedAt: Timestamp?
        /// The address, once it is confirmed.
        public var email: String?
        /// Whether the user may see the server itself.
        public var isAdmin = false
    }

    /// For how many days something of one user is kept, where that is not the server's rule.
    public struct RetentionOverride: Sendable, Hashable {
        /// nil is the server's rule.
        public var minuteDays: Int64?
        /// nil is the server's rule.
        public var hourDays: Int64?

        /// An override of either, both or none.
        public init(minuteDays: Int64? = nil, hourDays: Int64? = nil) {
            self.minuteDays = minuteDays
            self.hourDays = hourDays
        }
    }

    /// How long what is kept, and whose data is to be erased.
    /// - Parameter limits: the server's own rule.
    public func retention(_ limits: Retention.Limits) -> Retention {
        withState { state in
            Retention(
                limits: limits,
                overrides: state.overrides.mapValues {
                    Retention.Limits(
                        minuteDays: $0.minuteDays ?? limits.minuteDays, hourDays: $0.hourDays ?? limits.hourDays)
                },
                deleted: state.deleted)
        }
    }

    /// All but those that the server itself made.
    public func users() throws -> [User] {
        try database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM user WHERE NOT isInternal ORDER BY uid").compactMap { row in
                UserID(row["uid"] as String).map {
                    User(
                        id: $0, keyVersion: row["keyVersion"],
                        createdAt: Timestamp(milliseconds: row["createdAtMilliseconds"]),
                        retention: RetentionOverride(minuteDays: row["minuteDays"], hourDays: row["hourDays"]),
                        deletedAt: (row["deletedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) },
                        erasedAt: (row["erasedAtMilliseconds"] as Int64?).map { Timestamp(milliseconds: $0) },
                        email: row["email"], isAdmin: row["isAdmin"])
                }
            }
        }
    }

    /// - Parameters:
    ///   - email: by which the user may sign in, once there is a password.
    ///   - isInternal: made by the server itself, and without a key.
    /// - Throws: ``AccountError`` when the user or the address exists, or the user is deleted but not yet erased.
    public func add(
        _ user: UserID, at time: Timestamp, email: EmailAddress? = nil, isAdmin: Bool? = nil, isInternal: Bool = false
    ) throws {
        try write { database in
            try insert(user, at: time, email: email, isAdmin: isAdmin ?? (user == .local), isInternal: isInternal, database)
        }
    }

    func insert(
        _ user: UserID, at time: Timestamp, email: EmailAddress?, isAdmin: Bool, isInternal: Bool, _ database: Database
    ) throws {
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
        if let email { try requireFree(email, database) }
        // Keys of the earlier user of this name stay worthless.
        let version = (existing?["keyVersion"] as Int64? ?? 0) + 1
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO user (uid, keyVersion, createdAtMilliseconds, email, isAdmin, isInternal)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [user.string, version, time.milliseconds, email?.description, isAdmin, isInternal])
    }

    /// Makes a user of the server's own, if need be.
    /// - Returns: false when somebody has the name already.
    func prepareInternal(_ user: UserID, at time: Timestamp) throws -> Bool {
        if isInternal(user) { return true }
        if isKnown(user) { return false }
        try add(user, at: time, isInternal: true)
        return true
    }

    func isInternal(_ user: UserID) -> Bool { withState { $0.isInternal.contains(user) } }

    /// Whether the name is taken, also by somebody who is deleted but not yet erased.
    func isKnown(_ user: UserID) -> Bool { withState { $0.people[user] != nil || $0.deleted.contains(user) } }

    /// Sets the address by which a user signs in.
    /// - Throws: ``AccountError`` when there is no such user, or another one of this address.
    public func setEmail(_ email: EmailAddress, of user: UserID) throws {
        try write { database in
            try requireFree(email, database)
            try update(user, "email = ?", [email.description], database)
        }
    }

    private func requireFree(_ email: EmailAddress, _ database: Database) throws {
        let owner = try String.fetchOne(
            database, sql: "SELECT uid FROM user WHERE email = ?", arguments: [email.description])
        if let owner { throw AccountError(.exists, "\(email) is the address of the user '\(owner)' already") }
    }

    /// Adds those users that are not there yet; thousands at once, in one transaction.
    public func addMissing(_ users: [UserID], at time: Timestamp) throws {
        try write { database in
            for user in users {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO user (uid, keyVersion, createdAtMilliseconds) VALUES (?, 1, ?)",
                    arguments: [user.string, time.milliseconds])
            }
        }
    }

    /// Makes all keys of a user worthless for good. The server's next pass of retention erases the data, and says so by
    /// ``noteErased(_:at:)``.
    /// - Throws: ``AccountError`` when there is no such user.
    public func delete(_ user: UserID, at time: Timestamp) throws {
        try write { database in
            try update(user, "email = NULL, passwordHash = NULL, deletedAtMilliseconds = ?", [time.milliseconds], database)
            for table in ["authKey", "session", "token", "favourite", "unit"] + AlertTables.names + MarkTables.names
                + BoardTables.names
            {
                try database.execute(sql: "DELETE FROM \(table) WHERE uid = ?", arguments: [user.string])
            }
            try TeamTables.remove(user.string, at: time.milliseconds, database)
        }
    }

    /// - Throws: ``AccountError`` when there is no such user.
    public func setRetention(_ retention: RetentionOverride, of user: UserID) throws {
        try change(user, "minuteDays = ?, hourDays = ?", [retention.minuteDays, retention.hourDays])
    }

    /// No file holds anything of a deleted user any more.
    public func noteErased(_ user: UserID, at time: Timestamp) throws {
        try changeLater { database in
            try database.execute(
                sql: "UPDATE user SET erasedAtMilliseconds = ? WHERE uid = ? AND deletedAtMilliseconds IS NOT NULL",
                arguments: [time.milliseconds, user.string])
            if database.changesCount == 1 {
                try database.execute(sql: "DELETE FROM audit WHERE uid = ?", arguments: [user.string])
            }
        }
    }

    private func change(_ user: UserID, _ assignment: String, _ values: [(any DatabaseValueConvertible)?]) throws {
        try write { try update(user, assignment, values, $0) }
    }

    func update(
        _ user: UserID, _ assignment: String, _ values: [(any DatabaseValueConvertible)?], _ database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE user SET \(assignment) WHERE uid = ? AND deletedAtMilliseconds IS NULL",
            arguments: StatementArguments(values + [user.string]))
        guard database.changesCount == 1 else { throw AccountError(.unknown, "there is no user '\(user)'") }
    }
}

extension UserID {
    /// The user that an empty data folder begins with, and whose the server is.
    public static let local = UserID("local") ?? { preconditionFailure("'local' is a user's name") }()
    /// Whose the statistics of `serve --demo` are.
    static let demo = UserID("demo") ?? { preconditionFailure("'demo' is a user's name") }()
    /// Whose the server's own statistics are.
    static let dattss = UserID("dattss") ?? { preconditionFailure("'dattss' is a user's name") }()
}
