public import DattssCore
import Foundation
import GRDB

extension Accounts {
    /// What a link is good for, once.
    enum LinkPurpose: String {
        /// Signs in as a user: printed by the server for its owner.
        case signIn = "sign_in"
        /// Sets a user's password.
        case password
        /// Makes the user of an e-mail address, with a password.
        case signUp = "sign_up"

        var seconds: Int64 { self == .password ? 3600 : 86_400 }
    }

    /// A link by which a user signs in without a password, within a day. One that was made before is void.
    /// - Returns: what follows `/sign-in/`.
    /// - Throws: ``AccountError`` when there is no such user.
    public func signInToken(for user: UserID, at time: Timestamp) throws -> String {
        try token(.signIn, for: user, at: time)
    }

    /// A link by which a user sets a password, within an hour. One that was made before is void.
    /// - Returns: what follows `/account#token=`.
    /// - Throws: ``AccountError`` when there is no such user.
    public func passwordToken(for user: UserID, at time: Timestamp) throws -> String {
        try token(.password, for: user, at: time)
    }

    private func token(_ purpose: LinkPurpose, for user: UserID, at time: Timestamp) throws -> String {
        try write { database in
            try requireUser(user, database)
            try database.execute(
                sql: "DELETE FROM token WHERE uid = ? AND purpose = ?", arguments: [user.string, purpose.rawValue])
            return try insertToken(purpose, user: user, email: nil, at: time, database).text
        }
    }

