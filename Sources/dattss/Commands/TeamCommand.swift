public import ArgumentParser
import DattssCore
public import DattssServer

/// `dattss team …`: works on the data folder, as `dattss user` does.
struct TeamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "team",
        abstract: "Says who sees the statistics of a user besides the user.",
        discussion: """
            Works on the data folder, beside a running server or without one; a server notices within a second.

              dattss team invite shop --role edit
              dattss team list shop
              dattss team role shop ann view
              dattss team remove shop ann

            The roles: 'view' looks at everything and changes nothing, 'edit' also changes alerts, marks and favourites, \
            'administer' also has the keys and says who is in the team.
            """,
        subcommands: [List.self, Invite.self, Revoke.self, Role.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the members of a user's team, and whom it waits for.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "Whose team it is.") var uid: UserID

        func run() throws {
            let accounts = try dataDirectory.accounts()
            for member in try accounts.team(of: uid) {
                let parts = ["\(member.user)", member.role.rawValue, "since \(member.since.iso8601)", member.email]
                try Output.line(parts.compactMap { $0 }.joined(separator: "\t"))
            }
            for invitation in try accounts.teamInvitations(of: uid, at: SystemClock().now()) {
                let parts = [
                    invitation.id, invitation.role.rawValue, "invited until \(invitation.expiresAt.iso8601) by \(invitation.by)",
                    invitation.email,
                ]
                try Output.line(parts.compactMap { $0 }.joined(separator: "\t"))
            }
        }
    }

    struct Invite: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link by which one person joins a user's team, once and within a week.",
            discussion: "Whoever holds the link may join. Somebody without an account signs up by it first.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @OptionGroup var base: UserCommand.LinkBaseOption
        @Argument(help: "Whose team it is.") var uid: UserID
        @Option(help: "What the member may do: view, edit or administer.") var role = TeamRole.view
        @Option(
            help: "Whom it is for, to be told from others on the list; nobody else signs up by it.",
            transform: EmailAddress.asked)
        var email: EmailAddress?

        func run() throws {
            let accounts = try dataDirectory.accounts()
            let invitation = try accounts.invite(email, as: role, toTeamOf: uid, by: .commandLine, at: SystemClock().now())
            try Output.line(base.link("/account#join=\(invitation.token)", dataDirectory))
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an invitation worthless.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "Whose team it is.") var uid: UserID
        @Argument(help: "The invitation's ID, as the list has it.") var invitation: String

        func run() throws {
            let now = SystemClock().now()
            try dataDirectory.accounts().revokeTeamInvitation(invitation, of: uid, by: .commandLine, at: now)
        }
    }

    struct Role: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sets what a member may do.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "Whose team it is.") var uid: UserID
        @Argument(help: "The member's name.") var member: UserID
        @Argument(help: "view, edit or administer.") var role: TeamRole

        func run() throws {
            try dataDirectory.accounts().setRole(role, of: member, in: uid, by: .commandLine, at: SystemClock().now())
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Takes a member out of a user's team.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "Whose team it is.") var uid: UserID
        @Argument(help: "The member's name.") var member: UserID

        func run() throws {
            try dataDirectory.accounts().remove(member, fromTeamOf: uid, by: .commandLine, at: SystemClock().now())
        }
    }
}

extension TeamRole: ExpressibleByArgument {
    /// (Nobody is made an owner.)
    public init?(argument: String) { self.init(given: argument) }

    /// Those that can be given, for help and completions.
    public static var allValueStrings: [String] { given.map(\.rawValue) }
}
