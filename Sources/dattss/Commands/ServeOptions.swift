import ArgumentParser

/// Where a server listens.
struct ListeningOptions: ParsableArguments {
    @Option(help: "Where to take in HTTP (default: 127.0.0.1:3002).")
    var http: String?
    @Option(help: "Where to take in datagrams (default: 127.0.0.1:8125).")
    var udp: String?
    @Option(
        help: """
            How many sockets, each read by a thread of its own, share the UDP port (default: 1). The kernel gives each sender to one \
            of them, so several only help where there are many senders and cores.
            """)
    var udpSockets: String?
}

/// Whose lines of statsd are, and where they come beside the UDP port.
struct StatsdOptions: ParsableArguments {
    @Option(help: "Whose statsd lines, and those of Graphite, are. Without it, a name begins with an auth key and a dot.")
    var statsdUser: String?
    @Option(help: "Where to take in statsd lines over TCP, too: HOST:PORT.")
    var statsdTcp: String?
    @Option(help: "Where to take in lines of Graphite's plaintext protocol, over TCP and UDP: HOST:PORT.")
    var graphite: String?
    @Option(help: "The path of a Unix datagram socket for statsd lines.")
    var statsdSocket: String?
    @Option(help: "The path of a Unix stream socket for statsd lines, each ended by a line feed.")
    var statsdStreamSocket: String?
    @Option(help: "Who may send to these two sockets: the mode of their files, octal, 0 to 0777 (standard: 0666, everybody).")
    var statsdSocketMode: String?
}

/// What is kept on disk, and for how long.
struct KeepingOptions: ParsableArguments {
    @Option(
        help: """
            When to force what was written to the disk: always (before a batch is acknowledged), second, never. A process \
            that is killed loses nothing in any of them; this is about power (default: second).
            """)
    var sync: String?
    @Option(
        help: """
            Where batches are written ahead: file, which is the data folder (the default), or a stream of NATS JetStream, so that what \
            is acknowledged survives the loss of this machine: nats://HOST:PORT,HOST:PORT/STREAM, with ?replicas=3, &keep-hours=24 and \
            &monitoring=8222. See clients/cluster.md.
            """)
    var acceptedLog: String?
    @Option(help: "A file with USER:PASSWORD, or a token, for the servers of that stream.")
    var acceptedLogCredentials: String?
    @Option(
        help: """
            Where other servers of the same stream reach this one, to pass on what they are asked while they stand by: \
            http://HOST:PORT (default: where HTTP is served, with the machine's name for all addresses).
            """)
    var advertise: String?
    @Option(help: "For how many days minutes are kept (default: 8).")
    var retentionDays: String?
    @Option(help: "For how many days hours are kept (default: 400).")
    var hourRetentionDays: String?
    @Flag(
        help: """
            The clock is right: delete at once what it says is past its time. Without this, a clock that is far from what has \
            passed since the last run is only believed after three days.
            """)
    var trustClock = false
}

/// Where minutes are forwarded to.
struct ForwardingOptions: ParsableArguments {
    @Option(
        name: .customLong("forward"),
        help: """
            Where to forward all minutes to once they are over: graphite://HOST:PORT/PREFIX, victoriametrics://HOST:PORT, \
            prometheus://HOST:PORT/api/v1/write (remote write; prometheus+https:// with TLS). ?user=NAME forwards one user's \
            only; ?basic-file=PATH and ?bearer-file=PATH name a file with credentials, ?ca-file=PATH one with certificates to \
            trust. May be given several times; in the environment and in a file, with blanks between them.
            """)
    var targets: [String] = []
}

/// What others can make a server hold.
struct LimitOptions: ParsableArguments {
    @Option(
        help: """
            Memory for what others make the server hold, in bytes, or as 256m or 2g (default: 512m): a quarter for bodies that \
            are on their way, an eighth for answers that are not read yet, the rest for what is queued and for connections.
            """)
    var maxMemory: String?
    @Option(help: "Live statistics of a user (default: 20000).")
    var maxStatistics: String?
    @Option(help: "Partials in a batch (default: 10000).")
    var maxPartials: String?
    @Option(help: "The largest body, after decompression (default: 1048576; at most an eighth of --max-memory).")
    var maxBodyBytes: String?
    @Option(help: "HTTP connections that may be open (default: 10000, or fewer where the system gives fewer descriptors).")
    var maxConnections: String?
    @Option(help: "The same from one address (default: half of them); what --trusted-proxies names is exempt.")
    var maxConnectionsPerAddress: String?
    @Option(help: "Seconds that a request may take to arrive (default: 15).")
    var requestSeconds: String?
    @Option(
        help: """
            Seconds after which a statistic that nobody sends leaves memory and the status, at the second end of a minute of its \
            user after that (default: 86400).
            """)
    var idleSeconds: String?
    @Option(help: "Partials of one user that may be under way (default: 200000, in proportion to --max-memory).")
    var maxQueuedPerUser: String?
    @Option(help: "Partials of all users that may be under way (default: 1000000, in proportion to --max-memory).")
    var maxQueued: String?
    @Option(help: "What to ask of the kernel for received datagrams (default: 8388608).")
    var receiveBufferBytes: String?
}

/// Who may sign up, and how letters are sent.
struct PeopleOptions: ParsableArguments {
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
}

/// Where messages of alerts may go.
struct AlertOptions: ParsableArguments {
    @Option(
        help: """
            The only hosts that the requests of alerts may go to: hooks.slack.com,.example.com, where a dot in front stands for all \
            below it (default: all).
            """)
    var alertHosts: String?
    @Option(
        help: """
            Addresses that are not public, such as this machine's, and that the requests of alerts may go to all the same: \
            127.0.0.1,10.0.0.0/8 (default: none).
            """)
    var alertAddresses: String?
    @Option(help: "A folder of the commands that channels of alerts may run (default: none).")
    var alertCommands: String?
}

/// TLS, and proxies that bring it.
struct EncryptionOptions: ParsableArguments {
    @Option(help: "A PEM file with the server's certificate and those that vouch for it: HTTP goes through TLS.")
    var tlsCertificate: String?
    @Option(help: "A PEM file with the certificate's private key.")
    var tlsKey: String?
    @Option(help: "Whose X-Forwarded-For, -Proto and -Host are believed: 127.0.0.1,10.0.0.0/8.")
    var trustedProxies: String?
}

/// What the page shows.
struct PageOptions: ParsableArguments {
    @Flag(help: "Show a made-up shop at /demo, to anybody.")
    var demo = false
    @Option(help: "For how many days the demo has a past, when it is made (default: 7).")
    var demoDays: String?
    @Flag(help: "Keep no statistics of the server itself.")
    var noSelf = false
    @Option(help: "Where dygraph.min.js lies (default: /usr/share/javascript/dygraphs).")
    var dygraphsDir: String?
}
