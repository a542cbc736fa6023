import DattssCore
import DattssPipeline
import Dispatch
import Foundation
import Testing

@testable import DattssServer

@Suite("Signing in")
struct SignInTests {
    private let folder: TestFolder
    private let accounts: Accounts
    private let start = Timestamp(seconds: 1_795_330_000)
    private let visitor = Accounts.Visitor(address: "192.0.2.1", agent: "test")
    private let ann = UserID("ann")!
    private let email = EmailAddress("ann@example.com")!
    private let hash: PasswordHash

    init() throws {
        folder = try TestFolder()
        accounts = try Accounts(directory: folder.path)
        try accounts.add(ann, at: start, email: email)
        hash = try PasswordHash(of: "correct horse", costs: .init(rounds: 16, blockSize: 1, parallelism: 1))
    }

    private func later(_ seconds: Int64) -> Timestamp { start.advanced(byMilliseconds: seconds * 1000) }

    /// Goal: whoever asks without being known does not keep those waiting who are.
    @Test("few strangers are served at a time, and whoever is signed in comes in any case", .timeLimit(.minutes(10)))
    func strangers() async throws {
        let (accounts, gate) = (accounts, DispatchSemaphore(value: 0))
        try await withThrowingTaskGroup { group in
            group.addTask { try await accounts.run { _ in gate.wait() } }
            for _ in 0..<Accounts.strangersMax { group.addTask { try await accounts.runForStranger { _ in } } }
            while accounts.strangerCount < Accounts.strangersMax { await Task.yield() }
            await #expect(throws: Accounts.Busy.self) { try await accounts.runForStranger { _ in } }
            async let own = accounts.run { _ in 7 }
            gate.signal()
            #expect(try await own == 7)
            try await group.waitForAll()
        }
        #expect(accounts.strangerCount == 0)
        #expect(try await accounts.runForStranger { _ in 8 } == 8)
    }

    // MARK: Sessions

    /// Goal: a session is known by its secret alone, until it expires or is revoked; the file does not hold the secret.
    @Test("lasts for a session's time, and no longer")
    func session() throws {
        let secret = try accounts.signIn(ann, visitor, at: start)
        let session = try #require(accounts.session(of: secret, at: start))
        #expect(session.user == ann && session.address == "192.0.2.1")
        #expect(accounts.session(of: Secret(), at: start) == nil)
        #expect(accounts.session(of: secret, at: later(Accounts.Session.seconds - 1)) != nil)
        #expect(accounts.session(of: secret, at: later(Accounts.Session.seconds)) == nil)
        let file = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/accounts.sqlite"))
        #expect(file.range(of: Data(secret.bytes)) == nil && file.range(of: Data(secret.text.utf8)) == nil)
        #expect(try Accounts(directory: folder.path).session(of: secret, at: start) == session)
    }

    /// Goal: a clock that is set forward for a moment signs nobody out for good, and takes back no link.
    @Test("what a clock makes old is only deleted when that is certain")
    func wrongClock() throws {
        let secret = try accounts.signIn(ann, visitor, at: start)
        let token = try #require(Secret(try accounts.passwordToken(for: ann, at: start)))
        let invitation = try #require(Secret(try accounts.invite(nil, at: start)))
        let wrong = later(60 * 86_400)
        _ = try accounts.signIn(ann, visitor, at: wrong)
        _ = try accounts.signInToken(for: ann, at: wrong)
        _ = try accounts.invite(nil, at: wrong)
        try accounts.removeExpired(at: later(60))
        #expect(accounts.session(of: secret, at: wrong) == nil && accounts.session(of: secret, at: later(120)) != nil)
        #expect(try accounts.setsPassword(token, at: later(120)))
        #expect(try accounts.isInvited(email, by: invitation, at: later(120)))
        try accounts.removeExpired(at: later(31 * 86_400))
        #expect(accounts.session(of: secret, at: later(120)) == nil)
        #expect(try !accounts.setsPassword(token, at: later(120)))
        #expect(try !accounts.isInvited(email, by: invitation, at: later(120)))
    }

