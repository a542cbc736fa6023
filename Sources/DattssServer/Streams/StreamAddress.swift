import DattssCore

/// Where a replicated accepted log is: what `--accepted-log` says.
///
///     nats://HOST:PORT[,HOST:PORT…]/STREAM[?replicas=3][&keep-hours=24][&monitoring=8222]
///
/// `replicas` is how many servers of the engine keep the stream: it is made with as many, and refused with fewer. `keep-hours` is how
/// long the stream keeps what is in this machine's blocks already, in case the machine is lost. `monitoring` is the port, or one for
/// each server, where it can be asked whether the engine syncs before it answers.
public struct StreamAddress: Sendable, Hashable, CustomStringConvertible {
    var servers: [HostPort]
    var stream: String
    var replicas = 3
    var keepHours: Int64 = 24
    /// As many as servers, or none.
    var monitoring: [HostPort] = []

    static let serversMax = 16
    /// The stream of the accounts is called like that of the batches, with this behind it.
    static let accountsSuffix = "-accounts"
    static let keepHoursMax: Int64 = 24 * 31

    /// What is expected, for who says something else.
    public static let expected =
        "file, or nats://HOST:PORT,HOST:PORT/STREAM with ?replicas=1, 3 or 5, &keep-hours=0 to \(keepHoursMax) and &monitoring=PORT "
        + "if needed; no password in it, and no TLS yet"

    /// nil for what is not of this form.
    public init?(_ text: String) {
        guard let rest = text.hasPrefix("nats://") ? text.dropFirst("nats://".count) : nil else { return nil }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard path.count == 2, Self.isName(path[1]) else { return nil }
        let hosts = path[0].split(separator: ",", omittingEmptySubsequences: false)
        let servers = hosts.compactMap { host in HostPort(host).flatMap { $0.port > 0 && Self.isHost($0.host) ? $0 : nil } }
        guard servers.count == hosts.count, 1...Self.serversMax ~= servers.count else { return nil }
        (self.servers, stream) = (servers, String(path[1]))
        var seen: Set<Substring> = []
        for option in parts.count > 1 ? parts[1].split(separator: "&", omittingEmptySubsequences: false) : [] {
            let words = option.split(separator: "=", maxSplits: 1)
            guard words.count == 2, seen.insert(words[0]).inserted, take(words[0], words[1]) else { return nil }
        }
    }

    private mutating func take(_ name: Substring, _ value: Substring) -> Bool {
        switch name {
        case "replicas":
            guard let count = Int(value), [1, 3, 5].contains(count) else { return false }
            replicas = count
        case "keep-hours":
            guard let hours = Int64(value), 0...Self.keepHoursMax ~= hours else { return false }
            keepHours = hours
        case "monitoring":
            let ports = value.split(separator: ",", omittingEmptySubsequences: false).compactMap {
                UInt16($0).flatMap { $0 > 0 ? Int($0) : nil }
            }
            guard ports.count == 1 || ports.count == servers.count else { return false }
            monitoring = servers.indices.map { HostPort(host: servers[$0].host, port: ports[ports.count == 1 ? 0 : $0]) }
        default: return false
        }
        return true
    }

    /// What NATS takes as the name of a stream and as a part of a subject.
    private static func isName(_ text: Substring) -> Bool {
        1...64 ~= text.utf8.count && !text.hasSuffix(accountsSuffix)
            && text.utf8.allSatisfy { Name.isNameByte($0) && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: ":") }
    }

    /// (A password in front of the host would be in the list of processes.)
    private static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }
    }

    /// Another stream of the same engine.
    func named(_ stream: String) -> StreamAddress {
        var other = self
        other.stream = stream
        return other
    }

    public var description: String { "nats://\(servers.map(\.description).joined(separator: ","))/\(stream)" }
}

/// Why a replicated accepted log cannot be used: what was expected of the engine, and what was found.
struct StreamProblem: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
