public import ArgumentParser
import DattssCore
public import DattssPipeline
public import DattssServer

/// Ways in: keys, sessions and links.
extension UserCommand {
    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists, makes and revokes a user's keys.",
            discussion: """
                  dattss user keys list shop
                  dattss user keys add shop checkout --scope ingest
                  dattss user keys adopt shop old-programs 12_0123456789abcdef0123456789abcdef01234567
                  dattss user keys revoke shop checkout
                """,
            subcommands: [List.self, Add.self, Adopt.self, Revoke.self])

        struct List: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Lists a user's keys.")
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID

            func run() throws {
                for key in try dataDirectory.accounts().keys(of: uid) {
                    let used = key.usedAt.map { "used \($0.iso8601)" } ?? "never used"
                    try Output.line(
                        [key.id, key.name, key.scope.rawValue, "since \(key.createdAt.iso8601)", used, key.key].joined(
                            separator: "\t"))
                }
            }
        }

        struct Add: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Makes another key of a user, and prints it.")
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID
            @Argument(help: "What the key is for.") var name: String
            @Option(help: "What it may do: all, ingest or read.") var scope = KeyScope.all

            func run() throws {
                try Output.line(dataDirectory.accounts().addKey(named: name, scope: scope, of: uid, at: SystemClock().now()).key)
            }
        }

        struct Adopt: ParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Makes a key of the original's server good for a user, so that its programs run unchanged.",
                discussion: """
                    Either form is known: 'id_hmac' of version 1 and 'uid.hmac' of version 2. With a key of version 1 the name of \
                    a process stands in front of its paths ('api.view'), because there the process is a part of a statistic's \
                    name; 'dattss user v1-paths' decides otherwise.
                    """)
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID
            @Argument(help: "What the key is called from now on.") var name: String
            @Argument(help: "The key, as the programs send it.") var key: OriginalKey
            @Option(help: "What it may do: all, ingest or read.") var scope = KeyScope.all

            func run() throws {
                try dataDirectory.accounts().adopt(key, named: name, scope: scope, of: uid, at: SystemClock().now())
            }
        }

        struct Revoke: ParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Makes one key worthless. The one named 'default' is replaced by a new one.")
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID
            @Argument(help: "The key's ID or name.") var key: String

            func run() throws { try dataDirectory.accounts().revokeKey(key, of: uid, at: SystemClock().now()) }
        }
    }

    struct VersionOnePaths: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "v1-paths",
            abstract: "Sets whether the name of a process stands in front of its paths: 'api' and 'view' are 'api.view'.",
            discussion: """
                on and off are for whatever names its process, with any key of the user; 'default' means on with adopted keys of \
                version 1, and off with all others.
                """)
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID
        @Argument(help: "on, off or default.") var setting: Setting

        enum Setting: String, ExpressibleByArgument, CaseIterable {
            case on, off
            case `default`
        }

        func run() throws {
            try dataDirectory.accounts().setProcessPaths(setting == .default ? nil : setting == .on, of: uid)
        }
    }

    struct Sessions: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists and ends a user's sessions.", subcommands: [List.self, Revoke.self])

        struct List: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Lists where a user is signed in.")
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID

            func run() throws {
                for session in try dataDirectory.accounts().sessions(of: uid, at: SystemClock().now()) {
                    try Output.line(
                        [
                            session.id, "since \(session.createdAt.iso8601)", "seen \(session.seenAt.iso8601)", session.address,
                            session.agent,
                        ].joined(separator: "\t"))
                }
            }
        }

        struct Revoke: ParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Signs one browser out.")
            @OptionGroup var dataDirectory: DataDirectoryOption
            @Argument(help: "The user's name.") var uid: UserID
            @Argument(help: "The session's ID.") var session: String

            func run() throws { try dataDirectory.accounts().revokeSession(session, of: uid) }
        }
    }

    struct Link: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link that signs a user in, once and within a day.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @OptionGroup var base: LinkBaseOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            let token = try dataDirectory.accounts().signInToken(for: uid, at: SystemClock().now())
            try Output.line(base.link("/sign-in/\(token)", dataDirectory))
        }
    }

    struct Reset: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link by which a user sets a password, once and within an hour.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @OptionGroup var base: LinkBaseOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            let token = try dataDirectory.accounts().passwordToken(for: uid, at: SystemClock().now())
            try Output.line(base.link("/account#token=\(token)", dataDirectory))
        }
    }

    struct Invite: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a link by which one person may sign up, within a week.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @OptionGroup var base: LinkBaseOption
        @Argument(help: "If only somebody of this address may.", transform: EmailAddress.asked) var email: EmailAddress?

        func run() throws {
            let token = try dataDirectory.accounts().invite(email, at: SystemClock().now())
            try Output.line(base.link("/account#invitation=\(token)", dataDirectory))
        }
    }

    /// What a printed link begins with.
    struct LinkBaseOption: ParsableArguments {
        @Option(help: "What the link begins with (default: where the server of the data folder listens).")
        var publicUrl: String?

        func link(_ path: String, _ dataDirectory: DataDirectoryOption) throws -> String {
            let settings = try Settings()
            let directory = dataDirectory.resolved(settings)
            if let url = settings.text("public-url", publicUrl) ?? AddressFile(directory).read() { return url + path }
            StandardStream.error.note(
                "no server runs on '\(directory)' now: the link is for one that listens at \(Endpoint.standardURL); --public-url names another"
            )
            return Endpoint.standardURL + path
        }
    }
}

extension KeyScope: ExpressibleByArgument {}

extension OriginalKey: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