    private func insertToken(
        _ purpose: LinkPurpose, user: UserID?, email: EmailAddress?, invitation: Secret? = nil, at time: Timestamp,
        _ database: Database
    ) throws -> Secret {
        let secret = Secret()
        try database.execute(
            sql: "INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                secret.hash.data, purpose.rawValue, user?.string, email?.description, invitation?.hash.data,
                time.advanced(byMilliseconds: purpose.seconds * 1000).milliseconds,
            ])
        return secret
    }

    /// Takes a link back: it works once.
    private func takeToken(_ secret: Secret, at time: Timestamp, _ database: Database) throws -> Row {
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM token WHERE hash = ? AND expiresAtMilliseconds > ?",
            arguments: [secret.hash.data, time.milliseconds])
        guard let row else { throw AccountError.usedLink }
        try database.execute(sql: "DELETE FROM token WHERE hash = ?", arguments: [secret.hash.data])
        return row
    }

    /// Signs in by a link that ``signInToken(for:at:)`` made.
    /// - Throws: ``AccountError`` when it was used, or is too old.
    func signIn(byToken secret: Secret, _ visitor: Visitor, replacing old: Secret?, at time: Timestamp) throws -> Secret {
        try write { database in
            let row = try takeToken(secret, at: time, database)
            guard row["purpose"] == LinkPurpose.signIn.rawValue, let user = (row["uid"] as String?).flatMap({ UserID($0) })
            else { throw AccountError(.linkExpired, "this link does not sign in") }
            return try signIn(user, visitor, replacing: old, at: time, database)
        }
    }

    // MARK: Mail

    /// What is to be sent to an address that asked for something.
    enum Letter: Sendable, Hashable {
        case signUp(token: String)
        case passwordReset(token: String)
    }

    /// A letter to somebody who asked for an account. An address that has one already gets a link to set its password.
    func letterForSignUp(_ email: EmailAddress, invitation: Secret?, at time: Timestamp) throws -> Letter {
        try noteLetter { database in
            if let user = try user(of: email, database) {
                let token = try insertToken(.password, user: user, email: nil, at: time, database)
                return .passwordReset(token: token.text)
            }
            let token = try insertToken(.signUp, user: nil, email: email, invitation: invitation, at: time, database)
            return .signUp(token: token.text)
        }
    }

    /// A letter for whoever has forgotten the password; nil when nobody has this address. Does the same work either way.
    func letterForReset(_ email: EmailAddress, at time: Timestamp) throws -> Letter? {
        try noteLetter { database in
            let user = try user(of: email, database)
            let token = try insertToken(.password, user: user, email: nil, at: time, database)
            return user.map { _ in .passwordReset(token: token.text) }
        }
    }

    /// Writes down a letter's link. Anybody may have one sent, and what is in memory says nothing of links: it is not read anew.
    private func noteLetter<Value>(_ body: (Database) throws -> Value) throws -> Value { try change(body) }

    private func user(of email: EmailAddress, _ database: Database) throws -> UserID? {
        try String.fetchOne(
            database, sql: "SELECT uid FROM user WHERE email = ? AND deletedAtMilliseconds IS NULL",
            arguments: [email.description]
        ).flatMap { UserID($0) }
    }

    // MARK: Passwords

    /// Who has an address, and the hash of the password, if there is one.
    func login(_ email: EmailAddress) throws -> (user: UserID, hash: PasswordHash?)? {
        try database.read { database in
            try user(of: email, database).map { ($0, try passwordHash(of: $0, database)) }
        }
    }

    func passwordHash(of user: UserID) throws -> PasswordHash? { try database.read { try passwordHash(of: user, $0) } }

    private func passwordHash(of user: UserID, _ database: Database) throws -> PasswordHash? {
        try String.fetchOne(database, sql: "SELECT passwordHash FROM user WHERE uid = ?", arguments: [user.string])
            .flatMap { PasswordHash($0) }
    }

    /// Whether a link sets a password: asked before the work on one is done, which is dear, for whoever comes with any link.
    func setsPassword(_ secret: Secret, at time: Timestamp) throws -> Bool {
        try database.read { database in
            try Bool.fetchOne(
                database, sql: "SELECT 1 FROM token WHERE hash = ? AND expiresAtMilliseconds > ? AND purpose IN (?, ?)",
                arguments: [
                    secret.hash.data, time.milliseconds, LinkPurpose.password.rawValue, LinkPurpose.signUp.rawValue,
                ]) == true
        }
    }

    /// Sets a password by a link from a letter, which makes the user if there is none yet, and signs in. All other sessions
    /// of the user end.
    /// - Throws: ``AccountError`` when the link was used, or is too old.
    func setPassword(_ hash: PasswordHash, byToken secret: Secret, _ visitor: Visitor, at time: Timestamp) throws -> Secret {
        try write { database in
            let row = try takeToken(secret, at: time, database)
            let user: UserID
            switch (LinkPurpose(rawValue: row["purpose"]), row["uid"] as String?, row["email"] as String?) {
            case (.password, let uid?, _):
                guard let known = UserID(uid) else { throw AccountError(.unknown, "there is no user '\(uid)'") }
                user = known
            case (.signUp, _, let email?):
                guard let email = EmailAddress(email) else { throw AccountError(.badName, "\(email): \(EmailAddress.expected)") }
                if let known = try self.user(of: email, database) {
                    user = known
                } else {
                    if let invitation = row["invitation"] as Data? { try takeInvitation(invitation, at: time, database) }
                    user = try newUser(for: email, at: time, database)
                }
            default: throw AccountError(.linkExpired, "this link does not set a password")
            }
            return try setPassword(hash, of: user, visitor, at: time, database)
        }
    }

    /// Sets a password, and signs in anew. All other sessions of the user end.
    func setPassword(_ hash: PasswordHash, of user: UserID, _ visitor: Visitor, at time: Timestamp) throws -> Secret {
        try write { try setPassword(hash, of: user, visitor, at: time, $0) }
    }

    private func setPassword(
        _ hash: PasswordHash, of user: UserID, _ visitor: Visitor, at time: Timestamp, _ database: Database
    ) throws -> Secret {
        try update(user, "passwordHash = ?", [hash.text], database)
        try database.execute(sql: "DELETE FROM session WHERE uid = ?", arguments: [user.string])
        // Also the links of further letters to whoever signed up: each would set another password.
        try database.execute(
            sql: "DELETE FROM token WHERE uid = ?1 OR email = (SELECT email FROM user WHERE uid = ?1)", arguments: [user.string])
        return try signIn(user, visitor, replacing: nil, at: time, database)
    }

    /// `ann@example.com` becomes `ann-1f3c`: the name tells nobody which others there are.
    private func newUser(for email: EmailAddress, at time: Timestamp, _ database: Database) throws -> UserID {
        let letters = email.description.prefix { $0 != "@" }.utf8.filter {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        let stem = String(decoding: letters.prefix(20), as: UTF8.self)
        guard let user = UserID((stem.isEmpty ? "user" : stem) + "-" + Secret.randomID()) else {
            throw AccountError(.badName, "\(email) makes no user's name")
        }
        try insert(user, at: time, email: email, isAdmin: false, isInternal: false, database)
        return user
    }

    // MARK: Invitations

    private static let invitationSeconds: Int64 = 7 * 86_400

    /// Lets one person sign up, within a week.
    /// - Parameter email: if only somebody of this address may.
    /// - Returns: what follows `/account#invitation=`.
    public func invite(_ email: EmailAddress?, at time: Timestamp) throws -> String {
        let secret = Secret()
        try write { database in
            try database.execute(
                sql: "INSERT INTO invitation VALUES (?, ?, ?)",
                arguments: [
                    secret.hash.data, email?.description,
                    time.advanced(byMilliseconds: Self.invitationSeconds * 1000).milliseconds,
                ])
        }
        return secret.text
    }

    func isInvited(_ email: EmailAddress, by invitation: Secret, at time: Timestamp) throws -> Bool {
        try database.read { database in
            let isInvited = try Bool.fetchOne(
                database,
                sql: "SELECT 1 FROM invitation WHERE hash = ? AND expiresAtMilliseconds > ? AND (email IS NULL OR email = ?)",
                arguments: [invitation.hash.data, time.milliseconds, email.description])
            return try isInvited == true || teamSignsUp(email, by: invitation.hash.data, at: time, database)
        }
    }

    private func takeInvitation(_ hash: Data, at time: Timestamp, _ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM invitation WHERE hash = ? AND expiresAtMilliseconds > ?", arguments: [hash, time.milliseconds])
        guard try database.changesCount == 1 || takeTeamSignUp(hash, at: time, database) else {
            throw AccountError(.linkExpired, "the invitation was used, or is too old; ask for a new one")
        }
    }
}
