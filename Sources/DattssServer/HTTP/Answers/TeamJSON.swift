import DattssCore

/// How teams are written as JSON.
enum TeamJSON {
    /// - Parameter invitations: nil for those who do not see them.
    static func team(_ members: [Accounts.Member], _ invitations: [Accounts.TeamInvitation]?, _ viewer: Viewer) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("user", viewer.user.string)
            json.member("role", viewer.role.rawValue)
            json.array("members") { json in for member in members { write(member, viewer, &json) } }
            guard let invitations else { return }
            json.array("invitations") { json in for invitation in invitations { write(invitation, &json) } }
        }
        return json
    }

    private static func write(_ member: Accounts.Member, _ viewer: Viewer, _ json: inout JSONWriter) {
        json.object { json in
            json.member("user", member.user.string)
            json.member("email", member.email)
            json.member("role", member.role.rawValue)
            json.member("since", member.since.seconds)
            json.member("isYou", member.user == viewer.session?.user)
        }
    }

    private static func write(_ invitation: Accounts.TeamInvitation, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", invitation.id)
            json.member("email", invitation.email)
            json.member("role", invitation.role.rawValue)
            json.member("by", invitation.by)
            json.member("createdAt", invitation.createdAt.seconds)
            json.member("expiresAt", invitation.expiresAt.seconds)
        }
    }

    /// - Parameter link: nil when it went by mail.
    static func invited(_ id: String, link: String?) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("id", id)
            json.member("link", link)
        }
        return json
    }

    static func preview(_ invitation: Accounts.TeamInvitation, ownerEmail: String?) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("user", invitation.owner.string)
            json.member("email", ownerEmail)
            json.member("role", invitation.role.rawValue)
            json.member("by", invitation.by)
            json.member("expiresAt", invitation.expiresAt.seconds)
        }
        return json
    }

    static func joined(_ team: Accounts.Team) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("user", team.owner.string)
            json.member("role", team.role.rawValue)
        }
        return json
    }
}
