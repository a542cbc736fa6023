public import DattssCore
import Foundation
import GRDB

extension Accounts {
    /// Somebody who is signed in, in one browser.
    public struct Session: Sendable, Hashable {
        /// Names the session in lists; it is no credential.
        public var id: String
        /// Who is signed in.
        public var user: UserID
        /// When they signed in.
        public var createdAt: Timestamp
        /// When it was last used, to the minute.
        public var seenAt: Timestamp
        /// When the session ends by itself.
        public var expiresAt: Timestamp
        /// The address that they signed in from.
        public var address: String
        /// The browser, as it calls itself.
        public var agent: String

        /// How long a session lasts, in seconds: 30 days.
        public static let seconds: Int64 = 30 * 86_400
        static let perUserMax = 50
        private static let agentBytesMax = 200

        init(user: UserID, at time: Timestamp, address: String, agent: String) {
            id = Secret.randomID()
            self.user = user
            (createdAt, seenAt) = (time, time)
            expiresAt = time.advanced(byMilliseconds: Self.seconds * 1000)
            self.address = address
            self.agent = String(agent.prefix(Self.agentBytesMax))
        }

        init?(_ row: Row) {
            guard let user = UserID(row["uid"] as String) else { return nil }
            (id, self.user, address, agent) = (row["id"], user, row["address"], row["agent"])
            createdAt = Timestamp(milliseconds: row["createdAtMilliseconds"])
            seenAt = Timestamp(milliseconds: row["seenAtMilliseconds"])
            expiresAt = Timestamp(milliseconds: row["expiresAtMilliseconds"])
        }
    }

    /// Where somebody signs in from.
    public struct Visitor: Sendable, Hashable {
        /// The network address.
        public var address: String
        /// The browser, as it calls itself.
        public var agent: String

        /// Somebody at this address, with this browser.
        public init(address: String, agent: String) {
            self.address = address
            self.agent = agent
        }
    }

    /// The session of a cookie, as long as it lasts.
    func session(of secret: Secret, at time: Timestamp) -> Session? {
        let hash = secret.hash
        guard let session = withState({ $0.sessions[hash] }), time < session.expiresAt else { return nil }
        uses.use(of: session.user, session.id).note()
        return session
    }

    /// Signs somebody in, in place of the session that the browser had.
    /// - Returns: what the browser gets to keep.
    func signIn(_ user: UserID, _ visitor: Visitor, replacing old: Secret? = nil, at time: Timestamp) throws -> Secret {
        try write { try signIn(user, visitor, replacing: old, at: time, $0) }
    }

    func signIn(
        _ user: UserID, _ visitor: Visitor, replacing old: Secret?, at time: Timestamp, _ database: Database
    ) throws -> Secret {
        let secret = Secret()
        let session = Session(user: user, at: time, address: visitor.address, agent: visitor.agent)
        if let old { try database.execute(sql: "DELETE FROM session WHERE hash = ?", arguments: [old.hash.data]) }
        // When there are too many, those that were seen last stay.
        try database.execute(
            sql: """
                DELETE FROM session WHERE uid = ?1 AND hash NOT IN
                (SELECT hash FROM session WHERE uid = ?1 ORDER BY seenAtMilliseconds DESC LIMIT ?2)
                """, arguments: [user.string, Session.perUserMax - 1])
        try database.execute(
            sql: "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                secret.hash.data, session.id, user.string, time.milliseconds, time.milliseconds,
                session.expiresAt.milliseconds, session.address, session.agent,
            ])
        try update(user, "signedInAtMilliseconds = ?", [time.milliseconds], database)
        return secret
    }

    /// Who is signed in as a user, the last seen first.
    public func sessions(of user: UserID, at time: Timestamp) throws -> [Session] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM session WHERE uid = ? AND expiresAtMilliseconds > ? ORDER BY seenAtMilliseconds DESC, id",
                arguments: [user.string, time.milliseconds]
            ).compactMap(Session.init)
        }
    }

    /// Signs a browser out, from the next request on.
    /// - Throws: ``AccountError`` when the user has no such session.
    public func revokeSession(_ id: String, of user: UserID) throws {
        try write { database in
            try database.execute(sql: "DELETE FROM session WHERE uid = ? AND id = ?", arguments: [user.string, id])
            guard database.changesCount == 1 else { throw AccountError(.unknown, "there is no session '\(id.prefix(64))'") }
        }
    }

    /// Whether anybody has ever signed in as this user.
    public func hasSignedIn(_ user: UserID) throws -> Bool {
        try database.read { database in
            try Int64.fetchOne(
                database, sql: "SELECT signedInAtMilliseconds FROM user WHERE uid = ?", arguments: [user.string]) != nil
        }
    }

    /// Deletes sessions, links and invitations whose time is over.
    ///
    /// Not when another one is made, as the clock shows it: set forward for a moment, it would sign everybody out for good.
    /// - Parameter time: as late as it certainly is, see ``Pipeline/confirmedTime``.
    func removeExpired(at time: Timestamp) throws {
        let isAny = try database.read { database in
            try Self.expiring.contains { table in
                try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM \(table) WHERE expiresAtMilliseconds <= ?)",
                    arguments: [time.milliseconds]) == true
            }
        }
        guard isAny else { return }
        try write { database in
            for table in Self.expiring {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE expiresAtMilliseconds <= ?", arguments: [time.milliseconds])
            }
        }
    }

    private static let expiring = ["session", "token", "invitation", "teamInvitation"]

    func person(_ user: UserID) -> Person? { withState { $0.people[user] } }

    /// What the audit calls somebody who is signed in: the address, where there is one.
    func name(of user: UserID) -> String { person(user)?.email ?? user.string }
}
