import ArgumentParser
import DattssServer

/// The options of `dattss serve` about people: who may sign up, mail, TLS, proxies, the demo.
struct WebOptions: ParsableArguments {
    @Option(help: "Who may make an account: open, invitation or closed (default: invitation).")
    var signUp: String?
    @Option(help: "What links in mails begin with: https://stats.example.com.")
    var publicUrl: String?
    @Option(help: "The address that mails come from. Without it no mail is sent, and links are written to the log.")
    var mailFrom: String?
    @Option(
        help: """
            The mail server: smtp://HOST:PORT, or smtps:// for TLS from the first byte. Its password comes from \
            DATTSS_SMTP_PASSWORD or from 'smtp-password' in the configuration file.
            """)
    var smtpUrl: String?
    @Option(help: "The user at the mail server.")
    var smtpUser: String?
    @Flag(help: "Send no mail without TLS. With a password that is so anyway, but for a mail server on this machine.")
    var smtpTls = false
    @Option(help: "A file of certificates to trust at the mail server, instead of the system's.")
    var smtpAuthority: String?
    @Option(help: "The sendmail command to use in place of a mail server.")
    var sendmail: String?
    @Option(help: "A PEM file with the server's certificate and those that vouch for it: HTTP goes through TLS.")
    var tlsCertificate: String?
    @Option(help: "A PEM file with the certificate's private key.")
    var tlsKey: String?
    @Option(help: "Whose X-Forwarded-For, -Proto and -Host are believed: 127.0.0.1,10.0.0.0/8.")
    var trustedProxies: String?
    @Flag(help: "Show a made-up shop at /demo, to anybody.")
    var demo = false
    @Option(help: "For how many days the demo has a past, when it is made (default: 7).")
    var demoDays: String?
    @Flag(help: "Keep no statistics of the server itself.")
    var noSelf = false

    static let optionNames: Set<String> = [
        "sign-up", "public-url", "mail-from", "smtp-url", "smtp-user", "smtp-tls", "smtp-authority", "sendmail",
        "tls-certificate", "tls-key", "trusted-proxies", "demo", "demo-days", "no-self",
    ]
    /// What a command line must not show to the other users of the machine.
    static let secretNames: Set<String> = ["smtp-password"]

    func webSettings(_ settings: Settings) throws -> WebSettings {
        var web = WebSettings()
        web.signUp = try settings.value("sign-up", signUp, standard: web.signUp, "open, invitation or closed") {
            WebSettings.SignUp(rawValue: $0)
        }
        web.publicURL = try settings.value("public-url", publicUrl, standard: nil, "http://… or https://…") { text in
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains(where: \.isWhitespace) else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
        web.mail = try mail(settings)
        if web.mail != nil, web.publicURL == nil {
            throw ValidationError("--mail-from needs --public-url: links in mails have to begin with something")
        }
        web.certificate = try certificate(settings)
        web.trustedProxies = try settings.value(
            "trusted-proxies", trustedProxies, standard: TrustedProxies(), "addresses and ranges like 127.0.0.1,10.0.0.0/8"
        ) { TrustedProxies($0) }
        web.hasDemo = try settings.flag("demo", demo)
        web.demoDays = try settings.value("demo-days", demoDays, standard: web.demoDays, "1 to 28") { text in
            Int64(text).flatMap { 1...28 ~= $0 ? $0 : nil }
        }
        web.keepsOwnStatistics = try !settings.flag("no-self", noSelf)
        return web
    }

    private func mail(_ settings: Settings) throws -> MailSettings? {
        let url = try settings.value("smtp-url", smtpUrl, standard: String?.none, "smtp://HOST:PORT or smtps://HOST:PORT") { text in
            let isMail = text.hasPrefix("smtp://") || text.hasPrefix("smtps://")
            return isMail && !text.dropFirst(8).contains("/") && !text.contains(where: \.isWhitespace) ? .some(text) : nil
        }
        let command = settings.text("sendmail", sendmail)
        let from = try settings.value("mail-from", mailFrom, standard: EmailAddress?.none, "an address") { text in
            EmailAddress(text).map(Optional.some)
        }
        guard let from else {
            if url == nil, command == nil { return nil }
            throw ValidationError("--smtp-url and --sendmail need --mail-from")
        }
        switch (url, command) {
        case (let url?, nil):
            var server = MailSettings.SMTP(url: url)
            server.user = settings.text("smtp-user", smtpUser)
            server.password = settings.text("smtp-password", nil)
            server.requiresTLS = try settings.flag("smtp-tls", smtpTls)
            server.authorityFile = settings.text("smtp-authority", smtpAuthority)
            return MailSettings(from: from, way: .smtp(server))
        case (nil, let command?): return MailSettings(from: from, way: .sendmail(command))
        default: throw ValidationError("--mail-from needs either --smtp-url or --sendmail")
        }
    }

    private func certificate(_ settings: Settings) throws -> WebSettings.CertificateFiles? {
        switch (settings.text("tls-certificate", tlsCertificate), settings.text("tls-key", tlsKey)) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return WebSettings.CertificateFiles(certificate: certificate, key: key)
        default: throw ValidationError("--tls-certificate and --tls-key need each other")
        }
    }
}
