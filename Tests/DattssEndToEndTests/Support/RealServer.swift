import AsyncHTTPClient
import DattssCore
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// The real binary on a data folder of its own, on loopback, which can be killed and started again at the same address.
actor RealServer {
    nonisolated let folder: String
    private var process: ChildProcess?
    private var arguments: [String]
    private(set) var http = "127.0.0.1:0"
    private(set) var udp = "127.0.0.1:0"

    struct Failure: Error, CustomStringConvertible { var description: String }

    static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("dattss").path

    init(_ arguments: [String] = []) {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("dattss-e2e-\(UUID())").path
        self.arguments = arguments
    }

    /// Starts the server and waits until it says that it is ready.
    /// - Returns: what it printed.
    @discardableResult
    func start() async throws -> String {
        let process = try await ChildProcess.start(
            Self.binary, ["serve", "--data-dir", folder, "--http", http, "--udp", udp] + arguments)
        self.process = process
        var lines: [String] = []
        while lines.last?.hasSuffix("ready") != true {
            guard let line = try await process.line() else {
                throw Failure(description: "the server ended: \(lines.joined(separator: "\n"))")
            }
            lines.append(line)
        }
        guard let addresses = lines.first(where: { $0.contains("listening") })?.split(separator: " "), addresses.count >= 4
        else { throw Failure(description: "the server did not start: \(lines)") }
        http = String(addresses[1].split(separator: "/").last ?? "")
        udp = String(addresses[3])
        return lines.joined(separator: "\n")
    }

    func kill() async throws { try await stop(SIGKILL) }

    /// Asks it to end.
    /// - Returns: its exit status.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) async throws -> Int32 {
        defer { process = nil }
        return try await process?.end(signal) ?? -1
    }

    var processIdentifier: Int32 { process?.identifier ?? -1 }

    /// Ends it, and removes its folder.
    func discard() async throws {
        try await kill()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Runs another command of the binary on the same folder.
    nonisolated func command(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
        try await ChildProcess.run(Self.binary, arguments + ["--data-dir", folder])
    }

    nonisolated func key(of user: String = "local") async throws -> String {
        try await command("user", "key", user).output.trimmingCharacters(in: .newlines)
    }
}

/// An answer of the server.
struct Answer: Sendable {
    var status: Int
    var body: String
    var headers: HTTPHeaders

    /// The body as JSON.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
    }

    var errorName: String? { (json["error"] as? [String: Any])?["name"] as? String }
    var errorMessage: String? { (json["error"] as? [String: Any])?["message"] as? String }
}

/// What a test looks at in a row of `/api/v1/status`.
struct StatusRow: Sendable {
    var sum: Double?
    var lst: Double?
}

extension RealServer {
    /// Tells where an answer leads, and does not go there.
    private static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func request(
        _ method: HTTPMethod, _ path: String, key: String? = nil, body: [UInt8]? = nil, headers: HTTPHeaders = [:],
        timeout: TimeAmount = .seconds(120)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://\(http)\(path)")
        request.method = method
        request.headers = headers
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key)") }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await Self.client.execute(request, timeout: timeout)
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(status: Int(response.status.code), body: String(buffer: bytes), headers: response.headers)
    }

    func put(_ batch: Batch, key: String) async throws -> Answer {
        try await request(.PUT, "/agg", key: key, body: BatchEncoder.encode(batch))
    }

    /// The statuses of one kind, by path.
    func status(_ kind: Kind, key: String) async throws -> [String: StatusRow] {
        let answer = try await request(.GET, "/api/v1/status", key: key)
        guard let rows = answer.json[kind.symbol] as? [[String: Any]] else {
            throw Failure(description: "no status: \(answer.status) \(answer.body)")
        }
        return Dictionary(
            uniqueKeysWithValues: rows.map { row in
                (row["pth"] as? String ?? "", StatusRow(sum: row["sum"] as? Double, lst: row["lst"] as? Double))
            })
    }

    /// The sum and the count of all points of a statistic.
    func seriesTotals(_ kind: Kind, _ path: String, key: String) async throws -> (sum: Double, count: Double) {
        let answer = try await request(.GET, "/api/v1/series/\(kind.symbol)/\(path)", key: key)
        guard let points = answer.json["points"] as? [[String: Any]] else {
            throw Failure(description: "no series: \(answer.status) \(answer.body)")
        }
        return points.reduce((0, 0)) { total, point in
            (total.0 + (point["sum"] as? Double ?? .nan), total.1 + (point["cnt"] as? Double ?? .nan))
        }
    }

    /// Sends datagrams to the UDP port.
    func send(_ datagrams: [[UInt8]]) throws {
        guard let port = udp.split(separator: ":").last.flatMap({ UInt16($0) }) else { return }
        let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        for datagram in datagrams {
            let sent = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(socket, datagram, datagram.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard sent == datagram.count else { throw Failure(description: "sendto failed: errno \(errno)") }
        }
    }

    /// The value of a line of `/metrics`.
    func metric(_ name: String) async throws -> Double {
        let text = try await request(.GET, "/metrics").body
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) } ?? .nan
    }
}

/// Asks again, up to a limit, until something holds: for what the server does once a second.
func eventually(within seconds: Double = 60, _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        // Waits: a real server is asked again.
        try await Task.sleep(for: .milliseconds(50))
    }
    return try await condition()
}
