import Hummingbird
import NIOCore

/// What a route knows of a request besides the request.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The other end of the connection.
    let peer: SocketAddress?
    var space = Space.own
    private let channel: any Channel

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        peer = channel.remoteAddress
    }

    /// Whether whoever asks may still read an answer.
    var isConnected: @Sendable () -> Bool { { [channel] in channel.isActive } }
}

/// Whose statistics a part of the API is about: the same routes are there under `/`, `/demo` and `/server`.
enum Space: Sendable {
    /// Those of the user who asks.
    case own
    /// Those of the user `demo`, which anybody may see.
    case demo
    /// The server's own, which its administrators may see.
    case server
}

/// Says in which space the routes of a group are. In those that are only for reading nothing but GET is answered.
struct InSpace: RouterMiddleware {
    let space: Space
    let isThere: Bool

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard isThere else {
            throw ErrorAnswer(.notFound, .notFound, "there is nothing at \(request.method) \(request.uri.path)")
        }
        guard space == .own || request.isRead else {
            throw ErrorAnswer(.forbidden, .readOnly, "these statistics can only be looked at")
        }
        var context = context
        context.space = space
        return try await next(request, context)
    }
}

extension Request {
    /// Whether it asks without changing anything.
    var isRead: Bool { method == .get || method == .head }
}
