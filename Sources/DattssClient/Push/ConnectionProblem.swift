import AsyncHTTPClient
import LibC
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a request had no answer, in words: what the HTTP client throws names its own types.
package enum ConnectionProblem: Error, Hashable, CustomStringConvertible {
    /// Nothing listens at the address.
    case refused
    case noSuchHost(String)
    /// No answer in time.
    case silent
    case unreachable
    /// TLS could not be agreed on.
    case noTLS(String)
    /// What answers does not speak HTTP.
    case notHTTP
    /// The connection ended before the answer was there.
    case broken
    case badAddress

    /// - Returns: nil for an error that has nothing to do with a connection.
    package init?(_ error: any Error) {
        switch error {
        case let problem as ConnectionProblem: self = problem
        case let error as HTTPClientError: self.init(error)
        case let error as NIOConnectionError: self.init(error)
        case let error as IOError: self.init(errno: error.errnoCode)
        case is NIOSSLError, is BoringSSLError: self = .noTLS(Self.tlsReason("\(error)"))
        case is HTTPParserError: self = .notHTTP
        case is NIOSSLExtraError: self = .noTLS("the certificate is not for this name")
        case is ChannelError: self = .broken
        default: return nil
        }
    }

    /// - Parameter description: with the names of the library's errors in it.
    private static func tlsReason(_ description: String) -> String {
        if description.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted here, or is for another name"
        }
        if description.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS" }
        return "TLS could not be agreed on"
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .connectTimeout, .readTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout: self = .silent
        case .invalidURL, .emptyHost, .missingSocketPath: self = .badAddress
        case .tlsHandshakeTimeout, .httpProxyHandshakeTimeout: self = .noTLS("no answer in time")
        default:
            let isAddress = "\(error)".contains("unsupportedScheme") || "\(error)".contains("emptyScheme")
            self = isAddress ? .badAddress : .broken
        }
    }

    private init(_ error: NIOConnectionError) {
        if let number = error.connectionErrors.lazy.compactMap({ ($0.error as? IOError)?.errnoCode }).first {
            self = ConnectionProblem(errno: number) ?? .unreachable
        } else {
            self = error.dnsAError == nil && error.dnsAAAAError == nil ? .unreachable : .noSuchHost(error.host)
        }
    }

    private init?(errno number: Int32) {
        switch number {
        case ECONNREFUSED: self = .refused
        case ETIMEDOUT: self = .silent
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EACCES: self = .unreachable
        case ECONNRESET, EPIPE, ECONNABORTED, ENOTCONN: self = .broken
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .refused: "nothing listens there"
        case .noSuchHost(let host): "there is no host '\(host)'"
        case .silent: "it is silent"
        case .unreachable: "it cannot be reached from here"
        case .noTLS(let reason): "no secure connection: \(reason)"
        case .notHTTP: "what listens there does not speak HTTP"
        case .broken: "the connection was closed"
        case .badAddress: "expected http://HOST:PORT or https://HOST:PORT"
        }
    }
}
