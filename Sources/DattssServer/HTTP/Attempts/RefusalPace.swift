import DattssCore
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Answers those late who send one wrong key after the other: a flood of them must not take the processor from those who send
/// what is right.
///
/// A sender that waits for its answers is slowed down by that, and of one that does not wait nothing more is read meanwhile. A
/// right key is never answered late, from wherever it comes.
final class RefusalPace: Sendable {
    private let limit: AttemptLimit
    private let proxies: TrustedProxies
    private let late = Atomic(0)

    /// So many a second are answered at once.
    static let promptPerSecond = 50
    static let delayMilliseconds: Int64 = 1000

    /// - Parameter proxies: behind their addresses are many people, and what one of them sends is no reason to keep the others
    ///   waiting, if there is nothing that tells them apart.
    init(clock: any WallClock, proxies: TrustedProxies = TrustedProxies()) {
        limit = AttemptLimit(
            capacity: Self.promptPerSecond, secondsPerToken: 1 / Double(Self.promptPerSecond), clock: clock)
        self.proxies = proxies
    }

    /// How many were answered late.
    var lateCount: Int { late.load(ordering: .relaxed) }

    /// Notes that a key was refused.
    /// - Returns: whether the answer has to wait.
    func isTooFast(_ peer: SocketAddress?) -> Bool {
        guard let address = peer?.ipAddress.flatMap({ IPAddress($0) }), !proxies.contains(address) else { return false }
        return isTooFast(AuthKeys.hexadecimal(address.network))
    }

    /// - Parameter origin: as the proxies say, where there are some.
    func isTooFast(_ origin: RequestOrigin) -> Bool { isTooFast(origin.limitName) }

    private func isTooFast(_ name: String) -> Bool {
        guard limit.take(name) != nil else { return false }
        late.add(1, ordering: .relaxed)
        return true
    }
}

/// The same for the routes behind the fast path: for keys, and for passwords and letters of which there are too many attempts.
struct LateRefusals: RouterMiddleware {
    let pace: RefusalPace
    let proxies: TrustedProxies
    let clock: any WallClock

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        let isStrangers = response.status == .tooManyRequests && request.head.authKey == nil
        guard response.status == .unauthorized || isStrangers else { return response }
        let origin = proxies.origin(
            of: request.headers, peer: context.peer, isSecure: false, host: request.head.authority)
        // Cancelled when nobody waits for it any more.
        if pace.isTooFast(origin) { try? await clock.pause(milliseconds: RefusalPace.delayMilliseconds) }
        return response
    }
}
