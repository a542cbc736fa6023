import Foundation
import HTTPTypes
import Hummingbird

extension Routes {
    /// `GET /`: the dashboard for browsers, in a few lines of text where to go for everybody else.
    func start(_ request: Request, _ context: Context) async throws -> Response {
        guard request.headers[values: .accept].contains(where: { $0.lowercased().contains("text/html") }) else {
            var response = Response(text: Self.directions)
            response.headers[.vary] = "Accept"
            return response
        }
        var response = dashboard.page.response(to: request)
        response.headers[.vary] = "Accept, Accept-Encoding"
        return response
    }

    /// `GET /demo`, `GET /server`: the same page; it asks for what its address says.
    func page(_ request: Request, _ context: Context) async throws -> Response { dashboard.page.response(to: request) }

    /// `GET /account`
    func accountPage(_ request: Request, _ context: Context) async throws -> Response {
        dashboard.account.response(to: request)
    }

    /// `GET /assets/{name}`
    func asset(_ request: Request, _ context: Context) async throws -> Response {
        let name = try decoded("name", context)
        guard let file = dashboard.assets[name] else {
            let message =
                name == DashboardFiles.plotLibrary
                ? "the plot library is not installed: apt-get install libjs-dygraphs, then start the server again"
                : "there is no asset '\(name.prefix(64))'"
            throw ErrorAnswer(.notFound, .notFound, message)
        }
        return file.response(to: request)
    }

    /// Whether an `Accept-Encoding` names a coding without refusing it (RFC 9110, section 12.5.3).
    static func accepts(_ coding: String, _ header: String) -> Bool {
        header.lowercased().split(separator: ",").contains { entry in
            let parts = entry.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.first == coding else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
        }
    }

    static var referrerPolicy: HTTPField.Name {
        // The name is a token, so there is one.
        HTTPField.Name("Referrer-Policy") ?? .referer
    }

    /// Nothing but our own files, and nobody frames them.
    static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
        """

    private static let directions = """
        DaTtSs counts, times and gauges what your programs do. The dashboard is at this address in a browser.

        PUT  /agg                           partials in (Authorization: Bearer KEY)
        GET  /api/v1/status                 every statistic, now
        GET  /api/v1/live                   the same as server-sent events
        GET  /api/v1/silent                 what has long been silent, and so is not in the status
        GET  /api/v1/series/{kind}/{path}   its past, minute by minute
        GET  /api/v1/day/{kind}/{path}      a day against the usual day
        GET  /api/v1/processes              which programs are up
        GET  /api/v1/boards                 arrangements of plots and texts
        GET  /api/v1/alerts                 what is watched, and what fires
        GET  /api/v1/openapi.json           all of this, exactly
        GET  /metrics  /healthz             about the server itself

        """
}

extension DashboardFiles.File {
    /// The file, or that the browser's copy is still the same.
    func response(to request: Request, status: HTTPResponse.Status = .ok) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .cacheControl: "no-cache", .eTag: tag, .vary: "Accept-Encoding",
            .contentSecurityPolicy: Routes.contentSecurityPolicy, .xContentTypeOptions: "nosniff",
        ]
        headers[Routes.referrerPolicy] = "same-origin"
        if status == .ok, request.headers[values: .ifNoneMatch].contains(where: { $0.contains(tag) }) {
            return Response(status: .notModified, headers: headers)
        }
        let isPacked = request.headers[values: .acceptEncoding].contains { Routes.accepts("gzip", $0) }
        if isPacked, let packed {
            headers[.contentEncoding] = "gzip"
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: packed))
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: plain))
    }
}
