public import DattssCore
import Foundation
import GRDB

extension Accounts {
    /// What lets somebody into a team, once.
    public struct TeamInvitation: Sendable, Hashable {
        /// For lists; it proves nothing.
        public var id: String
        /// Whose team it is for.
        public var owner: UserID
        /// What whoever takes it may do.
        public var role: TeamRole
        /// Whom it was made for. It is good for whoever holds it.
        public var email: String?
        /// Who invites, as the audit names them.
        public var by: String
        /// When it was made.
        public var createdAt: Timestamp
        /// When it ends by itself.
        public var expiresAt: Timestamp

        static let seconds: Int64 = 7 * 86_400
        static let perTeamMax = 50

        init?(_ row: Row) {
            guard let owner = UserID(row["owner"] as String), let role = TeamRole(given: row["role"]) else { return nil }
            (id, self.owner, self.role, email, by) = (row["id"], owner, role, row["email"], row["by"])
            createdAt = Timestamp(milliseconds: row["createdAtMilliseconds"])
            expiresAt = Timestamp(milliseconds: row["expiresAtMilliseconds"])
        }
    }

    /// Lets one person into the team of a user, within a week.
    /// - Parameters:
    ///   - email: whom it is for, to be told from others on a list.
    ///   - role: one of ``TeamRole/given``.
    /// - Returns: its ID, and what follows `/account#join=`.
    /// - Throws: ``AccountError`` when there is no such user, or when too many invitations wait.
    public func invite(
        _ email: EmailAddress?, as role: TeamRole, toTeamOf owner: UserID, by author: TeamAuthor, at time: Timestamp
    ) throws -> (id: String, token: String) {
        let (id, secret) = ("i" + Secret.randomID(), Secret())
        // It lets somebody sign up, too, where its author may let people do that.
        let signsUp = author.user.map { person($0)?.isAdmin == true } ?? true
        try write { database in
            try requireUser(owner, database)
            try requireAdministers(author, owner, database)
            let waiting = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM teamInvitation WHERE owner = ? AND expiresAtMilliseconds > ?",
                arguments: [owner.string, time.milliseconds])
            guard waiting ?? 0 < TeamInvitation.perTeamMax else {
                throw AccountError(.tooMany, "\(TeamInvitation.perTeamMax) invitations wait already, revoke one first")
            }
            try database.execute(
                sql: "INSERT INTO teamInvitation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    secret.hash.data, id, owner.string, role.rawValue, email?.description, author.user?.string, author.name,
                    time.milliseconds, time.advanced(byMilliseconds: TeamInvitation.seconds * 1000).milliseconds, signsUp,
                ])
            try note(author, "team_invite", "\(email?.description ?? id): \(role.rawValue)", of: owner, at: time, database)
        }
        return (id, secret.text)
    }

    /// Those to the team of a user that still wait, the oldest first.
    public func teamInvitations(of owner: UserID, at time: Timestamp) throws -> [TeamInvitation] {
        try database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM teamInvitation WHERE owner = ? AND expiresAtMilliseconds > ?
                    ORDER BY createdAtMilliseconds, rowid
                    """, arguments: [owner.string, time.milliseconds]
            ).compactMap(TeamInvitation.init)
        }
    }

    /// Makes an invitation worthless.
    /// - Throws: ``AccountError`` when the team has no such invitation.
    public func revokeTeamInvitation(_ id: String, of owner: UserID, by author: TeamAuthor, at time: Timestamp) throws {
        try write { database in
            try requireAdministers(author, owner, database)
            let email = try String.fetchOne(
                database, sql: "SELECT email FROM teamInvitation WHERE owner = ? AND id = ?", arguments: [owner.string, id])
            try database.execute(sql: "DELETE FROM teamInvitation WHERE owner = ? AND id = ?", arguments: [owner.string, id])
            guard database.changesCount == 1 else { throw AccountError(.unknown, "there is no invitation '\(id.prefix(64))'") }
            try note(author, "team_revoke", email ?? id, of: owner, at: time, database)
        }
    }

    /// What a link says, for whoever holds it.
    /// - Throws: ``AccountError`` when it was used or revoked, or is too old.
    func teamInvitation(of secret: Secret, at time: Timestamp) throws -> (TeamInvitation, ownerEmail: String?) {
        try database.read { database in
            let invitation = try invitation(secret, at: time, database)
            return (invitation, person(invitation.owner)?.email)
        }
    }

    /// Makes somebody a member by a link, which is used up.
    /// - Throws: ``AccountError`` when the link is not good any more, when the person is in the team, or where there are too many.
    func join(by secret: Secret, _ person: UserID, by author: TeamAuthor, at time: Timestamp) throws -> Team {
        try write { database in
            let invitation = try invitation(secret, at: time, database)
            let owner = invitation.owner
            guard person != owner else { throw AccountError(.exists, "this is your own team") }
            let isMember = try Bool.fetchOne(
                database, sql: "SELECT 1 FROM member WHERE owner = ? AND member = ?", arguments: [owner.string, person.string])
            guard isMember != true else { throw AccountError(.exists, "you are in the team of '\(owner)' already") }
            try requireRoom("owner", owner, Self.membersMax, "the team of '\(owner)' has", database)
            try requireRoom("member", person, Self.teamsMax, "you are in", database)
            try database.execute(sql: "DELETE FROM teamInvitation WHERE hash = ?", arguments: [secret.hash.data])
            try database.execute(
                sql: "INSERT INTO member VALUES (?, ?, ?, ?)",
                arguments: [owner.string, person.string, invitation.role.rawValue, time.milliseconds])
            let what = "\(try called(person, database)): \(invitation.role.rawValue), invited by \(invitation.by)"
            try note(author, "team_join", what, of: owner, at: time, database)
            return Team(owner: owner, role: invitation.role)
        }
    }

    private func requireRoom(_ column: String, _ user: UserID, _ most: Int, _ words: String, _ database: Database) throws {
        let count = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM member WHERE \(column) = ?", arguments: [user.string])
        guard count ?? 0 < most else {
            throw AccountError(.tooMany, "\(words) \(most) \(column == "owner" ? "members" : "teams") already, which is the most")
        }
    }

    private func invitation(_ secret: Secret, at time: Timestamp, _ database: Database) throws -> TeamInvitation {
        let row = try Row.fetchOne(
            database, sql: "SELECT * FROM teamInvitation WHERE hash = ? AND expiresAtMilliseconds > ?",
            arguments: [secret.hash.data, time.milliseconds])
        guard let invitation = row.flatMap(TeamInvitation.init) else {
            throw AccountError(.linkExpired, "this invitation was used or taken back, or is too old; ask for another one")
        }
        return invitation
    }

    // MARK: Signing up

    /// Whether somebody may sign up by an invitation to a team, once.
    func teamSignsUp(_ email: EmailAddress, by hash: Data, at time: Timestamp, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: """
                SELECT 1 FROM teamInvitation
                WHERE hash = ? AND expiresAtMilliseconds > ? AND signsUp AND (email IS NULL OR email = ?)
                """, arguments: [hash, time.milliseconds, email.description]) == true
    }

    /// Somebody signs up by an invitation to a team, which stays good for joining it.
    /// - Returns: whether it was good for that.
    func takeTeamSignUp(_ hash: Data, at time: Timestamp, _ database: Database) throws -> Bool {
        try database.execute(
            sql: "UPDATE teamInvitation SET signsUp = 0 WHERE hash = ? AND expiresAtMilliseconds > ? AND signsUp",
            arguments: [hash, time.milliseconds])
        return database.changesCount == 1
    }
}
