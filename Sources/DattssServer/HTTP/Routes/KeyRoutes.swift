import DattssCore
import DattssPipeline
import Hummingbird

extension Routes {
    /// `GET /api/v1/keys`
    func listKeys(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        return Response(json: AccountJSON.keys(try await accounts.run { try $0.keys(of: viewer.user) }))
    }

    /// `POST /api/v1/keys`
    func addKey(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let body = try await JSONBody(request)
        let (name, scopeName) = (try body.required("name"), try body.required("scope"))
        guard let scope = KeyScope(rawValue: scopeName) else {
            throw WireError(.badValue, "scope: is '\(scopeName.prefix(16))', expected all, ingest or read")
        }
        let now = clock.now()
        let key = try await accounts.run { try $0.addKey(named: name, scope: scope, of: viewer.user, at: now) }
        return Response(json: AccountJSON.key(key), status: .created)
    }

    /// `DELETE /api/v1/keys/{id}`
    func revokeKey(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let (id, now) = (try decoded("id", context), clock.now())
        try await accounts.run { try $0.revokeKey(id, of: viewer.user, at: now) }
        return Response(status: .noContent)
    }

    /// `GET /api/v1/audit`
    func audit(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .team)
        let lines = try await accounts.run { try $0.audit(of: viewer.user) }
        // Where others are is of no business to who only works with the statistics.
        return Response(json: AccountJSON.audit(lines, withAddresses: viewer.role >= .administer))
    }
}
