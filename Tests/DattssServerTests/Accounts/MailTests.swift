import Foundation
import Testing

@testable import DattssServer

@Suite("Mail")
struct MailTests {
    /// Goal: nothing is an address that could carry a header or an SMTP command of its own.
    @Test(
        "goes to no address that is more than one",
        arguments: [
            "", "ann", "@example.com", "ann@", "ann@example.com\r\nBcc: bob@example.com", "ann@example.com\nx", "a b@example.com",
            "<ann@example.com>", "ann@example.com,bob@example.com", "ann@exa mple.com", "ann@@example.com", "a..b@example.com",
            ".ann@example.com", "ann@example..com", "ann@-example.com", "änn@example.com", "ann@example.com>", "\"a\"@example.com",
            "ann\u{0}@example.com", "\u{212A}@example.com", "ann@example.\u{212A}", "ann@exämple.com",
            String(repeating: "a", count: 65) + "@example.com",
        ])
    func malformed(_ text: String) { #expect(EmailAddress(text) == nil) }

    /// Goal: an address is one account, however it is written.
    @Test("knows an address however it is written")
    func wellFormed() {
        #expect(EmailAddress("Ann+Shop@Example.COM")?.description == "ann+shop@example.com")
        #expect(EmailAddress("a@localhost") != nil && EmailAddress("o'hara_x@a-b.example.com") != nil)
    }

    /// Goal: a message is one of RFC 5322: a head, an empty line, the link on a line of its own.
    @Test("is a message with a link in it")
    func message() throws {
        let to = try #require(EmailAddress("ann@example.com"))
        let from = try #require(EmailAddress("dattss@example.org"))
        let mail = Mail.signUp(to, link: "https://stats.example.com/account#token=12")
        let text = String(decoding: mail.message(from: from, at: Date(timeIntervalSince1970: 1_795_330_000)), as: UTF8.self)
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let head = parts[0].split(separator: "\r\n").map { String($0.prefix { $0 != ":" }) }
        #expect(
            head == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
            ])
        #expect(text.contains("Date: Sun, 22 Nov 2026 06:46:40 +0000\r\n") && text.contains("@example.org>\r\n"))
        #expect(parts[1].contains("\r\nhttps://stats.example.com/account#token=12\r\n"))
        #expect(!text.replacing("\r\n", with: "").contains("\n"))
    }

    /// Goal: a sendmail command gets the addresses as arguments that are no options, and the message on its input; when it
    /// fails, or takes too long, that is an error, and it does not run on.
    @Test("is handed to a sendmail command")
    func sendmail() async throws {
        let folder = try TestFolder()
        try await deliver("echo \"$*\" > \(folder.path)/arguments; cat > \(folder.path)/message", in: folder)
        #expect(
            try String(contentsOfFile: folder.path + "/arguments", encoding: .utf8) == "-i -f d@example.com -- -x@example.com\n")
        #expect(try String(contentsOfFile: folder.path + "/message", encoding: .utf8) == "Subject: x\n\ny\n")
        await #expect(performing: { try await deliver("exit 75", in: folder) }, throws: { "\($0)".hasSuffix("exit status 75") })
        await #expect(performing: { try await deliver("kill -9 $$", in: folder) }, throws: { "\($0)".hasSuffix("by signal 9") })
        await #expect(
            performing: { try await deliver("echo $$ > \(folder.path)/process; exec sleep 60", in: folder, timeoutSeconds: 1) },
            throws: { "\($0)".hasSuffix("took more than 1 seconds") })
        let process = try String(contentsOfFile: folder.path + "/process", encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(process)"))
    }

    /// Goal: exim, for one, answers and delivers in the background.
    @Test("is delivered when the command says so, whatever it leaves in the background")
    func background() async throws {
        let folder = try TestFolder()
        try await deliver("cat > /dev/null; sleep 60 & echo $! > \(folder.path)/process", in: folder)
        let process = try String(contentsOfFile: folder.path + "/process", encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(kill(try #require(pid_t(process)), SIGKILL) == 0)
    }

    private func deliver(_ script: String, in folder: TestFolder, timeoutSeconds: Int = 20) async throws {
        let command = folder.path + "/sendmail"
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: command))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: command)
        let (from, to) = (try #require(EmailAddress("d@example.com")), try #require(EmailAddress("-x@example.com")))
        try await Sendmail.deliver(
            Array("Subject: x\r\n\r\ny\r\n".utf8), from: from, to: to, command: command, timeoutSeconds: timeoutSeconds)
    }
}
