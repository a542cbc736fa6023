import DattssCore

extension Dattss {
    /// Where a client sends to, how often, and how much it keeps while the server is away.
    public struct Configuration: Sendable {
        /// The user's key.
        public var auth: String
        /// The server's address, `http://127.0.0.1:3002` or `https://stats.example.org/dattss`.
        public var url: String {
            didSet { url = Self.withoutTrailingSlashes(url) }
        }
        /// The name under which the server lists this program: `[A-Za-z0-9_.:!-]{1,64}`, others become `_`. nil hides it.
        public var process: String? {
            didSet { process = process.flatMap(Self.processName) }
        }
        /// How often samples are sent, at least 100.
        public var pushPeriodMilliseconds: Int64 = 5000 {
            didSet { pushPeriodMilliseconds = max(100, pushPeriodMilliseconds) }
        }
        /// Which quantiles `bot` and `top` are: 0.1 for the 10th and the 90th percentile. More than 0, at most 0.5.
        public var percentile = Aggregate.defaultFraction {
            didSet { if !(percentile > 0 && percentile <= 0.5) { percentile = oldValue } }
        }
        /// How many batches wait for a server that is away, beyond which the oldest is dropped: an hour of them.
        public var bufferBatches = 720
        /// How many bytes of batches wait.
        public var bufferBytes = 16 << 20
        /// How long an answer may take.
        public var requestTimeoutMilliseconds: Int64 = 15_000
        /// How long the end of the program may wait until what was recorded is sent.
        public var exitTimeoutMilliseconds: Int64 = 2000 {
            didSet { exitTimeoutMilliseconds = exitTimeoutMilliseconds.clamped(0, 60_000) }
        }
        /// Whether to say what is sent and what the server answers, and not only what goes wrong.
        public var isDebugging = false
        /// Called once when somebody asks this program to stop. nil, the default, does not ask the server.
        /// Needs ``process``.
        public var onStopRequest: (@Sendable () async -> Void)?
        /// Where lines about problems go. Without it to standard error while debugging, and nowhere else.
        public var log: (@Sendable (String) -> Void)?

        public static let defaultURL = "http://127.0.0.1:3002"

        public init(auth: String, url: String = defaultURL, process: String? = nil) {
            self.auth = auth
            self.url = Self.withoutTrailingSlashes(url)
            self.process = process.flatMap(Self.processName)
        }

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
