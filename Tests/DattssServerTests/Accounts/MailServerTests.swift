import Testing

@testable import DattssServer

@Suite("A mail server")
struct MailServerTests {
    private func needsTLS(_ url: String, password: String? = nil) -> Bool {
        var server = MailSettings.SMTP(url: url)
        server.password = password
        return server.needsTLS
    }

    /// Goal: somebody in between who takes STARTTLS out of what a mail server offers gets no password.
    @Test(
        "is told a password through TLS only",
        arguments: [
            "smtp://mail.example.com:587", "smtp://mail.example.com", "smtp://127.example.com:25", "smtp://10.0.0.1:25",
            "smtp://[2001:db8::1]:25", "smtps://mail.example.com", "smtp://localhost.example.com",
        ])
    func elsewhere(_ url: String) {
        #expect(needsTLS(url, password: "secret"))
        #expect(!needsTLS(url))
    }

    @Test(
        "on this machine is told it as it likes",
        arguments: ["smtp://127.0.0.1:25", "smtp://localhost:1025", "smtp://localhost", "smtp://[::1]:25", "smtp://127.0.1.1"])
    func here(_ url: String) {
        #expect(!needsTLS(url, password: "secret"))
        var server = MailSettings.SMTP(url: url)
        server.requiresTLS = true
        #expect(server.needsTLS)
    }
}
