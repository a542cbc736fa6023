import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import Synchronization

extension Routes {
    /// `GET BASE/api/v1/session`: who is signed in.
    func showSession(_ request: Request, _ context: Context) async throws -> Response {
        Response(json: AccountJSON.session(try viewer(request, context), context.space, self))
    }

    /// `POST /api/v1/session`: signs in.
    func signIn(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherSites(request, context)
        let body = try await JSONBody(request)
        let (email, password) = (try body.email(), try body.required("password"))
        let limitName = origin(request, context).limitName
        try web.attempts.take(address: limitName, account: email)
        let login = try await lookUp { try $0.login(email) }
        guard try await matches(password, login?.hash, context), let login else {
            web.counters.badCredentials.add(1, ordering: .relaxed)
            throw Self.badCredentials
        }
        web.attempts.giveBack(address: limitName, account: email)
        let (visitor, old, now) = (visitor(request, context), SessionCookie.read(request), clock.now())
        let secret = try await accounts.run { try $0.signIn(login.user, visitor, replacing: old, at: now) }
        return try signedIn(secret, request, context)
    }

    static let badCredentials = ErrorAnswer(.unauthorized, .badCredentials, "the address or the password is wrong")

    /// Tries a password, in the time that takes whether or not there is a hash.
    func matches(_ password: String, _ hash: PasswordHash?, _ context: Context) async throws -> Bool {
        do {
            return try await web.passwords.matches(password, hash, isWanted: context.isConnected)
        } catch is PasswordWork.Busy {
            throw busy()
        }
    }

    /// Does something with the accounts for somebody who is not signed in. (Whoever is, and the server itself, comes in any case.)
    /// - Throws: 429 `too_many_attempts` when too many others wait for the same; and whatever `body` does.
    func lookUp<Value: Sendable>(_ body: @escaping @Sendable (Accounts) throws -> Value) async throws -> Value {
        do {
            return try await accounts.runForStranger(body)
        } catch is Accounts.Busy {
            throw busy()
        }
    }

    /// Counted.
    func busy() -> ErrorAnswer {
        web.counters.limitedByLoad.add(1, ordering: .relaxed)
        return Self.busyAnswer
    }

    private static let busyAnswer: ErrorAnswer = {
        var answer = ErrorAnswer(.tooManyRequests, .tooManyAttempts, "too many strangers ask at once, try again soon")
        answer.headers[.retryAfter] = "5"
        return answer
    }()

    /// The answer that gives a browser its session.
    func signedIn(_ secret: Secret, _ request: Request, _ context: Context) throws -> Response {
        guard let session = accounts.session(of: secret, at: clock.now()) else { throw Self.badCredentials }
        web.counters.signIns.add(1, ordering: .relaxed)
        let viewer = Viewer(session.user, .owner, .session(secret, session))
        var response = Response(json: AccountJSON.session(viewer, .own, self))
        response.headers[.setCookie] = SessionCookie.set(secret, isSecure: origin(request, context).isSecure)
        return response
    }

    /// `DELETE /api/v1/session`: signs out.
    func signOut(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .account)
        if let session = viewer.session {
            try await accounts.run { try $0.revokeSession(session.id, of: viewer.user) }
        }
        var response = Response(status: .noContent)
        response.headers[.setCookie] = SessionCookie.removed(isSecure: origin(request, context).isSecure)
        return response
    }

    /// `GET /sign-in/{token}`: the link that a starting server prints.
    func signInByLink(_ request: Request, _ context: Context) async throws -> Response {
        // Whoever only asks whether the link is there does not use it up.
        if request.method == .head { return Response(status: .ok) }
        let expired = Response.redirect(to: "/account#link-expired", type: .normal)
        guard let token = Secret(try decoded("token", context)) else { return expired }
        let (visitor, old, now) = (visitor(request, context), SessionCookie.read(request), clock.now())
        let secret: Secret
        do {
            secret = try await accounts.run { try $0.signIn(byToken: token, visitor, replacing: old, at: now) }
        } catch let error as AccountError where error.code == .linkExpired {
            return expired
        }
        web.counters.signIns.add(1, ordering: .relaxed)
        var response = Response.redirect(to: "/", type: .normal)
        response.headers[.setCookie] = SessionCookie.set(secret, isSecure: origin(request, context).isSecure)
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// `GET /api/v1/sessions`
    func listSessions(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .account)
        let now = clock.now()
        let sessions = try await accounts.run { try $0.sessions(of: viewer.user, at: now) }
        return Response(json: AccountJSON.sessions(sessions, current: viewer.session?.id))
    }

    /// `DELETE /api/v1/sessions/{id}`
    func revokeSession(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .account)
        let id = try decoded("id", context)
        try await accounts.run { try $0.revokeSession(id, of: viewer.user) }
        return Response(status: .noContent)
    }
}
