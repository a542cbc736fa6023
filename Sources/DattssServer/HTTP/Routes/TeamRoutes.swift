import DattssCore
import DattssPipeline
import Hummingbird

/// Who sees the statistics of a user besides the user: of whoever is signed in, or of whom `?user=` names.
extension Routes {
    func addTeam(to api: RouterGroup<Context>) {
        api.get("team", use: showTeam)
        api.post("team/invitations", use: inviteToTeam)
        api.delete("team/invitations/:id", use: revokeTeamInvitation)
        api.put("team/members/:member", use: setRole)
        api.delete("team/members/:member", use: removeMember)
        api.post("team/leave", use: leaveTeam)
        api.post("team/join", use: joinTeam)
        api.post("team/join/preview", use: previewTeam)
    }

    /// `GET /api/v1/team`
    private func showTeam(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .team)
        let now = clock.now()
        let (members, invitations) = try await accounts.run { accounts in
            let members = try accounts.team(of: viewer.user)
            guard viewer.role >= .administer else { return (members, [Accounts.TeamInvitation]?.none) }
            return (members, try accounts.teamInvitations(of: viewer.user, at: now))
        }
        return Response(json: TeamJSON.team(members, invitations, viewer))
    }

    /// `POST /api/v1/team/invitations`: by mail, or as a link that is told once and passed on.
    private func inviteToTeam(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let body = try await JSONBody(request)
        let role = try Self.role(body)
        let email = try body["email"].map { _ in try body.email() }
        let isSent = email != nil && web.mailer.sends
        try web.attempts.take(
            address: origin(request, context).limitName, invitationTo: viewer.user, letterTo: isSent ? email : nil)
        let (author, now) = (author(viewer, request, context), clock.now())
        let invitation = try await accounts.run { accounts in
            try accounts.invite(email, as: role, toTeamOf: viewer.user, by: author, at: now)
        }
        let link = web.link("/account#join=\(invitation.token)")
        if let email, isSent { web.mailer.send(.team(email, by: viewer.by, team: viewer.user, role, link: link)) }
        return Response(json: TeamJSON.invited(invitation.id, link: isSent ? nil : link), status: .created)
    }

    /// `DELETE /api/v1/team/invitations/{id}`
    private func revokeTeamInvitation(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let (id, author, now) = (try decoded("id", context), author(viewer, request, context), clock.now())
        try await accounts.run { try $0.revokeTeamInvitation(id, of: viewer.user, by: author, at: now) }
        return Response(status: .noContent)
    }

    /// `PUT /api/v1/team/members/{member}`
    private func setRole(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let (member, role) = (try member(context), try Self.role(try await JSONBody(request)))
        let (author, now) = (author(viewer, request, context), clock.now())
        try await accounts.run { try $0.setRole(role, of: member, in: viewer.user, by: author, at: now) }
        return Response(status: .noContent)
    }

    /// `DELETE /api/v1/team/members/{member}`
    private func removeMember(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let (member, author, now) = (try member(context), author(viewer, request, context), clock.now())
        try await accounts.run { try $0.remove(member, fromTeamOf: viewer.user, by: author, at: now) }
        return Response(status: .noContent)
    }

    /// `POST /api/v1/team/leave`
    private func leaveTeam(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .team)
        guard let session = viewer.session else { throw WireError.noKey }
        let (author, now) = (author(viewer, request, context), clock.now())
        try await accounts.run { try $0.remove(session.user, fromTeamOf: viewer.user, by: author, at: now) }
        return Response(status: .noContent)
    }

    /// `POST /api/v1/team/join/preview`: whose team a link is for, and what one may do there, for whoever holds it.
    private func previewTeam(_ request: Request, _ context: Context) async throws -> Response {
        try refuseOtherSites(request, context)
        let token = try await Self.token(request)
        try web.attempts.take(address: origin(request, context).limitName)
        let now = clock.now()
        let (invitation, email) = try await lookUp { try $0.teamInvitation(of: token, at: now) }
        web.attempts.giveBack(address: origin(request, context).limitName)
        return Response(json: TeamJSON.preview(invitation, ownerEmail: email))
    }

    /// `POST /api/v1/team/join`
    private func joinTeam(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .account)
        let token = try await Self.token(request)
        let (author, now) = (author(viewer, request, context), clock.now())
        let team = try await accounts.run { try $0.join(by: token, viewer.user, by: author, at: now) }
        return Response(json: TeamJSON.joined(team))
    }

    private static func token(_ request: Request) async throws -> Secret {
        let body = try await JSONBody(request)
        _ = try body.required("token")
        guard let token = try body.secret("token") else { throw AccountError.usedLink }
        return token
    }

    private static func role(_ body: JSONBody) throws(WireError) -> TeamRole {
        let name = try body.required("role")
        guard let role = TeamRole(given: name) else {
            throw WireError(.badValue, "role: is '\(name.prefix(16))', expected view, edit or administer")
        }
        return role
    }

    private func member(_ context: Context) throws -> UserID {
        let name = try decoded("member", context)
        guard let member = UserID(name) else { throw AccountError(.unknown, "there is no member '\(name.prefix(64))'") }
        return member
    }

    private func author(_ viewer: Viewer, _ request: Request, _ context: Context) -> Accounts.TeamAuthor {
        Accounts.TeamAuthor(user: viewer.session?.user, name: viewer.by, address: origin(request, context).address)
    }
}
