import DattssCore
import LibC

extension Dattss {
    /// Where a client sends to, how often, and how much it keeps while the server is away.
    public struct Configuration: Sendable {
        /// The key of the user whose statistics they are, as `dattss user key NAME` prints it.
        public var auth: String
        /// The server's address, `http://127.0.0.1:3002` or `https://stats.example.org/dattss`.
        public var url: String {
            didSet { url = Self.withoutTrailingSlashes(url) }
        }
        /// The name under which the server lists this program: `[A-Za-z0-9_.:!-]{1,64}`, others become `_`. nil hides it.
        public var process: String? {
            didSet { process = process.flatMap(Self.processName) }
        }
        /// After how many milliseconds samples are sent, again and again; at least 100.
        public var pushPeriodMilliseconds: Int64 = 5000 {
            didSet { pushPeriodMilliseconds = max(100, pushPeriodMilliseconds) }
        }
        /// Which quantiles `bot` and `top` are: 0.1 for the 10th and the 90th percentile. More than 0, at most 0.5.
        public var percentile = Aggregate.defaultFraction {
            didSet { if !(percentile > 0 && percentile <= 0.5) { percentile = oldValue } }
        }
        /// How many batches wait for a server that is away, beyond which the oldest is dropped: an hour of them.
        public var bufferBatches = 720
        /// How many bytes of batches may wait.
        public var bufferBytes = 16 << 20
        /// How long an answer may take, in milliseconds.
        public var requestTimeoutMilliseconds: Int64 = 15_000
        /// For how many milliseconds the end of the program may wait until what was recorded is sent; from 0 to 60,000.
        public var exitTimeoutMilliseconds: Int64 = 2000 {
            didSet { exitTimeoutMilliseconds = exitTimeoutMilliseconds.clamped(0, 60_000) }
        }
        /// Whether to say what is sent and what the server answers, and not only what goes wrong.
        public var isDebugging = false
        /// Called once when somebody asks this program to stop. Without it, which is the default, everything is sent and the program
        /// gets SIGTERM.
        public var onStopRequest: (@Sendable () async -> Void)?
        /// Whether the server is asked, again and again, if this program is to stop, for which it needs a ``process``.
        public var canBeStopped = true
        /// Tests live on.
        var endProgram: @Sendable () -> Void = { kill(getpid(), SIGTERM) }
        /// Where lines about problems go. Without it they go to standard error while debugging, and nowhere otherwise.
        public var log: (@Sendable (String) -> Void)?

        /// Where a server on the same machine listens unless it is told otherwise.
        public static let defaultURL = "http://127.0.0.1:3002"

        /// - Parameters:
        ///   - auth: see ``auth``.
        ///   - url: see ``url``; slashes at its end are left out.
        ///   - process: see ``process``.
        public init(auth: String, url: String = defaultURL, process: String? = nil) {
            self.auth = auth
            self.url = Self.withoutTrailingSlashes(url)
            self.process = process.flatMap(Self.processName)
        }

        /// Makes a configuration for plain HTTP to a host and a port. An IPv6 address may stand without brackets.
        public init(auth: String, host: String, port: Int, process: String? = nil) {
            self.init(auth: auth, url: Self.url(host: host, port: port), process: process)
        }

        func say(_ line: String) {
            if let log { log(line) } else if isDebugging { StandardError.print("dattss: \(line)") }
        }

        static func url(host: String, port: Int) -> String {
            host.contains(":") && !host.hasPrefix("[") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
        }

        private static func withoutTrailingSlashes(_ url: String) -> String {
            String(url.reversed().drop { $0 == "/" }.reversed())
        }

        /// A server refuses a whole batch for a bad name, so a name is mended here.
        static func processName(_ name: String) -> String? {
            let bytes = name.utf8.prefix(Name.processBytesMax).map { Name.isNameByte($0) ? $0 : UInt8(ascii: "_") }
            return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
        }
    }
}
