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
        report.split(separator: "\n").first { $0.contains("sign in") }?.split(separator: " ").last.map(String.init)
    }
}

/// A mail server that keeps what it gets, as a process of its own.
final class MailServer {
    private let process = Process()
    private let output = Pipe()
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

    init() throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("mail-server")
        process.executableURL = script
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        var first = Data()
        while first.last != UInt8(ascii: "\n"), let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            first += byte
        }
        guard let port = Int(String(decoding: first, as: UTF8.self).trimmingCharacters(in: .newlines)) else {
            throw RealServer.Failure(description: "no mail server: is python3-aiosmtpd installed?")
        }
        self.port = port
    }

    deinit { process.terminate() }

    /// Waits for the next letter.
    func next() async throws -> Letter {
        let handle = output.fileHandleForReading
        let line = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var line = Data()
                while let byte = try? handle.read(upToCount: 1), byte.first != UInt8(ascii: "\n"), !byte.isEmpty { line += byte }
                continuation.resume(returning: line)
            }
        }
        return try JSONDecoder().decode(Letter.self, from: line)
    }
}
