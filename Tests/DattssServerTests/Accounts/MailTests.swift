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
            "ann\u{0}@example.com", String(repeating: "a", count: 65) + "@example.com",
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
}
