import ArgumentParser
import DattssCore
import DattssServer
import FoundationEssentials

/// Whose load it is: the keys, and the names where they are known.
///
/// The first user is the one whose key was given, or `local`; the others are made in the data folder when they are missing,
/// as `load-2`, `load-3` …
enum LoadUsers {
    /// - Parameter server: which will be told the keys. Those of a data folder only go to its own server.
    static func keys(
        _ count: Int, key: String?, keysFile: String?, dataDirectory: String, server: HostPort
    ) throws -> [String] {
        if let keysFile { return try read(keysFile, count) }
        if let key, count == 1 { return [key] }
        guard FileManager.default.fileExists(atPath: dataDirectory + "/accounts.sqlite") else {
            throw ValidationError(
                """
                no auth keys for \(count) users: name the server's data folder with --data-dir ('\(dataDirectory)' has no \
                accounts), or give --key or --keys-file
                """)
        }
        try prove(dataDirectory, server)
        let accounts = try Accounts(directory: dataDirectory)
        let users = (2...max(2, count)).prefix(count - 1).compactMap { UserID("load-\($0)") }
        try accounts.addMissing(users, at: SystemClock().now())
        let others = users.compactMap { accounts.key(of: $0) }
        guard let first = key ?? accounts.key(of: .local), others.count == count - 1 else {
            throw ValidationError("the data folder '\(dataDirectory)' has no user 'local': give --key")
        }
        return [first] + others
    }

    /// Where the server of a data folder, which has proven what it is, takes in datagrams: lines that carry the folder's keys only go
    /// there, and not to whatever else listens at a port.
    /// - Parameter given: where they are to go; nil for where the server says.
    static func datagrams(_ given: HostPort?, to server: HostPort, key: String) throws -> HostPort {
        let port = try ServerConversation(server).decoded(Session.self, "/api/v1/session", key: key).udp
        let own = HostPort(host: server.host, port: port)
        guard let given, given != own else { return own }
        throw LoadError(
            description: "the server at \(server) takes in datagrams at \(own), and the keys of its folder only go there, not to "
                + "\(given): leave out --udp, or give keys for it with --key or --keys-file")
    }

    private struct Session: Decodable {
        var udp: Int
    }

    private static func prove(_ directory: String, _ server: HostPort) throws {
        let address = AddressFile(directory)
        guard let url = address.read(), try address.hostPort == server, let proof = try ServerProof.ofFolder(directory) else {
            throw LoadError(
                description: "\(server) is not where the server of '\(directory)' is, and the folder's keys only go there: "
                    + "give those for it with --key or --keys-file")
        }
        let challenge = ServerProof.newChallenge()
        let (status, body) = try ServerConversation(server).get(ServerProof.path(of: challenge))
        guard proof.isProven(status, Array(body), to: challenge, at: url) else {
            throw LoadError(
                description: "what listens at \(server) is not the server of '\(directory)', so it was not told the keys")
        }
    }

    private static func read(_ path: String, _ count: Int) throws -> [String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { throw ValidationError("cannot read \(path)") }
        let keys = text.split(separator: "\n").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        guard keys.count >= count else {
            throw ValidationError("\(path) has \(keys.count) keys, but the load is that of \(count) users")
        }
        return Array(keys.prefix(count))
    }
}
