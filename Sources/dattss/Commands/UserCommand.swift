public import ArgumentParser
public import DattssCore
public import DattssServer
import FoundationEssentials

/// `dattss user …`: works on the data folder, whether or not a server runs; a running one notices within a second.
struct UserCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Manages users and their keys.",
        discussion: """
            Works on the data folder, beside a running server or without one; a server notices within a second.

              dattss user add shop
              curl -H "Authorization: Bearer $(dattss user key shop)" http://127.0.0.1:3002/api/v1/status
            """,
        subcommands: [
            Add.self, List.self, Email.self, Key.self, Revoke.self, Keys.self, VersionOnePaths.self, Sessions.self, Link.self,
            Reset.self,
            Invite.self, Retention.self, Delete.self,
        ])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a user, and prints the key.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name: a-z 0-9 _ -, at most 32.") var uid: UserID
        @Option(
            help: "The address by which the user signs in; 'dattss user reset' makes a link to set a password.",
            transform: EmailAddress.asked)
        var email: EmailAddress?
        @Flag(help: "May invite others, and see the server's own statistics.") var admin = false

        func run() throws {
            let accounts = try dataDirectory.accounts()
            try accounts.add(uid, at: SystemClock().now(), email: email, isAdmin: admin ? true : nil)
            try Output.line(accounts.key(of: uid) ?? "")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the users.")
        @OptionGroup var dataDirectory: DataDirectoryOption

        func run() throws {
            for user in try dataDirectory.accounts().users() { try Output.line(Self.line(user)) }
        }

        private static func line(_ user: Accounts.User) -> String {
            var parts = ["\(user.id)"]
            if let erased = user.erasedAt {
                parts.append("deleted, erased \(erased.iso8601)")
            } else if let deleted = user.deletedAt {
                parts.append("deleted \(deleted.iso8601), not erased yet")
            } else {
                parts += ["key version \(user.keyVersion)", "since \(user.createdAt.iso8601)"]
                if let email = user.email { parts.append(email) }
                if user.isAdmin { parts.append("administrator") }
                if let days = user.retention.minuteDays { parts.append("minutes for \(days) days") }
                if let days = user.retention.hourDays { parts.append("hours for \(days) days") }
            }
            return parts.joined(separator: "\t")
        }

    }

    struct Email: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Sets the address by which a user signs in.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID
        @Argument(help: "The address.", transform: EmailAddress.asked) var email: EmailAddress

        func run() throws { try dataDirectory.accounts().setEmail(email, of: uid) }
    }

    struct Key: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a user's key, and nothing else.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            guard let key = try dataDirectory.accounts().key(of: uid) else {
                throw CommandFailure(.noUser, "there is no user '\(uid)'", "'dattss user list' names them")
            }
            try Output.line(key)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes all of a user's keys worthless, and prints a new one.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            let accounts = try dataDirectory.accounts()
            try accounts.revokeKeys(of: uid)
            try Output.line(accounts.key(of: uid) ?? "")
        }
    }

    struct Retention: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets for how long a user's minutes and hours are kept.",
            discussion: "An option that is left out means the server's own rule. Takes effect with the next hourly pass.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID
        @Option(help: "Days of minute aggregates, at least 1.") var minuteDays: Int64?
        @Option(help: "Days of hourly aggregates, at least 1.") var hourDays: Int64?

        func validate() throws {
            guard (minuteDays ?? 1) >= 1, (hourDays ?? 1) >= 1 else { throw ValidationError("days: at least 1") }
        }

        func run() throws {
            try dataDirectory.accounts().setRetention(.init(minuteDays: minuteDays, hourDays: hourDays), of: uid)
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Deletes a user; a running server erases the data within minutes.",
            discussion: """
                No key of the user is valid from now on. The server removes the user from every file of the log in its next \
                pass of retention; without a running server 'dattss log compact' does. 'dattss user list' says when it is \
                done.
                """)
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            try dataDirectory.accounts().delete(uid, at: SystemClock().now())
            try Output.line("deleted; 'dattss user list' says when the data is erased")
        }
    }
}

extension UserID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension EmailAddress {
    /// - Throws: `ValidationError` that says what an address is.
    static func asked(_ argument: String) throws -> EmailAddress {
        guard let address = EmailAddress(argument) else { throw ValidationError("'\(argument)': \(expected)") }
        return address
    }
}

extension Timestamp {
    var iso8601: String { Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601) }
}
