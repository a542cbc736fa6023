public import DattssCore
import GRDB

/// Who sees the statistics of a user besides the user, and who may do more with them.
extension Accounts {
    /// Somebody who is in a team.
    public struct Member: Sendable, Hashable {
        /// The user's name.
        public var user: UserID
        /// The address by which the user signs in.
        public var email: String?
        /// What the user may do.
        public var role: TeamRole
        /// Since when; of the owner, since when there is one.
        public var since: Timestamp
    }

    /// A team that somebody is in.
    public struct Team: Sendable, Hashable {
        /// Whose it is.
        public var owner: UserID
        /// What the member may do in it.
        public var role: TeamRole
    }

    /// Who changes a team, as its audit says it.
    public struct TeamAuthor: Sendable, Hashable {
        /// The user who is signed in; nil is the command line.
        public var user: UserID?
        /// What the audit calls them.
        public var name: String
        /// Where the request came from.
        public var address: String

        /// Whoever may read and write the data folder.
        public static let commandLine = TeamAuthor(user: nil, name: "command line", address: "")
    }

    static let membersMax = 100
    static let teamsMax = 100

    /// What somebody may do with the statistics of a user; nil when they are none of that person's business.
    func role(of person: UserID, in owner: UserID) -> TeamRole? {
        person == owner ? .owner : withState { $0.roles[person]?[owner] }
    }

    /// The teams of others that somebody is in, by name.
    public func teams(of person: UserID) -> [Team] {
        withState { $0.roles[person] ?? [:] }.map { Team(owner: $0.key, role: $0.value) }
            .sorted { $0.owner.string < $1.owner.string }
    }

    /// Whether an address is that of somebody in the team of a user.
    func isOfTeam(_ email: String, of owner: UserID) -> Bool {
        withState { state in
            state.people.contains { person, known in
                known.email == email && (person == owner || state.roles[person]?[owner] != nil)
            }
        }
    }

    /// Everybody in the team of a user, the owner first and then as they came.
    /// - Throws: ``AccountError`` when there is no such user.
    public func team(of owner: UserID) throws -> [Member] {
        try database.read { database in
            try requireUser(owner, database)
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT uid, email, 'owner' AS role, createdAtMilliseconds AS since, 0 AS place FROM user WHERE uid = ?1
                    UNION ALL
                    SELECT member, email, role, sinceMilliseconds, 1 FROM member JOIN user ON user.uid = member.member
                    WHERE owner = ?1 ORDER BY place, since, uid
                    """, arguments: [owner.string])
            return rows.compactMap { row in
                guard let user = UserID(row["uid"] as String), let role = TeamRole(rawValue: row["role"]) else { return nil }
                return Member(user: user, email: row["email"], role: role, since: Timestamp(milliseconds: row["since"]))
            }
        }
    }

    /// Gives a member another role, from the next request on.
    /// - Throws: ``AccountError`` when there is no such member, or when it is the owner.
    public func setRole(_ role: TeamRole, of member: UserID, in owner: UserID, by author: TeamAuthor, at time: Timestamp) throws {
        try write { database in
            try requireNotOwner(member, of: owner, database)
            try requireAdministers(author, owner, database)
            try database.execute(
                sql: "UPDATE member SET role = ? WHERE owner = ? AND member = ?",
                arguments: [role.rawValue, owner.string, member.string])
            guard database.changesCount == 1 else { throw Self.noMember(member) }
            if role < .administer { try revokeInvitations(of: member, to: owner, database) }
            try note(author, "team_role", "\(called(member, database)): \(role.rawValue)", of: owner, at: time, database)
        }
    }

    /// Takes a member out of a team, from the next request on; streams that are open end with their next event.
    /// - Throws: ``AccountError`` when there is no such member, or when it is the owner.
    public func remove(_ member: UserID, fromTeamOf owner: UserID, by author: TeamAuthor, at time: Timestamp) throws {
        try write { database in
            try requireNotOwner(member, of: owner, database)
            if author.user != member { try requireAdministers(author, owner, database) }
            try database.execute(
                sql: "DELETE FROM member WHERE owner = ? AND member = ?", arguments: [owner.string, member.string])
            guard database.changesCount == 1 else { throw Self.noMember(member) }
            try revokeInvitations(of: member, to: owner, database)
            let action = author.user == member ? "team_leave" : "team_remove"
            try note(author, action, called(member, database), of: owner, at: time, database)
        }
    }

    /// Whoever was made less while a request was on its way changes nothing by it.
    func requireAdministers(_ author: TeamAuthor, _ owner: UserID, _ database: Database) throws {
        guard let user = author.user, user != owner else { return }
        let role = try String.fetchOne(
            database, sql: "SELECT role FROM member WHERE owner = ? AND member = ?", arguments: [owner.string, user.string])
        guard role == TeamRole.administer.rawValue else {
            throw AccountError(.refused, "you do not administer the team of '\(owner)'")
        }
    }

    private func requireNotOwner(_ member: UserID, of owner: UserID, _ database: Database) throws {
        try requireUser(owner, database)
        guard member != owner else { throw AccountError(.refused, "the owner of a team stays in it, and administers it") }
    }

    private static func noMember(_ member: UserID) -> AccountError {
        AccountError(.unknown, "there is no member '\(member)'")
    }

    /// Who may not invite any more has invited nobody.
    private func revokeInvitations(of member: UserID, to owner: UserID, _ database: Database) throws {
        try database.execute(
            sql: "DELETE FROM teamInvitation WHERE owner = ? AND inviter = ?", arguments: [owner.string, member.string])
    }

    /// As the audit names a user: by the address, where there is one.
    func called(_ user: UserID, _ database: Database) throws -> String {
        try String.fetchOne(database, sql: "SELECT email FROM user WHERE uid = ?", arguments: [user.string]) ?? user.string
    }

    func note(
        _ author: TeamAuthor, _ action: String, _ what: String, of owner: UserID, at time: Timestamp, _ database: Database
    ) throws {
        let line = AuditLine(at: time, action: action, what: what, by: author.name, address: author.address)
        try note(line, of: owner, database)
    }
}
