import ArgumentParser
import DattssServer

/// The options of `dattss serve` about people: who may sign up, mail, TLS, proxies, the demo.
enum WebSettingNames {
    static let all: Set<String> = [
        "sign-up", "public-url", "mail-from", "smtp-url", "smtp-user", "smtp-tls", "smtp-authority", "sendmail",
        "alert-hosts", "alert-addresses", "alert-commands", "tls-certificate", "tls-key", "trusted-proxies", "demo", "demo-days",
        "no-self",
    ]
    /// What a command line must not show to the other users of the machine.
    static let secret: Set<String> = ["smtp-password"]
}

extension ServeCommand {
    func webSettings(_ settings: Settings) throws -> WebSettings {
        var web = WebSettings()
        web.signUp = try settings.value("sign-up", people.signUp, standard: web.signUp, "open, invitation or closed") {
            WebSettings.SignUp(rawValue: $0)
        }
        web.publicURL = try settings.value("public-url", people.publicUrl, standard: nil, "http://… or https://…") { text in
            guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains(where: \.isWhitespace) else { return nil }
            return text.hasSuffix("/") ? String(text.dropLast()) : text
        }
        web.mail = try mail(settings)
        if web.mail != nil, web.publicURL == nil {
            throw ValidationError("--mail-from needs --public-url: links in mails have to begin with something")
        }
        web.certificate = try certificate(settings)
        web.trustedProxies = try settings.value(
            "trusted-proxies", encryption.trustedProxies, standard: TrustedProxies(),
            "addresses and ranges like 127.0.0.1,10.0.0.0/8"
        ) { TrustedProxies($0) }
        web.outgoing = try outgoing(settings)
        web.hasDemo = try settings.flag("demo", page.demo)
        web.demoDays = try settings.value("demo-days", page.demoDays, standard: web.demoDays, "1 to 28") { text in
            Int64(text).flatMap { 1...28 ~= $0 ? $0 : nil }
        }
        web.keepsOwnStatistics = try !settings.flag("no-self", page.noSelf)
        return web
    }

    private func mail(_ settings: Settings) throws -> MailSettings? {
        let url = try settings.value("smtp-url", people.smtpUrl, standard: String?.none, "smtp://HOST:PORT or smtps://HOST:PORT") {
            text in
            let isMail = text.hasPrefix("smtp://") || text.hasPrefix("smtps://")
            return isMail && !text.dropFirst(8).contains("/") && !text.contains(where: \.isWhitespace) ? .some(text) : nil
        }
        let command = settings.text("sendmail", people.sendmail)
        let from = try settings.value(
            "mail-from", people.mailFrom, standard: EmailAddress?.none, "an address like ann@example.com, all in ASCII"
        ) { text in
            EmailAddress(text).map(Optional.some)
        }
        guard let from else {
            if url == nil, command == nil { return nil }
            throw ValidationError("--smtp-url and --sendmail need --mail-from")
        }
        switch (url, command) {
        case (let url?, nil):
            var server = MailSettings.SMTP(url: url)
            server.user = settings.text("smtp-user", people.smtpUser)
            server.password = settings.text("smtp-password", nil)
            server.requiresTLS = try settings.flag("smtp-tls", people.smtpTls)
            server.authorityFile = settings.text("smtp-authority", people.smtpAuthority)
            return MailSettings(from: from, way: .smtp(server))
        case (nil, let command?): return MailSettings(from: from, way: .sendmail(command))
        default: throw ValidationError("--mail-from needs either --smtp-url or --sendmail")
        }
    }

    private func outgoing(_ settings: Settings) throws -> OutgoingPolicy {
        var policy = OutgoingPolicy()
        policy.hosts = try settings.value("alert-hosts", alerts.alertHosts, standard: [], "hosts like hooks.slack.com,.example.com")
        {
            text in
            let hosts = text.split(separator: ",").map { $0.filter { $0 != " " } }
            let isRight = hosts.allSatisfy { host in
                !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
            }
            return isRight && !hosts.isEmpty ? hosts : nil
        }
        policy.exceptions = try settings.value(
            "alert-addresses", alerts.alertAddresses, standard: TrustedProxies(), "addresses and ranges like 127.0.0.1,10.0.0.0/8"
        ) { TrustedProxies($0) }
        policy.commandDirectory = settings.text("alert-commands", alerts.alertCommands)
        return policy
    }

    private func certificate(_ settings: Settings) throws -> WebSettings.CertificateFiles? {
        switch (settings.text("tls-certificate", encryption.tlsCertificate), settings.text("tls-key", encryption.tlsKey)) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return WebSettings.CertificateFiles(certificate: certificate, key: key)
        default: throw ValidationError("--tls-certificate and --tls-key need each other")
        }
    }
}
