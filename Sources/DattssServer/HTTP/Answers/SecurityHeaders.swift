import HTTPTypes
import Hummingbird

/// Headers that every answer has: what is not a page of ours is not to be taken for one. A page's own headers stay.
struct SecurityHeaders: RouterMiddleware {
    /// By TLS: then browsers are told to come by TLS only.
    let isSecure: Bool

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let standard: [(HTTPField.Name, String)] = [
            (.xContentTypeOptions, "nosniff"), (.referrerPolicy, "same-origin"),
            (.contentSecurityPolicy, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        ]
        for (name, value) in standard where response.headers[name] == nil { response.headers[name] = value }
        if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        return response
    }
}
