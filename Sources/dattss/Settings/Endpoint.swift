import ArgumentParser
import DattssServer
import FoundationEssentials

/// Which server a command talks to, and with which key.
struct Endpoint {
    /// `http://127.0.0.1:3002`, without a slash at the end.
    var url: String
    var auth: String

    /// What is not given is looked for in the environment (`DATTSS_URL`, `DATTSS_AUTH_KEY`), then in the data folder, where
    /// a running server leaves its address and the key of the user `local` can be made.
    static func resolve(url: String?, auth: String?, dataDir: String?) throws -> Endpoint {
        let settings = try Settings()
        let directory = settings.text("data-dir", dataDir) ?? "data"
        let url = settings.text("url", url) ?? AddressFile(directory).read() ?? "http://127.0.0.1:3002"
        guard let auth = try settings.text("auth-key", auth) ?? localKey(in: directory) else {
            throw ValidationError(
                """
                no auth key: give one with --auth or in DATTSS_AUTH_KEY, or name the server's data folder with --data-dir \
                ('\(directory)' has no user 'local')
                """)
        }
        return Endpoint(url: url.hasSuffix("/") ? String(url.dropLast()) : url, auth: auth)
    }

    private static func localKey(in directory: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: directory + "/accounts.sqlite") else { return nil }
        return try Accounts(directory: directory).key(of: .local)
    }
}
