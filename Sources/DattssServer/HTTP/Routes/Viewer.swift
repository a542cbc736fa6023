import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird

/// Who asks, about whose statistics.
struct Viewer: Sendable {
    /// Whose statistics are asked about.
    var user: UserID
    /// What whoever asks may do with them. (What a key may do is said by its scope.)
    var role: TeamRole
    var credential: Credential
    /// As the audit names whoever asks: the address of who is signed in, or the name of the key.
    var by: String

    enum Credential: Sendable {
        case key(String, VerifiedKey)
        case session(Secret, Accounts.Session)
        /// None is needed.
        case nobody
    }

    init(_ user: UserID, _ role: TeamRole = .owner, _ credential: Credential, by: String = "") {
        (self.user, self.role, self.credential, self.by) = (user, role, credential, by)
    }

    var session: Accounts.Session? {
        if case .session(_, let session) = credential { session } else { nil }
    }

    /// Whose turns the questions take: those of whoever is signed in, so that a team's members do not take each other's.
    var asker: UserID { session?.user ?? user }
}

/// What a route does with what it may see.
enum Access: Sendable {
    /// Looks at statistics: a session, or a key that may read.
    case read
    /// Adds something: a session, or a key that may send.
    case send
    /// Does something with statistics or programs: a session, or a key that may do all.
    case change
    /// Sees who else sees them, and what they did: only a session.
    case team
    /// Sees or changes the keys and links to all this, and who is in the team: only a session, so that a key that got lost makes no others.
    case administer
    /// Is about whoever is signed in, and not about statistics: only a session.
    case account

    /// What a member of a team needs to be.
    var role: TeamRole {
        switch self {
        case .read, .team: .view
        case .send, .change: .edit
        case .administer: .administer
        case .account: .owner
        }
    }

    /// What a key needs; nil where none is good enough.
    var scope: KeyScope? {
        switch self {
        case .read: .read
        case .send: .ingest
        case .change: .all
        case .team, .administer, .account: nil
        }
    }
}

extension Routes {
    /// Who asks. A key counts more than a cookie. What a session changes needs its token, or another site's page could have it
    /// changed: a browser sends its cookies along whoever asks.
    ///
    /// `?user=NAME` asks about the statistics of another user, for whom whoever is signed in has to be in the team. That is looked up
    /// with every request, and with every event of a stream.
    /// - Throws: 401 `unauthorized`; 403 `wrong_scope`, `bad_token`, `role_needed` or `forbidden`.
    func viewer(_ request: Request, _ context: Context, _ access: Access = .read) throws -> Viewer {
        switch context.space {
        case .demo: return Viewer(.demo, .view, .nobody)
        case .own: return try asker(request, access)
        case .server:
            let administrator = try administrator(request)
            return Viewer(.dattss, .view, administrator.credential, by: administrator.by)
        }
    }

    /// Who asks, signed in as an administrator.
    /// - Throws: as ``viewer(_:_:_:)``; 403 `forbidden` for anybody else.
    func administrator(_ request: Request) throws -> Viewer {
        let viewer = try asker(request, .account)
        guard accounts.person(viewer.user)?.isAdmin == true else {
            throw ErrorAnswer(.forbidden, .forbidden, "only an administrator may see the server's own statistics")
        }
        return viewer
    }

    private func asker(_ request: Request, _ access: Access) throws -> Viewer {
        if let key = request.head.authKey {
            // What a key may do is told to nobody who has none.
            guard let verified = accounts.verified(key) else { throw WireError.badKey }
            guard let scope = access.scope else {
                throw WireError(.wrongScope, "this needs somebody who is signed in, not an auth key")
            }
            try verified.owner.requireScope(scope)
            try requireOwn(verified, request)
            return Viewer(verified.owner.user, .owner, .key(key, verified), by: verified.name)
        }
        guard let (secret, session) = session(request) else {
            throw WireError(.unauthorized, "expected a session, or an auth key as 'Authorization: Bearer KEY' or '?auth=KEY'")
        }
        if !request.isRead {
            let token = accounts.keys.changeToken(of: secret)
            guard AuthKeys.areEqual(request.headers[.changeToken] ?? "", token) else {
                throw ErrorAnswer(.forbidden, .badToken, "X-CSRF-Token: expected the csrf of GET /api/v1/session")
            }
        }
        let user = try Self.namedUser(request) ?? session.user
        let role = try role(of: session.user, in: user, access)
        return Viewer(user, role, .session(secret, session), by: accounts.name(of: session.user))
    }

