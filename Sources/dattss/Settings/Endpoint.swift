import DattssClient
import DattssLog
import DattssServer
import FoundationEssentials

/// Which server a command talks to, and with which key.
struct Endpoint: Sendable {
    /// `http://127.0.0.1:3002`, without a slash at the end.
    var url: String
    var auth: String
    /// The data folder that named the address: whoever listens there has to prove first that it is the folder's server.
    var folder: Folder?

    struct Folder: Sendable {
        var directory: String
        var proof: ServerProof
    }

    /// Where a server listens unless it is told otherwise.
    static let standardURL = "http://127.0.0.1:3002"

    /// What is not given is looked for in the environment (`DATTSS_URL`, `DATTSS_AUTH_KEY`), then in the data folder, where
    /// a running server leaves its address and the key of the user `local` can be made.
    ///
    /// A key that comes out of a folder only goes to the server that runs on it.
    /// - Parameter isPatient: whether the folder's server may as well come later.
    static func resolve(url: String?, auth: String?, dataDir: String?, isPatient: Bool = false) throws -> Endpoint {
        let settings = try Settings()
        let directory = settings.text("data-dir", dataDir) ?? "data"
        let given = settings.text("url", url).map(withoutSlash)
        if let auth = settings.text("auth-key", auth) {
            if let given { return Endpoint(url: given, auth: auth) }
            if try !hasAccounts(directory) { return Endpoint(url: standardURL, auth: auth) }
            return try running(on: directory, auth, isPatient)
        }
        guard try hasAccounts(directory), let key = try localKey(in: directory) else {
            throw CommandFailure(
                .noInput, "no auth key: '\(directory)' is no data folder with a user 'local'",
                "name the server's data folder with --data-dir, or give a key with --auth or in DATTSS_AUTH_KEY")
        }
        let endpoint = try running(on: directory, key, isPatient && given == nil)
        guard given == nil || given == endpoint.url else {
            throw CommandFailure(
                .noPermission, "the key of '\(directory)' only goes to its own server, at \(endpoint.url)",
                "give the key for \(given ?? "another server") with --auth, or leave out --url")
        }
        return endpoint
    }

    private static func running(on directory: String, _ auth: String, _ isPatient: Bool) throws -> Endpoint {
        let folder = try Folder(directory)
        let url = AddressFile(directory).read()
        if url == nil, !isPatient { throw folder.withoutServer }
        return Endpoint(url: withoutSlash(url ?? standardURL), auth: auth, folder: folder)
    }

    /// What it is called in messages: a folder's server may be elsewhere after the next start.
    var name: String { folder.map { "the server of '\($0.directory)'" } ?? url }

    /// Asks whoever listens at the address for the proof that it is the folder's server. No key goes there before.
    /// - Returns: the same endpoint, where the folder's server listens now.
    func proven() async throws -> Endpoint {
        guard let folder else { return self }
        // A server that ended in order took its address with it.
        guard let url = AddressFile(folder.directory).read().map(Self.withoutSlash) else { throw folder.withoutServer }
        let challenge = ServerProof.newChallenge()
        let answer: HTTPQuestion.Answer
        do {
            answer = try await HTTPQuestion.ask(url + ServerProof.path(of: challenge), key: nil)
        } catch {
            guard let problem = ConnectionProblem(error) else { throw error }
            throw folder.failure(problem, at: url)
        }
        try folder.require(answer.status, answer.body, to: challenge, at: url)
        return Endpoint(url: url, auth: auth, folder: folder)
    }

    private static func hasAccounts(_ directory: String) throws -> Bool {
        try POSIXFileSystem().exists(directory + "/accounts.sqlite")
    }

    private static func localKey(in directory: String) throws -> String? {
        try DataDirectoryOption.requireSecret(in: directory)
        return try Accounts(directory: directory).key(of: .local)
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }
}

extension Endpoint.Folder {
    init(_ directory: String) throws {
        guard let proof = try ServerProof.ofFolder(directory) else {
            throw CommandFailure(.noInput, "the data folder '\(directory)' has lost its file 'secret'", "put it back from a backup")
        }
        self.init(directory: directory, proof: proof)
    }

    var withoutServer: CommandFailure {
        CommandFailure(
            .unavailable, "no server runs on '\(directory)'",
            "start one with 'dattss serve --data-dir \(directory)', or name another with --url and --auth")
    }

    /// - Parameters:
    ///   - body: what was answered to the challenge at `url`.
    func require(_ status: Int, _ body: [UInt8], to challenge: String, at url: String) throws(CommandFailure) {
        if proof.isProven(status, body, to: challenge, at: url) { return }
        throw CommandFailure(
            .unavailable, "what listens at \(url) is not the server of '\(directory)', so it was not told the key",
            "start the server with 'dattss serve --data-dir \(directory)', or name another with --url and --auth")
    }

    func failure(_ problem: ConnectionProblem, at url: String) -> CommandFailure {
        guard problem == .refused else { return CommandFailure(problem, at: url) }
        return CommandFailure(
            .unavailable, "no server runs on '\(directory)': nothing listens at \(url), where it last was",
            "start it with 'dattss serve --data-dir \(directory)'")
    }
}
