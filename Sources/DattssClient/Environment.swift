import LibC

extension Dattss.Configuration {
    /// The configuration that the environment asks for, by the names that DaTtSs clients have always had:
    ///
    ///     DATTSS_AUTH_KEY            the user's key
    ///     DATTSS_SERVER_HTTP_HOST    default 127.0.0.1
    ///     DATTSS_SERVER_HTTP_PORT    default 3002
    ///     DATTSS_PERCENTILE          default 0.1
    ///     DATTSS_PUSH_PERIOD         seconds, default 5; from 100 on it is read as milliseconds, as early clients did
    ///     DATTSS_DEBUG               1 or true: say what is sent
    ///
    /// A value that cannot be read is said to ``log``, and its default stays: a statistic is no reason for a program not to start.
    public init(process: String? = nil) {
        self.init(process: process, environment: Self.environmentVariable)
    }

    init(
        process: String?, environment: (String) -> String?, log: (@Sendable (String) -> Void)? = nil
    ) {
        self.init(auth: environment("DATTSS_AUTH_KEY") ?? "", process: process)
        self.log = log
        isDebugging = ["1", "true", "yes"].contains(environment("DATTSS_DEBUG")?.lowercased())
        let said = self
        func read<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
            guard let text = environment(name), !text.isEmpty else { return nil }
            if let value = parse(text) { return value }
            said.say("\(name) is '\(text)', expected \(expected); it is ignored")
            return nil
        }
        let host = read("DATTSS_SERVER_HTTP_HOST", "a host name") { $0.contains("/") ? nil : $0 }
        let port = read("DATTSS_SERVER_HTTP_PORT", "a port from 1 to 65535") { text in
            Int(text).flatMap { 1...65_535 ~= $0 ? $0 : nil }
        }
        if host != nil || port != nil { url = Self.url(host: host ?? "127.0.0.1", port: port ?? 3002) }
        if let percentile = read(
            "DATTSS_PERCENTILE", "more than 0 and at most 0.5",
            { text in Double(text).flatMap { $0 > 0 && $0 <= 0.5 ? $0 : nil } })
        {
            self.percentile = percentile
        }
        if let period = read(
            "DATTSS_PUSH_PERIOD", "seconds, at least 0.1",
            { text in Double(text).flatMap { $0 >= 0.1 && $0 <= 86_400_000 ? $0 : nil } })
        {
            pushPeriodMilliseconds = Int64((period < 100 ? period * 1000 : period).rounded())
        }
    }

    private static func environmentVariable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
