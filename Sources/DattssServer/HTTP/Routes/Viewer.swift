import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird

/// Who asks, about whose statistics.
struct Viewer: Sendable {
    var user: UserID
    var credential: Credential

    enum Credential: Sendable {
        case key(String, VerifiedKey)
        case session(Secret, Accounts.Session)
        /// None is needed.
        case nobody
    }

    /// As the audit names it: `session`, or the name of the key.
    var by: String {
        switch credential {
        case .key(_, let key): key.name
        case .session: "session"
        case .nobody: ""
        }
    }

    var session: Accounts.Session? {
        if case .session(_, let session) = credential { session } else { nil }
    }
}

/// What a route does with what it may see.
enum Access: Sendable {
    /// Looks at statistics: a session, or a key that may read.
    case read
    /// Adds something: a session, or a key that may send.
    case send
    /// Does something with statistics or programs: a session, or a key that may do all.
    case change
    /// Sees or changes the keys to all this: only a session, so that a key that got lost makes no others.
    case account
}

extension Routes {
    /// Who asks. A key counts more than a cookie. What a session changes needs its token, or another site's page could have it
    /// changed: a browser sends its cookies along whoever asks.
    /// - Throws: 401 `unauthorized`; 403 `wrong_scope`, `bad_token` or `forbidden`.
    func viewer(_ request: Request, _ context: Context, _ access: Access = .read) throws -> Viewer {
        switch context.space {
        case .demo: return Viewer(user: .demo, credential: .nobody)
        case .own: return try owner(request, access)
        case .server: return Viewer(user: .dattss, credential: try administrator(request).credential)
        }
    }

    /// Who asks, signed in as an administrator.
    /// - Throws: as ``viewer(_:_:_:)``; 403 `forbidden` for anybody else.
    func administrator(_ request: Request) throws -> Viewer {
        let viewer = try owner(request, .account)
        guard accounts.person(viewer.user)?.isAdmin == true else {
            throw ErrorAnswer(.forbidden, .forbidden, "only an administrator may see the server's own statistics")
        }
        return viewer
    }

    private func owner(_ request: Request, _ access: Access) throws -> Viewer {
        if let key = request.head.authKey {
            // What a key may do is told to nobody who has none.
            guard let verified = accounts.verified(key) else { throw WireError.badKey }
            guard access != .account else {
                throw WireError(.wrongScope, "this needs somebody who is signed in, not an auth key")
            }
            let scope: KeyScope =
                switch access {
                case .read: .read
                case .send: .ingest
                case .change, .account: .all
                }
            try verified.owner.requireScope(scope)
            return Viewer(user: verified.owner.user, credential: .key(key, verified))
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
        return Viewer(user: session.user, credential: .session(secret, session))
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
