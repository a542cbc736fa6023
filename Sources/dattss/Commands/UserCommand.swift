public import ArgumentParser
public import DattssCore
import DattssServer
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
        subcommands: [Add.self, List.self, Key.self, Revoke.self, Retention.self, Delete.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a user, and prints the key.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name: a-z 0-9 _ -, at most 32.") var uid: UserID

        func run() throws {
            let accounts = try openAccounts(dataDirectory)
            try accounts.add(uid, at: SystemClock().now())
            print(accounts.key(of: uid) ?? "")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the users.")
        @OptionGroup var dataDirectory: DataDirectoryOption

        func run() throws {
            for user in try openAccounts(dataDirectory).users() { print(Self.line(user)) }
        }

        private static func line(_ user: Accounts.User) -> String {
            var parts = ["\(user.id)"]
            if let erased = user.erasedAt {
                parts.append("deleted, erased \(text(erased))")
            } else if let deleted = user.deletedAt {
                parts.append("deleted \(text(deleted)), not erased yet")
            } else {
                parts += ["key version \(user.keyVersion)", "since \(text(user.createdAt))"]
                if let days = user.retention.minuteDays { parts.append("minutes for \(days) days") }
                if let days = user.retention.hourDays { parts.append("hours for \(days) days") }
            }
            return parts.joined(separator: "\t")
        }

        private static func text(_ time: Timestamp) -> String {
            Date(timeIntervalSince1970: Double(time.seconds)).formatted(.iso8601)
        }
    }

    struct Key: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a user's key, and nothing else.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            guard let key = try openAccounts(dataDirectory).key(of: uid) else {
                throw ValidationError("there is no user '\(uid)'")
            }
            print(key)
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a user's key worthless, and prints the new one.")
        @OptionGroup var dataDirectory: DataDirectoryOption
        @Argument(help: "The user's name.") var uid: UserID

        func run() throws {
            let accounts = try openAccounts(dataDirectory)
            try accounts.revokeKeys(of: uid)
            print(accounts.key(of: uid) ?? "")
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
            try openAccounts(dataDirectory).setRetention(.init(minuteDays: minuteDays, hourDays: hourDays), of: uid)
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
            try openAccounts(dataDirectory).delete(uid, at: SystemClock().now())
            print("deleted; 'dattss user list' says when the data is erased")
        }
    }

    /// The accounts of a data folder, which is made when it is missing.
    private static func openAccounts(_ option: DataDirectoryOption) throws -> Accounts {
        let directory = try option.resolved()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return try Accounts(directory: directory)
    }
}

extension UserID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }

    /// The user that an empty data folder begins with.
    static let local = UserID("local") ?? { preconditionFailure("'local' is a user's name") }()
}
