import LibC
import NIOCore
import ServiceLifecycle

/// Why a server did not start, in words, with what can be done about it.
public struct ServerStartError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of an obstacle it is.
    public enum Code: Sendable, Hashable {
        /// Another program has the port or the socket.
        case inUse
        /// The address belongs to another machine.
        case notOfThisMachine
        case noPermission
        case noSuchHost
        /// The system cannot listen there for another reason.
        case cannotListen
        case noSuchUser
        /// A file of the configuration cannot be read.
        case unreadable
        case badCertificate
        /// The engine of a replicated accepted log cannot be reached, or does not promise what is needed.
        case badStream
        /// Another server has taken over the streams meanwhile.
        case replaced
    }

    /// What kind of an obstacle it is.
    public let code: Code
    /// What is wrong: `127.0.0.1:3002 is taken by another program`.
    public let problem: String
    /// What to try instead.
    public let wayOut: String?

    init(_ code: Code, _ problem: String, _ wayOut: String? = nil) {
        self.code = code
        self.problem = problem
        self.wayOut = wayOut
    }

    public var description: String { wayOut.map { "\(problem); \($0)" } ?? problem }
}

/// Something that the server listens at, and the option that says where.
struct ListeningPlace: Sendable, Hashable {
    var option: String
    var address: HostPort?
    /// Where the file of a Unix socket is.
    var path: String?

    static func http(_ address: HostPort) -> ListeningPlace { ListeningPlace(option: "http", address: address) }
    static func udp(_ address: HostPort) -> ListeningPlace { ListeningPlace(option: "udp", address: address) }
    static func tcp(_ address: HostPort) -> ListeningPlace { ListeningPlace(option: "statsd-tcp", address: address) }
    static func graphite(_ address: HostPort) -> ListeningPlace { ListeningPlace(option: "graphite", address: address) }
    static func socket(_ path: String, _ option: String) -> ListeningPlace { ListeningPlace(option: option, path: path) }

    private var name: String { address?.description ?? path ?? option }

    /// The address as sockets have it.
    /// - Throws: ``ServerStartError`` when there is no such host, or a path is too long.
    func resolved() throws(ServerStartError) -> SocketAddress {
        do {
            if let address { return try SocketAddress.makeAddressResolvingHost(address.host, port: address.port) }
            return try SocketAddress(unixDomainSocketPath: path ?? "")
        } catch {
            if let address {
                throw ServerStartError(
                    .noSuchHost, "there is no host '\(address.host)', which --\(option) names",
                    "an address of this machine, or 0.0.0.0 for all of them, needs no name")
            }
            throw ServerStartError(.cannotListen, "the path of --\(option) is too long for a socket: \(name)")
        }
    }

    /// What a failure to listen there means.
    func explained(_ error: any Error) -> any Error {
        guard let number = (error as? IOError)?.errnoCode else { return error }
        switch number {
        case EADDRINUSE where path != nil:
            return ServerStartError(.inUse, "another program listens at \(name)", "end it, or try another --\(option)")
        case EADDRINUSE:
            return ServerStartError(.inUse, "\(name) is taken by another program", "try --\(option) \(next)")
        case EADDRNOTAVAIL:
            return ServerStartError(
                .notOfThisMachine, "\(name) is no address of this machine",
                "try --\(option) 127.0.0.1:\(port) for this machine alone, or 0.0.0.0:\(port) for all of its addresses")
        case EACCES, EPERM, EROFS:
            let wayOut =
                path == nil
                ? "ports below 1024 are for root alone: try --\(option) \(host):\(1024 + port)"
                : "name a path in a folder of the server's user with --\(option)"
            return ServerStartError(.noPermission, "no permission to listen at \(name)", wayOut)
        case EEXIST: return ServerStartError(.cannotListen, "\(name) is there already, and is no socket", "try another --\(option)")
        case ENOENT, ENOTDIR:
            return ServerStartError(.cannotListen, "the folder of \(name) does not exist", "make it, or try another --\(option)")
        default:
            return ServerStartError(.cannotListen, "cannot listen at \(name): \(String(cString: strerror(number)))")
        }
    }

    private var port: Int { address?.port ?? 0 }
    private var host: String { address.map { $0.host.contains(":") ? "[\($0.host)]" : $0.host } ?? "" }
    private var next: String { "\(host):\(port < 65_535 ? port + 1 : port - 1)" }
}

/// A service that listens somewhere, and says in words when it cannot.
struct PlacedService: Service {
    private let service: any Service
    private let place: ListeningPlace
    private let onFailure: @Sendable () -> Void

    /// - Parameter onFailure: tells those that wait until it listens.
    init(_ service: any Service, at place: ListeningPlace, onFailure: @escaping @Sendable () -> Void = {}) {
        self.service = service
        self.place = place
        self.onFailure = onFailure
    }

    func run() async throws {
        do { try await service.run() } catch {
            onFailure()
            throw place.explained(error)
        }
    }
}
