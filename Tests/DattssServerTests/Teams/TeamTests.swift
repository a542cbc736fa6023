import DattssCore
import DattssPipeline
import DattssTestSupport
import Foundation
import GRDB
import Testing

@testable import DattssServer

/// Goal: who is in a team, and as what, is exactly what its administrators and those who accepted have said.
@Suite("Teams")
struct TeamTests {
    private let folder: TestFolder
    private let accounts: Accounts
    private let now = Timestamp(seconds: 1_795_330_000)
    private let shop: UserID
    private let ann: UserID
    private let bob: UserID

    init() throws {
        folder = try TestFolder()
        accounts = try Accounts(directory: folder.path)
        (shop, ann, bob) = (try #require(UserID("shop")), try #require(UserID("ann")), try #require(UserID("bob")))
        for user in [shop, ann, bob] {
            // Who may invite people to the server is the shop alone.
            try accounts.add(user, at: now, email: EmailAddress("\(user)@example.com"), isAdmin: user == shop)
        }
    }

    private func author(_ user: UserID) -> Accounts.TeamAuthor {
        Accounts.TeamAuthor(user: user, name: accounts.name(of: user), address: "192.0.2.1")
    }

    private func invite(_ role: TeamRole, by inviter: UserID? = nil, email: String? = nil, at time: Timestamp? = nil) throws
        -> Secret
    {
        let token = try accounts.invite(
            email.flatMap { EmailAddress($0) }, as: role, toTeamOf: shop, by: author(inviter ?? shop), at: time ?? now
        ).token
        return try #require(Secret(token))
    }

    @discardableResult
    private func join(_ user: UserID, _ secret: Secret, at time: Timestamp? = nil) throws -> Accounts.Team {
        try accounts.join(by: secret, user, by: author(user), at: time ?? now)
    }

    private func days(_ days: Int64) -> Timestamp { now.advanced(byMilliseconds: days * 86_400_000) }

    /// What refuses something, as its code.
    private func refusal(_ body: () throws -> Void) -> AccountError.Code? {
        do { try body() } catch { return (error as? AccountError)?.code }
        return nil
    }

    @Test("are joined by a link, once, within a week")
    func joining() throws {
        let secret = try invite(.edit)
        #expect(try accounts.teamInvitation(of: secret, at: now).ownerEmail == "shop@example.com")
        #expect(accounts.role(of: ann, in: shop) == nil)
        #expect(try join(ann, secret) == Accounts.Team(owner: shop, role: .edit))
        #expect(accounts.role(of: ann, in: shop) == .edit && accounts.role(of: shop, in: ann) == nil)
        #expect(accounts.teams(of: ann) == [Accounts.Team(owner: shop, role: .edit)])
        #expect(refusal { try join(bob, secret) } == .linkExpired)
        #expect(refusal { try join(bob, Secret()) } == .linkExpired)
        let late = try invite(.view)
        #expect(refusal { try join(bob, late, at: days(7)) } == .linkExpired)
        #expect(throws: Never.self) { try join(bob, late, at: days(7).advanced(byMilliseconds: -1)) }
        #expect(try accounts.team(of: shop).map(\.user) == [shop, ann, bob])
        #expect(try accounts.team(of: shop).map(\.role) == [.owner, .edit, .view])
    }

    @Test("are not joined twice, and not by their owner, and the link stays good for somebody else")
    func joiningTwice() throws {
        try join(ann, invite(.view))
        let secret = try invite(.administer)
        #expect(refusal { try join(ann, secret) } == .exists)
        #expect(accounts.role(of: ann, in: shop) == .view)
        #expect(refusal { try join(shop, secret) } == .exists)
        #expect(try join(bob, secret).role == .administer)
    }

    @Test("keep of a link only its hash, and no link is good once it is taken back, or its author administers no more")
    func revoking() throws {
        let secret = try invite(.view, email: "carl@example.com")
        let listed = try accounts.teamInvitations(of: shop, at: now)
        #expect(listed.map(\.email) == ["carl@example.com"] && listed.map(\.by) == ["shop@example.com"])
        let id = try #require(listed.first?.id)
        #expect(refusal { try accounts.revokeTeamInvitation(id, of: ann, by: author(ann), at: now) } == .unknown)
        #expect(refusal { try accounts.revokeTeamInvitation(id, of: shop, by: author(ann), at: now) } == .refused)
        try accounts.revokeTeamInvitation(id, of: shop, by: author(shop), at: now)
        #expect(refusal { try join(ann, secret) } == .linkExpired)

        for role in [TeamRole.edit, nil] {
            try join(ann, invite(.administer))
            let secret = try invite(.administer, by: ann)
            if let role {
                try accounts.setRole(role, of: ann, in: shop, by: author(shop), at: now)
            } else {
                try accounts.remove(ann, fromTeamOf: shop, by: author(shop), at: now)
            }
            #expect(refusal { try join(bob, secret) } == .linkExpired, "\(role?.rawValue ?? "removed")")
            try? accounts.remove(ann, fromTeamOf: shop, by: author(shop), at: now)
        }
        let file = try Data(contentsOf: URL(filePath: folder.path + "/accounts.sqlite"))
        #expect(file.range(of: Data(secret.text.utf8)) == nil && file.range(of: Data(secret.bytes)) == nil)
    }

    @Test("have an owner who cannot be made less, or removed, also not by himself")
    func owner() throws {
        try join(ann, invite(.administer))
        for author in [author(ann), author(shop), .commandLine] {
            #expect(refusal { try accounts.setRole(.view, of: shop, in: shop, by: author, at: now) } == .refused)
            #expect(refusal { try accounts.remove(shop, fromTeamOf: shop, by: author, at: now) } == .refused)
        }
        #expect(accounts.role(of: shop, in: shop) == .owner)
        #expect(TeamRole(given: "owner") == nil && TeamRole(given: "view") == .view)
        #expect(refusal { try accounts.remove(bob, fromTeamOf: shop, by: author(shop), at: now) } == .unknown)
        #expect(refusal { try accounts.setRole(.edit, of: bob, in: shop, by: author(shop), at: now) } == .unknown)
    }

    @Test("are changed by nobody who was made less while a request was on its way")
    func overtaken() throws {
        try join(bob, invite(.view))
        for role in [nil, TeamRole.view, .edit] {
            if let role { try join(ann, invite(role)) }
            let what = role?.rawValue ?? "none"
            #expect(refusal { _ = try invite(.view, by: ann) } == .refused, "\(what)")
            #expect(refusal { try accounts.setRole(.edit, of: bob, in: shop, by: author(ann), at: now) } == .refused, "\(what)")
            #expect(refusal { try accounts.remove(bob, fromTeamOf: shop, by: author(ann), at: now) } == .refused, "\(what)")
            if role != nil { try accounts.remove(ann, fromTeamOf: shop, by: author(ann), at: now) }
        }
        #expect(accounts.role(of: bob, in: shop) == .view)
    }

    @Test("end with their owner, and whoever is deleted is in none, nor is one of the same name later")
    func deletion() throws {
        try join(ann, invite(.edit))
        try join(bob, invite(.administer))
        let secret = try invite(.view, by: bob)
        try accounts.delete(bob, at: now)
        #expect(try accounts.team(of: shop).map(\.user) == [shop, ann])
        #expect(refusal { _ = try accounts.teamInvitation(of: secret, at: now) } == .linkExpired)
        try accounts.noteErased(bob, at: now)
        try accounts.add(bob, at: now)
        #expect(accounts.role(of: bob, in: shop) == nil)

        let waiting = try invite(.view)
        try accounts.delete(shop, at: now)
        #expect(accounts.role(of: ann, in: shop) == nil && accounts.teams(of: ann).isEmpty)
        #expect(refusal { try join(bob, waiting) } == .linkExpired)
        try accounts.noteErased(shop, at: now)
        try accounts.add(shop, at: now)
        #expect(accounts.role(of: ann, in: shop) == nil)
        #expect(try accounts.team(of: shop).map(\.user) == [shop])
    }

    @Test("have an audit of who invited, joined, changed and left")
    func audit() throws {
        try join(ann, invite(.view, email: "ann@example.com"))
        try accounts.setRole(.administer, of: ann, in: shop, by: author(shop), at: now)
        _ = try invite(.view, by: ann, email: "carl@example.com")
        let id = try #require(try accounts.teamInvitations(of: shop, at: now).first?.id)
        try accounts.revokeTeamInvitation(id, of: shop, by: author(ann), at: now)
        try accounts.remove(ann, fromTeamOf: shop, by: author(ann), at: now)
        try join(bob, invite(.edit, email: "bob@example.com"))
        try accounts.remove(bob, fromTeamOf: shop, by: .commandLine, at: now)
        try join(bob, invite(.edit, email: "bob@example.com"))
        try accounts.delete(bob, at: now)
        let lines = try accounts.audit(of: shop).reversed().map { "\($0.action) \($0.what) by \($0.by)" }
        #expect(
            lines == [
                "team_invite ann@example.com: view by shop@example.com",
                "team_join ann@example.com: view, invited by shop@example.com by ann@example.com",
                "team_role ann@example.com: administer by shop@example.com",
                "team_invite carl@example.com: view by ann@example.com",
                "team_revoke carl@example.com by ann@example.com",
                "team_leave ann@example.com by ann@example.com",
                "team_invite bob@example.com: edit by shop@example.com",
                "team_join bob@example.com: edit, invited by shop@example.com by bob@example.com",
                "team_remove bob@example.com by command line",
                "team_invite bob@example.com: edit by shop@example.com",
                "team_join bob@example.com: edit, invited by shop@example.com by bob@example.com",
                "team_leave bob by bob",
            ])
        #expect(try accounts.audit(of: ann).isEmpty)
    }

