import DattssCore
import HTTPTypes
import Hummingbird
import Synchronization

extension Routes {
    /// `GET /api/v1/setup`: what a page offers to somebody who is not signed in.
    func setup(_ request: Request, _ context: Context) async throws -> Response {
        Response(json: AccountJSON.setup(web.settings.signUp, sendsMail: web.mailer.sends, hasDemo: web.settings.hasDemo))
    }

    /// `POST /api/v1/sign-up`: sends a letter. The answer is the same whether or not the address has an account.
    func signUp(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherSites(request, context)
        let body = try await JSONBody(request)
        let (email, invitation) = (try body.email(), try body.secret("invitation"))
        try web.attempts.take(address: origin(request, context).limitName, letterTo: email)
        let now = clock.now()
        switch web.settings.signUp {
        case .open: break
        case .closed: throw ErrorAnswer(.forbidden, .signUpClosed, "nobody can sign up here")
        case .invitation:
            let isInvited = try await lookUp { accounts in
                try invitation.map { try accounts.isInvited(email, by: $0, at: now) } ?? false
            }
            guard isInvited else {
                throw ErrorAnswer(.forbidden, .invitationNeeded, "invitation: expected one for this address that is not used")
            }
        }
        let used = web.settings.signUp == .invitation ? invitation : nil
        send(try await lookUp { try $0.letterForSignUp(email, invitation: used, at: now) }, to: email)
        return Response(status: .accepted)
    }

    /// `POST /api/v1/password-reset`: sends a letter, if the address has an account. The answer does not tell.
    func resetPassword(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherSites(request, context)
        let email = try await JSONBody(request).email()
        try web.attempts.take(address: origin(request, context).limitName, letterTo: email)
        let now = clock.now()
        send(try await lookUp { try $0.letterForReset(email, at: now) }, to: email)
        return Response(status: .accepted)
    }

    private func send(_ letter: Accounts.Letter?, to email: EmailAddress) {
        switch letter {
        case .signUp(let token): web.mailer.send(.signUp(email, link: web.link("/account#token=\(token)")))
        case .passwordReset(let token): web.mailer.send(.passwordReset(email, link: web.link("/account#token=\(token)")))
        case nil: break
        }
    }

    /// `POST /api/v1/password`: sets a password, by a letter's link or by the one before, and signs in.
    func setPassword(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherSites(request, context)
        let body = try await JSONBody(request)
        let token = try body.secret("token")
        let user = token == nil ? try viewer(request, context, .account).user : nil
        let password = try body.newPassword()
        let limitName = origin(request, context).limitName
        try web.attempts.take(address: limitName)
        let asked = clock.now()
        if let token, try await !lookUp({ try $0.setsPassword(token, at: asked) }) { throw AccountError.usedLink }
        if let user {
            let current = try body.required("current")
            // A visitor who came by a link has none yet.
            if let hash = try await accounts.run({ try $0.passwordHash(of: user) }) {
                guard try await matches(current, hash, context) else {
                    web.counters.badCredentials.add(1, ordering: .relaxed)
                    throw Self.badCredentials
                }
            }
        }
        let hash: PasswordHash
        do { hash = try await web.passwords.hash(password) } catch is PasswordWork.Busy { throw busy() }
        let (visitor, now) = (visitor(request, context), clock.now())
        let secret = try await accounts.run { accounts in
            if let token { return try accounts.setPassword(hash, byToken: token, visitor, at: now) }
            guard let user else { throw AccountError(.unknown, "there is nobody whose password to set") }
            return try accounts.setPassword(hash, of: user, visitor, at: now)
        }
        web.attempts.giveBack(address: limitName)
        return try signedIn(secret, request, context)
    }

    /// `POST /api/v1/invitations`: a link by which one may sign up, also sent to the address that is invited.
    func invite(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .account)
        guard accounts.person(viewer.user)?.isAdmin == true else {
            throw ErrorAnswer(.forbidden, .forbidden, "only an administrator may invite")
        }
        let body = try await JSONBody(request)
        let email = try body["email"].map { _ in try body.email() }
        let now = clock.now()
        let token = try await accounts.run { try $0.invite(email, at: now) }
        let link = web.link("/account#invitation=\(token)")
        // Without mail the person who invites passes the link on, and it does not have to be in the log.
        if let email, web.mailer.sends { web.mailer.send(.invitation(email, link: link)) }
        return Response(json: AccountJSON.link(link), status: .created)
    }
}
