import DattssCore
import HTTPTypes
import NIOCore
import NIOHTTP1

/// What one that stands by does with a request: who passes what to whom. It knows no connections.
struct PassingRules: Sendable {
    /// This server, for people.
    let node: String
    let proxies: TrustedProxies

    enum Decision: Sendable, Hashable {
        case health
        case metrics
        case refuse(PassingRefusal)
        case pass(to: HostPort)
    }

    /// In every request that is passed on: such a one is never passed on again.
    static let passedName = "X-DaTtSs-Passed"
    /// What is said to the next one only (RFC 9110, 7.6.1).
    private static let hopNames = ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"]
    private static let forwardedNames = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"]

    func decision(for head: HTTPRequestHead, owner: StreamOwnerName?) -> Decision {
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/healthz": return .health
        case "/metrics": return .metrics
        default: break
        }
        if head.headers.contains(name: Self.passedName) { return .refuse(.passedTwice) }
        guard let owner else { return .refuse(.noOwner) }
        return owner.address.map { .pass(to: $0) } ?? .refuse(.noAddress)
    }

    /// The head as the owner gets it. Where a request came from is said as proxies say it, and the owner believes it if it trusts this server.
    /// What the sender itself says of that is left out, unless it is a proxy that is trusted here.
    func passed(_ head: HTTPRequestHead, from peer: String?) -> HTTPRequestHead {
        var passed = head
        Self.removeHop(from: &passed.headers)
        passed.headers.remove(name: "Expect")
        if !(peer.flatMap { IPAddress($0) }.map { proxies.contains($0) } ?? false) {
            for name in Self.forwardedNames { passed.headers.remove(name: name) }
            passed.headers.add(name: "X-Forwarded-Proto", value: "http")
        }
        if let peer { passed.headers.add(name: "X-Forwarded-For", value: peer) }
        passed.headers.replaceOrAdd(name: Self.passedName, value: node)
        passed.version = .http1_1
        return passed
    }

    /// The head of the owner's answer as the sender gets it.
    func passed(_ head: HTTPResponseHead, to request: HTTPRequestHead) -> HTTPResponseHead {
        var passed = head
        Self.removeHop(from: &passed.headers)
        // How long the body is will be said anew, in a way that the sender understands.
        passed.headers.remove(name: "Transfer-Encoding")
        if request.method == .HEAD, !passed.headers.contains(name: "Content-Length") {
            passed.headers.add(name: "Content-Length", value: "0")
        }
        passed.version = request.version
        return passed
    }

    private static func removeHop(from headers: inout HTTPHeaders) {
        let named = headers[canonicalForm: "Connection"].map(String.init)
        for name in hopNames + named where name.lowercased() != "content-length" { headers.remove(name: name) }
    }
}

/// Why one that stands by does not pass a request on. All of them are 503 with `Retry-After`.
enum PassingRefusal: Sendable, Hashable {
    /// Nobody owns the streams, or it is just being found out who does.
    case noOwner
    /// The owner cannot be reached by other servers.
    case noAddress
    /// Another one has passed it on already: who the owner is has just changed.
    case passedTwice
    /// The owner was lost with the request, of which nothing has changed anything.
    case lost
    /// The owner was lost with the request, and nobody knows whether it counts.
    case unknown

    static func lost(_ method: HTTPMethod) -> PassingRefusal { [.GET, .HEAD, .OPTIONS].contains(method) ? .lost : .unknown }

    var answer: ErrorAnswer {
        var answer: ErrorAnswer =
            switch self {
            case .noOwner, .lost: ErrorAnswer(.serviceUnavailable, .noOwner, "no server answers for this moment; ask again")
            case .noAddress:
                ErrorAnswer(
                    .serviceUnavailable, .noOwner, "the server that answers says nothing of where; start it with --advertise")
            case .passedTwice:
                ErrorAnswer(.serviceUnavailable, .noOwner, "which server answers has just changed; ask again")
            case .unknown:
                ErrorAnswer(
                    .serviceUnavailable, .outcomeUnknown, "the server that was asked is lost; whether it did this nobody knows yet")
            }
        answer.headers[.retryAfter] = "1"
        return answer
    }
}
