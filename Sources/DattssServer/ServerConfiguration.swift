public import DattssCore
public import DattssLog
public import DattssPipeline

/// What a server is made with.
public struct ServerConfiguration: Sendable {
    /// The data folder. It is created when it is missing.
    public var dataDirectory: String
    /// Where HTTP is served.
    public var http: HostPort
    /// Where datagrams with lines are received.
    public var udp: HostPort
    /// Where statsd lines are taken in over TCP, too.
    public var statsdTCP: HostPort?
    /// Where lines of Graphite's plaintext protocol are taken in, over TCP and in datagrams.
    public var graphite: HostPort?
    /// The path of a Unix datagram socket for statsd lines.
    public var statsdSocket: String?
    /// The path of a Unix stream socket for statsd lines.
    public var statsdStreamSocket: String?
    /// Who may send to these sockets: the mode of their files, 0…0o777.
    public var statsdSocketMode: UInt32 = 0o666
    /// When what was taken in is forced to the disk.
    public var syncMode = SyncMode.second
    /// The stream that is the accepted log; nil where it is a lane of the data folder.
    public var acceptedLog: StreamAddress?
    /// A file with `USER:PASSWORD`, or a token, for the servers of that stream.
    public var acceptedLogCredentials: String?
    /// Where other servers of the cluster reach this one's HTTP; nil for where it is served.
    public var advertised: HostPort?
    /// Whose statsd lines, and those of Graphite, are; without one, names begin with an auth key and a dot.
    public var statsdUser: UserID?
    /// Every bound on what one sender can make the server do.
    public var limits = Limits()
    /// For how long minutes and hours are kept.
    public var retention = Retention.Limits()
    /// Whether the clock at the start is certainly right: what it makes old is deleted at once.
    public var trustsClock = false
    /// Where closed minutes are forwarded to, each once.
    public var forwardTargets: [ForwardTarget] = []
    /// What is asked of the kernel for received datagrams (`SO_RCVBUF`).
    public var receiveBufferBytes = 8 << 20
    /// How many sockets share the UDP port, each with a thread of its own.
    public var udpSockets = 1
    /// The most that is sensible.
    public static let udpSocketsMax = 64
    /// How people get to the server.
    public var web = WebSettings()
    /// Where the plot library lies, as the package libjs-dygraphs installs it.
    public var plotDirectory = "/usr/share/javascript/dygraphs"
    /// The clock of everything; tests move one by hand.
    public var clock: any WallClock = SystemClock()
    /// The file system of the log; tests have one that fails.
    public var fileSystem: any FileSystem = POSIXFileSystem()
    /// See ``PipelineConfiguration/housekeepingNiceness``.
    public var housekeepingNiceness: Int32 = 19
    /// See ``PipelineConfiguration/queryNiceness``. Enough that whoever sends comes first, and not so much that questions are
    /// never answered where senders keep all processors busy.
    public var queryNiceness: Int32 = 10
    /// The same for the threads that read large bodies and work out passwords. (From about 10 on, an event loop that wakes up does
    /// not wait for the end of their time slice.)
    public var decodingNiceness: Int32 = 10

    /// A server of these addresses; all else is as most want it.
    public init(dataDirectory: String, http: HostPort, udp: HostPort) {
        self.dataDirectory = dataDirectory
        self.http = http
        self.udp = udp
    }
}

/// `127.0.0.1:3002`, `[::1]:3002` or `localhost:3002`; port 0 lets the system choose.
public struct HostPort: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, without brackets.
    public var host: String
    /// 0 to 65,535.
    public var port: Int

    /// An address and a port.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// nil for what is not an address, a colon and a port.
    public init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
