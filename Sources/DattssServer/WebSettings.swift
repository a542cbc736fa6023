/// How people get to the server: who may sign up, by which mail and under which address.
public struct WebSettings: Sendable {
    /// Who may make an account.
    public var signUp = SignUp.invitation
    /// `https://stats.example.com`, without a slash at the end: what links in mails begin with. Never taken from a request, or
    /// anybody could have links to elsewhere sent to others.
    public var publicURL: String?
    /// How mail leaves; without it, links are shown by commands.
    public var mail: MailSettings?
    /// With one, HTTP is served over TLS.
    public var certificate: CertificateFiles?
    /// Whose `X-Forwarded-…` is believed.
    public var trustedProxies = TrustedProxies()
    /// Whether there is a demo at `/demo`.
    public var hasDemo = false
    /// How many days the demo's past has, when it is made.
    public var demoDays: Int64 = 7
    /// Whether the server keeps statistics of itself, seen at `/server`.
    public var keepsOwnStatistics = true
    /// Whether every start makes a link that signs in as `local`, and not only the first ones: where a person starts the server.
    public var offersSignIn = false

    /// Where the requests of alerts may go.
    public var outgoing = OutgoingPolicy()

    /// Invitations only, no mail, no TLS, no demo.
    public init() {}

    /// Who may make an account.
    public enum SignUp: String, Sendable, CaseIterable {
        case open
        case invitation
        case closed
    }

    /// PEM files.
    public struct CertificateFiles: Sendable, Hashable {
        /// The certificate, and behind it those that vouch for it.
        public var certificate: String
        /// The private key.
        public var key: String

        /// The paths of both files.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }
}

/// How mail leaves.
public struct MailSettings: Sendable, Hashable {
    /// Who mail is from.
    public var from: EmailAddress
    /// How it leaves.
    public var way: Way

    /// A way for mail to leave.
    public enum Way: Sendable, Hashable {
        case smtp(SMTP)
        /// The path of a command that takes what sendmail takes: `-i -f FROM -- TO`, and the mail on its input.
        case sendmail(String)
    }

    /// A mail server.
    public struct SMTP: Sendable, Hashable {
        /// `smtp://host:port`, or `smtps://host:port` for TLS from the first byte.
        public var url: String
        /// The name to sign in with, if one is needed.
        public var user: String?
        /// The password that goes with it.
        public var password: String?
        /// STARTTLS or nothing. Without it, it is used when the server offers it; but see ``needsTLS``.
        public var requiresTLS = false
        /// Certificates to trust instead of the system's.
        public var authorityFile: String?

        /// A server that needs no password.
        public init(url: String) { self.url = url }

        /// Whether mail goes through TLS or not at all. A password does not leave the machine in the clear: whoever is between
        /// here and there could take STARTTLS out of what the server offers.
        var needsTLS: Bool { requiresTLS || password != nil && !isHere }

        /// On this machine's loopback.
        private var isHere: Bool {
            let place = url.split(separator: "/").last.map(String.init) ?? ""
            let host = place.hasPrefix("[") ? place.dropFirst().prefix { $0 != "]" } : place.prefix { $0 != ":" }
            guard let address = IPAddress(host) else { return host == "localhost" }
            return address.bytes.count == 4 ? address.bytes[0] == 127 : address == IPAddress("::1")
        }
    }

    public init(from: EmailAddress, way: Way) {
        self.from = from
        self.way = way
    }
}