    /// Goal: revoked means from the next request on, also by another process; nobody revokes another's session.
    @Test("ends when the session is revoked")
    func revoked() throws {
        let shell = try Accounts(directory: folder.path)
        let secrets = try (0..<2).map { _ in try accounts.signIn(ann, visitor, at: start) }
        let ids = try secrets.map { try #require(accounts.session(of: $0, at: start)).id }
        #expect(throws: AccountError.self) { try accounts.revokeSession(ids[0], of: .local) }
        try accounts.revokeSession(ids[0], of: ann)
        #expect(accounts.session(of: secrets[0], at: start) == nil && accounts.session(of: secrets[1], at: start) != nil)
        try shell.revokeSession(ids[1], of: ann)
        try accounts.refresh()
        #expect(accounts.session(of: secrets[1], at: start) == nil)
        #expect(try accounts.sessions(of: ann, at: start).isEmpty)
    }

    /// Goal: the session that a browser had before is worthless after it signed in.
    @Test("gives a browser another session in place of the one before")
    func rotated() throws {
        let first = try accounts.signIn(ann, visitor, at: start)
        let second = try accounts.signIn(ann, visitor, replacing: first, at: start)
        #expect(accounts.session(of: first, at: start) == nil && accounts.session(of: second, at: start) != nil)
        #expect(accounts.keys.changeToken(of: first) != accounts.keys.changeToken(of: second))
    }

    /// Goal: a user has at most so many sessions; the oldest go.
    @Test("keeps a user's newest sessions")
    func bounded() throws {
        let secrets = try (0..<52).map { try accounts.signIn(ann, visitor, at: later(Int64($0))) }
        #expect(secrets.filter { accounts.session(of: $0, at: later(60)) == nil } == Array(secrets[..<2]))
    }

    // MARK: Links

    /// Goal: a link signs in once, within a day, and only the newest does.
    @Test("by a link works once")
    func link() throws {
        let first = try #require(Secret(try accounts.signInToken(for: ann, at: start)))
        let second = try #require(Secret(try accounts.signInToken(for: ann, at: start)))
        #expect(try !accounts.hasSignedIn(ann))
        #expect(throws: AccountError.self) { try accounts.signIn(byToken: first, visitor, replacing: nil, at: start) }
        #expect(throws: AccountError.self) { try accounts.signIn(byToken: second, visitor, replacing: nil, at: later(86_400)) }
        let secret = try accounts.signIn(byToken: second, visitor, replacing: nil, at: later(86_399))
        #expect(accounts.session(of: secret, at: later(86_399))?.user == ann)
        #expect(try accounts.hasSignedIn(ann))
        #expect(throws: AccountError.self) { try accounts.signIn(byToken: second, visitor, replacing: nil, at: start) }
        #expect(throws: AccountError.self) { try accounts.signInToken(for: UserID("nobody")!, at: start) }
    }

    /// Goal: a link is good for what it was made for, and nothing else.
    @Test("by a link for a password is not possible, nor the other way round")
    func purposes() throws {
        let forPassword = try #require(Secret(try accounts.passwordToken(for: ann, at: start)))
        let forSignIn = try #require(Secret(try accounts.signInToken(for: ann, at: start)))
        #expect(throws: AccountError.self) { try accounts.signIn(byToken: forPassword, visitor, replacing: nil, at: start) }
        #expect(throws: AccountError.self) { try accounts.setPassword(hash, byToken: forSignIn, visitor, at: start) }
    }

    /// Goal: setting a password ends all other sessions and links of the user.
    @Test("with a new password ends all other sessions")
    func password() throws {
        let old = try accounts.signIn(ann, visitor, at: start)
        let other = try accounts.signInToken(for: ann, at: start)
        guard case .passwordReset(let token)? = try accounts.letterForReset(email, at: start) else {
            Issue.record("expected a letter")
            return
        }
        #expect(try accounts.letterForReset(try #require(EmailAddress("nobody@example.com")), at: start) == nil)
        let secret = try accounts.setPassword(hash, byToken: try #require(Secret(token)), visitor, at: later(3599))
        #expect(accounts.session(of: secret, at: later(3599)) != nil && accounts.session(of: old, at: later(3599)) == nil)
        #expect(throws: AccountError.self) {
            try accounts.signIn(byToken: try #require(Secret(other)), visitor, replacing: nil, at: start)
        }
        #expect(try accounts.login(email)?.hash == hash)
    }

    // MARK: Signing up

    /// Goal: whoever proves an address becomes a user; whoever has the address already is not told so, and not doubled.
    @Test("begins with signing up")
    func signUp() throws {
        let address = try #require(EmailAddress("Bob.B@Example.com"))
        let tokens = try (0..<2).map { _ in
            guard case .signUp(let token) = try accounts.letterForSignUp(address, invitation: nil, at: start) else {
                throw AccountError(.unknown, "expected a letter to sign up")
            }
            return try #require(Secret(token))
        }
        #expect(try accounts.setsPassword(tokens[1], at: start) && !accounts.setsPassword(Secret(), at: start))
        let secret = try accounts.setPassword(hash, byToken: tokens[0], visitor, at: start)
        let user = try #require(accounts.session(of: secret, at: start)).user
        #expect(user.string.hasPrefix("bobb-"))
        #expect(accounts.key(of: user) != nil && accounts.person(user)?.isAdmin == false)
        // The other letter lies in the same letter box: whoever finds it there later gets nothing by it.
        #expect(try !accounts.setsPassword(tokens[1], at: start))
        let used = #expect(throws: AccountError.self) {
            try accounts.setPassword(hash, byToken: tokens[1], visitor, at: start)
        }
        #expect(used?.code == .linkExpired)
        guard case .passwordReset = try accounts.letterForSignUp(email, invitation: nil, at: start) else {
            Issue.record("a known address gets a link for its own account")
            return
        }
        #expect(try accounts.users().count == 2)
    }

    /// Goal: an invitation is for one person, for one week, and for one address when it says so.
    @Test("may take an invitation, which is used once")
    func invitation() throws {
        let bob = try #require(EmailAddress("bob@example.com"))
        let open = try #require(Secret(try accounts.invite(nil, at: start)))
        let bound = try #require(Secret(try accounts.invite(bob, at: start)))
        #expect(try accounts.isInvited(email, by: open, at: start) && !accounts.isInvited(email, by: bound, at: start))
        #expect(try accounts.isInvited(bob, by: bound, at: start) && !accounts.isInvited(bob, by: Secret(), at: start))
        #expect(try !accounts.isInvited(bob, by: open, at: later(7 * 86_400)))
        let tokens = try ["joe@example.com", "jim@example.com"].map { address in
            guard case .signUp(let token) = try accounts.letterForSignUp(EmailAddress(address)!, invitation: open, at: start)
            else { throw AccountError(.unknown, "expected a letter to sign up") }
            return try #require(Secret(token))
        }
        _ = try accounts.setPassword(hash, byToken: tokens[0], visitor, at: start)
        #expect(throws: AccountError.self) { try accounts.setPassword(hash, byToken: tokens[1], visitor, at: start) }
        #expect(try accounts.users().count == 2)
    }

    /// Goal: with a deleted user everything goes by which somebody could get in; the address is free again.
    @Test("ends with the user")
    func deleted() throws {
        let secret = try accounts.signIn(ann, visitor, at: start)
        let key = try accounts.addKey(named: "api", scope: .all, of: ann, at: start)
        let link = try #require(Secret(try accounts.signInToken(for: ann, at: start)))
        try accounts.delete(ann, at: start)
        #expect(accounts.session(of: secret, at: start) == nil && accounts.owner(ofKey: key.key) == nil)
        #expect(throws: AccountError.self) { try accounts.signIn(byToken: link, visitor, replacing: nil, at: start) }
        #expect(try accounts.login(email)?.user == nil)
        try accounts.noteErased(ann, at: start)
        try accounts.add(ann, at: start, email: email)
        #expect(accounts.session(of: secret, at: start) == nil && accounts.owner(ofKey: key.key) == nil)
    }
}