    /// What somebody may do with the statistics of a user.
    /// - Throws: 403 `forbidden`, whether or not there is such a user; 403 `role_needed`.
    private func role(of person: UserID, in user: UserID, _ access: Access) throws(ErrorAnswer) -> TeamRole {
        guard let role = accounts.role(of: person, in: user) else {
            throw ErrorAnswer(.forbidden, .forbidden, "user: you are not in the team of '\(user)'")
        }
        guard role >= access.role else {
            let needed = access == .account ? "this is about whoever is signed in: leave out 'user'" : "it takes '\(access.role)'"
            throw ErrorAnswer(.forbidden, .roleNeeded, "in the team of '\(user)' you may '\(role)'; \(needed)")
        }
        return role
    }

    /// A key opens the statistics of its own user, whoever is named.
    /// - Throws: 403 `forbidden` when it is another.
    func requireOwn(_ key: VerifiedKey, _ request: Request) throws(ErrorAnswer) {
        guard let user = try Self.namedUser(request), user != key.owner.user else { return }
        throw ErrorAnswer(.forbidden, .forbidden, "user: an auth key is for the statistics of its own user only")
    }

    /// Whose statistics `?user=` names.
    /// - Throws: 400 `bad_value`.
    private static func namedUser(_ request: Request) throws(ErrorAnswer) -> UserID? {
        let names = request.uri.queryParameters[values: "user"]
        guard let name = names.first else { return nil }
        guard names.count == 1, let user = UserID(String(name)) else {
            throw ErrorAnswer(.badRequest, .badValue, "user: expected one user's name, of a-z 0-9 _ -")
        }
        return user
    }

    /// The session whose cookie a request carries, as long as it lasts.
    func session(_ request: Request) -> (Secret, Accounts.Session)? {
        guard let secret = SessionCookie.read(request), let session = accounts.session(of: secret, at: clock.now()) else {
            return nil
        }
        return (secret, session)
    }

    func origin(_ request: Request, _ context: Context) -> RequestOrigin {
        web.settings.trustedProxies.origin(
            of: request.headers, peer: context.peer, isSecure: web.settings.certificate != nil, host: request.head.authority)
    }

    func visitor(_ request: Request, _ context: Context) -> Accounts.Visitor {
        Accounts.Visitor(address: origin(request, context).address, agent: request.headers[.userAgent] ?? "")
    }

    /// Refuses what a page of another site had a browser send, where there is no session yet whose token could tell.
    /// - Throws: 403 `bad_token`.
    func refuseOtherSites(_ request: Request, _ context: Context) throws(ErrorAnswer) {
        let isOurs: Bool
        if let site = request.headers[.fetchSite] {
            isOurs = site == "same-origin" || site == "none"
        } else if let origin = request.headers[.origin] {
            let host = origin.split(separator: "/").last.map(String.init)
            isOurs = host == self.origin(request, context).host || origin == web.settings.publicURL
        } else {
            // Not a browser.
            isOurs = true
        }
        guard isOurs else { throw ErrorAnswer(.forbidden, .badToken, "the request comes from another site") }
    }
}

/// The cookie of a session: for the whole server, for no script, and not along with what other sites post.
enum SessionCookie {
    private static let name = "dattss_session"

    static func read(_ request: Request) -> Secret? { request.cookies[name].flatMap { Secret($0.value) } }

    static func set(_ secret: Secret, isSecure: Bool) -> String {
        text(secret.text, seconds: Accounts.Session.seconds, isSecure)
    }

    static func removed(isSecure: Bool) -> String { text("", seconds: 0, isSecure) }

    private static func text(_ value: String, seconds: Int64, _ isSecure: Bool) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "")
    }
}
