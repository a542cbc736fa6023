import DattssCore
import DattssLog

/// Where minutes are forwarded to: what `--forward` says.
///
///     graphite://HOST[:2003][/PREFIX]                      lines of carbon's plaintext protocol
///     victoriametrics://HOST[:8428][/api/v1/import]        lines of JSON; victoriametrics+https:// with TLS
///     prometheus://HOST[:9090][/api/v1/write]              remote write 1.0; prometheus+https:// with TLS; so do http:// and https://
///
/// `?user=NAME` forwards the statistics of one user; without it those of all are, and tell whose they are. `?basic-file=PATH` names a file with
/// `USER:PASSWORD`, `?bearer-file=PATH` one with a token, `?ca-file=PATH` one with the certificates of who vouches for an encrypted target.
public struct ForwardTarget: Sendable, Hashable, CustomStringConvertible {
    /// What is spoken there.
    enum Speech: String, Sendable { case graphite, victoriametrics, prometheus }

    var speech: Speech
    var isEncrypted = false
    var host: String
    var port: Int
    /// The URL's, with its slash; Graphite's is what stands in front of names.
    var path: String
    var user: UserID?
    var credentials: Credentials?
    /// Instead of the certificates that the system trusts.
    var authorityFile: String?

    /// A file that is read anew for each request, so that a new password needs no start.
    struct Credentials: Sendable, Hashable {
        var isBearer: Bool
        var file: String
    }

    /// What is expected, for who says something else.
    public static let expected =
        "graphite://HOST:PORT/PREFIX, victoriametrics://HOST:PORT or prometheus://HOST:PORT/api/v1/write, "
        + "each with ?user=NAME, ?basic-file=PATH or ?bearer-file=PATH, ?ca-file=PATH if needed, and no password in it"

    /// nil for what is none of the forms above.
    public init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let scheme = text[..<mark.lowerBound]
        let rest = text[mark.upperBound...]
        switch scheme {
        case "graphite": (speech, port, path) = (.graphite, 2003, "")
        case "victoriametrics", "victoriametrics+https": (speech, port, path) = (.victoriametrics, 8428, "/api/v1/import")
        case "prometheus", "prometheus+https": (speech, port, path) = (.prometheus, 9090, "/api/v1/write")
        case "http": (speech, port, path) = (.prometheus, 80, "/api/v1/write")
        case "https": (speech, port, path) = (.prometheus, 443, "/api/v1/write")
        default: return nil
        }
        isEncrypted = scheme.hasSuffix("https")
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let authority = parts[0].prefix { $0 != "/" }
        let path = parts[0].dropFirst(authority.count)
        if path.count > 1 { self.path = String(path) }
        if let address = HostPort(authority), address.port > 0 {
            (host, port) = (address.host, address.port)
        } else {
            // Without a port.
            let isBare = authority.first == "[" ? authority.last == "]" : !authority.contains(":")
            guard isBare, let address = HostPort(authority + ":1") else { return nil }
            host = address.host
        }
        guard host.utf8.allSatisfy({ Name.isNameByte($0) || $0 == UInt8(ascii: "%") }) else { return nil }
        if speech == .graphite {
            self.path = String(path.dropFirst().drop { $0 == "." })
            guard self.path.isEmpty || Name.isValidPath(self.path.utf8), self.path.last != "." else { return nil }
        }
        for option in parts.count > 1 ? parts[1].split(separator: "&", omittingEmptySubsequences: false) : [] {
            guard take(option: option) else { return nil }
        }
    }

    private mutating func take(option: Substring) -> Bool {
        let parts = option.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return false }
        switch parts[0] {
        case "user":
            user = UserID(parts[1])
            return user != nil
        case "basic-file", "bearer-file":
            guard speech != .graphite, credentials == nil else { return false }
            credentials = Credentials(isBearer: parts[0] == "bearer-file", file: String(parts[1]))
            return true
        case "ca-file":
            guard isEncrypted, authorityFile == nil else { return false }
            authorityFile = String(parts[1])
            return true
        default: return false
        }
    }

    /// Without what names a file: for the log and for `/metrics`.
    public var description: String {
        let address = HostPort(host: host, port: port)
        let scheme = speech.rawValue + (isEncrypted ? "+https" : "")
        let path = speech == .graphite && !self.path.isEmpty ? "/" + self.path : self.path
        return "\(scheme)://\(address)\(path)" + (user.map { "?user=\($0)" } ?? "")
    }

    /// The address of the requests; nil where none are made.
    var url: String? {
        speech == .graphite ? nil : (isEncrypted ? "https://" : "http://") + HostPort(host: host, port: port).description + path
    }

    var format: ForwardFormat {
        switch speech {
        case .graphite: .graphite(prefix: path)
        case .victoriametrics: .jsonLines
        case .prometheus: .remoteWrite
        }
    }

    /// How many minutes are sent again after the target was away, and after a start: as much as it may have had in memory only.
    /// Prometheus has nothing that is not in its log, and refuses what is older than it has.
    var overlapMinutes: Int64 {
        switch speech {
        case .graphite: 10
        case .victoriametrics: 5
        case .prometheus: 0
        }
    }

    /// For names of files: another address is another target.
    var fileName: String {
        let text = description
        let letters = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "_" }
        // Letters that were replaced may make two names equal.
        return String(letters.prefix(100)) + "-" + String(CRC32C.checksum(Array(text.utf8)), radix: 16)
    }
}