    @Test("have at most so many members and invitations, and nobody is in more than so many")
    func limits() throws {
        for number in 0..<Accounts.TeamInvitation.perTeamMax { _ = try invite(.view, at: days(number < 1 ? 0 : 1)) }
        #expect(refusal { _ = try invite(.view, at: days(1)) } == .tooMany)
        // One of them is past.
        #expect(refusal { _ = try invite(.view, at: days(7)) } == nil)

        let insert = "INSERT INTO member VALUES (?, ?, 'view', 0)"
        try accounts.write { database in
            for number in 0..<Accounts.membersMax { try database.execute(sql: insert, arguments: ["shop", "m\(number)"]) }
            for number in 0..<Accounts.teamsMax { try database.execute(sql: insert, arguments: ["o\(number)", "ann"]) }
        }
        let secret = try invite(.view, at: days(9))
        #expect(refusal { try join(bob, secret, at: days(9)) } == .tooMany)
        try accounts.write { try $0.execute(sql: "DELETE FROM member WHERE owner = 'shop'") }
        #expect(refusal { try join(ann, secret, at: days(9)) } == .tooMany)
        #expect(refusal { try join(bob, secret, at: days(9)) } == nil)
    }

    @Test("let people sign up once by an invitation of somebody who may invite people, to whom it is addressed")
    func signingUp() throws {
        let email = try #require(EmailAddress("carl@example.com"))
        try join(ann, invite(.administer))
        let (ours, others) = (try invite(.view, email: "carl@example.com"), try invite(.view, by: ann))
        #expect(try accounts.isInvited(email, by: ours, at: now))
        #expect(try !accounts.isInvited(#require(EmailAddress("dora@example.com")), by: ours, at: now))
        #expect(try !accounts.isInvited(email, by: others, at: now), "its author does not run the server")
        #expect(try !accounts.isInvited(email, by: ours, at: days(7)))
        let visitor = Accounts.Visitor(address: "", agent: "")
        func signUp(_ address: String) throws -> UserID? {
            let email = try #require(EmailAddress(address))
            guard case .signUp(let token) = try accounts.letterForSignUp(email, invitation: ours, at: now) else { return nil }
            let hash = try PasswordHash(of: "correct horse", costs: .init(rounds: 16, blockSize: 1, parallelism: 1))
            let secret = try accounts.setPassword(hash, byToken: #require(Secret(token)), visitor, at: now)
            return accounts.session(of: secret, at: now)?.user
        }
        let carl = try #require(try signUp("carl@example.com"))
        #expect(try !accounts.isInvited(email, by: ours, at: now), "it lets one person sign up")
        #expect(refusal { _ = try signUp("dora@example.com") } == .linkExpired)
        #expect(try join(carl, ours).role == .view)
    }

    @Test("may be told of alerts by mail at their addresses, as long as they are in the team")
    func mail() throws {
        let carl = try #require(UserID("carl"))
        try accounts.add(carl, at: now, email: EmailAddress("carl@example.com"))
        let token = try accounts.invite(nil, as: .view, toTeamOf: ann, by: author(ann), at: now).token
        #expect(accounts.maySendMail(to: "ann@example.com", of: ann) && !accounts.maySendMail(to: "carl@example.com", of: ann))
        try join(carl, #require(Secret(token)))
        #expect(accounts.maySendMail(to: "Carl@example.com", of: ann) && !accounts.maySendMail(to: "bob@example.com", of: ann))
        #expect(!accounts.maySendMail(to: "ann@example.com", of: carl))
        try accounts.remove(carl, fromTeamOf: ann, by: author(ann), at: now)
        #expect(!accounts.maySendMail(to: "carl@example.com", of: ann))
    }
}

/// Goal: a folder from before there were teams is opened with all that is in it, and has teams from then on.
@Suite("Teams, in a folder from before")
struct TeamMigrationTests {
    @Test("everybody keeps what they had, and nobody sees more")
    func migration() throws {
        let folder = try TestFolder()
        let (now, path) = (Timestamp(seconds: 1_795_330_000), folder.path + "/accounts.sqlite")
        let (shop, ann) = (try #require(UserID("shop")), try #require(UserID("ann")))
        let session = Secret()
        do {
            let database = try DatabaseQueue(path: path)
            try AccountSchema.migrator.migrate(database, upTo: "instances of messages")
            try database.write { database in
                let tables = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
                #expect(!tables.contains("member") && tables.contains("invitation"))
                for user in [shop, ann] {
                    try database.execute(
                        sql: "INSERT INTO user (uid, keyVersion, createdAtMilliseconds, email) VALUES (?, 3, 1, ?)",
                        arguments: [user.string, "\(user)@example.com"])
                }
                try database.execute(
                    sql: "INSERT INTO session VALUES (?, 'id', 'ann', 1, 1, ?, '', '')",
                    arguments: [session.hash.data, now.milliseconds + 1])
                try database.execute(
                    sql: """
                        INSERT INTO audit (uid, atMilliseconds, action, what, by, address)
                        VALUES ('ann', 1, 'process_stop', 'api', 'session', '')
                        """)
            }
            try database.close()
        }
        for _ in 1...2 {
            let accounts = try Accounts(directory: folder.path)
            #expect(accounts.session(of: session, at: now)?.user == ann)
            #expect(accounts.key(of: shop).map { accounts.owner(ofKey: $0)?.user } == shop)
            #expect(try accounts.audit(of: ann).map(\.by).contains("session"))
            #expect(accounts.teams(of: ann).count == accounts.teams(of: shop).count)
            #expect(accounts.role(of: ann, in: shop) == nil && accounts.role(of: ann, in: ann) == .owner)
            let token = try accounts.invite(nil, as: .view, toTeamOf: shop, by: .commandLine, at: now).token
            _ = try accounts.join(by: #require(Secret(token)), ann, by: .commandLine, at: now)
            #expect(accounts.role(of: ann, in: shop) == .view)
            try accounts.remove(ann, fromTeamOf: shop, by: .commandLine, at: now)
        }
    }
}
