import DattssCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@Suite("TLS")
struct TLSTests {
    /// Goal: with certificates nothing goes in the clear: batches through the fast path, the API, and a cookie that is Secure.
    @Test("carries batches, questions and cookies that are for TLS only")
    func certificate() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, privateKey) = (folder.path + "/c.pem", folder.path + "/k.pem")
        try await run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", privateKey, "-out", certificate)
        let server = RealServer(["--tls-certificate", certificate, "--tls-key", privateKey])
        let report = try await server.start()
        let link = try #require(Browser.link(report))
        #expect(link.hasPrefix("https://127.0.0.1:"))
        let base = String(link.prefix(upTo: try #require(link.range(of: "/sign-in/")).lowerBound))
        let key = try await server.key()
        let body = folder.path + "/body"
        try Data(BatchEncoder.encode(Sender.batch(sender: 1, sequence: 1))).write(to: URL(fileURLWithPath: body))
        // Twice on one connection: the second comes through the fast path, too.
        let put = ["-X", "PUT", "-H", "Authorization: Bearer \(key)", "--data-binary", "@\(body)", "\(base)/agg"]
        let answers = try await run(
            "curl", arguments: ["-sS", "--cacert", certificate] + put + ["--next", "-sS", "--cacert", certificate] + put)
        #expect(answers == #"{"ok":true}{"ok":true}"#)
        let status = try await run("curl", "-sS", "--cacert", certificate, "\(base)/api/v1/status?auth=\(key)")
        #expect(status.contains("shared.hits"))
        let signedIn = try await run("curl", "-sSi", "--cacert", certificate, link)
        #expect(signedIn.contains("; Secure") && signedIn.lowercased().contains("strict-transport-security"))
        // In the clear nothing is answered.
        await #expect(throws: (any Error).self) {
            try await server.request(.GET, "/healthz", timeout: .seconds(5))
        }
        try await server.discard()
        try FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    private func run(_ command: String, _ arguments: String...) async throws -> String {
        try await run(command, arguments: arguments)
    }

    private func run(_ command: String, arguments: [String]) async throws -> String {
        let ended = try await ChildProcess.run("/usr/bin/env", [command] + arguments)
        guard ended.status == 0 else { throw RealServer.Failure(description: "\(command): \(ended.errors)") }
        return ended.output
    }
}
