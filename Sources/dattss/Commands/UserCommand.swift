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
        subcommands: [Add.self, List.self, Key.self, Revoke.self])

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
            for user in try openAccounts(dataDirectory).users() {
                let created = Date(timeIntervalSince1970: Double(user.createdAt.seconds)).formatted(.iso8601)
                print("\(user.id)\tkey version \(user.keyVersion)\tsince \(created)")
            }
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
