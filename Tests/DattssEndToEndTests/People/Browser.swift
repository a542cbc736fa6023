import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Somebody at a browser: keeps the session's cookie, and sends its token along with changes.
struct Browser {
    let server: RealServer
    private(set) var cookie: String?
    private(set) var token: String?

    init(_ server: RealServer) { self.server = server }

    /// Asks, and takes over the session that the answer begins.
    @discardableResult
    mutating func request(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:], withToken: Bool = true
    ) async throws -> Answer {
        var headers = headers
        if let cookie { headers.add(name: "Cookie", value: cookie) }
        if let token, withToken { headers.add(name: "X-CSRF-Token", value: token) }
        let answer = try await server.request(method, path, body: body.map { Array($0.utf8) }, headers: headers)
        if let set = answer.headers["Set-Cookie"].first {
            cookie = String(set.prefix { $0 != ";" })
            token = nil
            let session = try await server.request(.GET, "/api/v1/session", headers: ["Cookie": cookie ?? ""])
            token = session.json["csrf"] as? String
        }
        return answer
    }

    /// Signs in by a link, without following where it leads.
    mutating func open(_ link: String) async throws -> Answer {
        let path = link.replacing("http://\(await server.http)", with: "")
        return try await request(.GET, path)
    }

    /// The link that a starting server printed.
    static func link(_ report: String) -> String? {
        report.split(separator: "\n").first { $0.contains("sign in") && $0.contains("/sign-in/") }?.split(separator: " ").last.map(
            String.init)
    }
}

/// A mail server that keeps what it gets, as a process of its own.
struct MailServer {
    private let process: ChildProcess
    let port: Int

    struct Letter: Decodable {
        var from: String
        var to: [String]
        var user: String?
        var text: String

        /// The token of the link in it.
        var token: String? {
            text.split(whereSeparator: \.isWhitespace).first { $0.contains("#token=") }
                .flatMap { $0.split(separator: "=").last }.map(String.init)
        }
    }

    static func start() async throws -> MailServer {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("mail-server")
        let process = try await ChildProcess.start(script.path)
        guard let port = try await process.line().flatMap({ Int($0) }) else {
            throw RealServer.Failure(description: "no mail server: is python3-aiosmtpd installed?")
        }
        return MailServer(process: process, port: port)
    }

    func end() async throws { try await process.end() }

    /// Waits for the next letter.
    func next() async throws -> Letter {
        guard let line = try await process.line() else { throw RealServer.Failure(description: "the mail server ended") }
        return try JSONDecoder().decode(Letter.self, from: Data(line.utf8))
    }
}
