import DattssCore
import DattssPipeline
import DattssQuery
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What a tool asks of a user's statistics in a language of its own, as Grafana asks Prometheus and Graphite.
struct ToolQuestion {
    var user: UserID
    /// See ``Viewer/asker``.
    var asker: UserID
    var parameters: FormParameters
    var context: Routes.Context

    init(_ viewer: Viewer, _ parameters: FormParameters, _ context: Routes.Context) {
        (user, asker, self.parameters, self.context) = (viewer.user, viewer.asker, parameters, context)
    }

    /// What is asked for everybody who has a link, as a user's own.
    init(of user: UserID, _ parameters: FormParameters, _ context: Routes.Context) {
        (self.user, asker, self.parameters, self.context) = (user, user, parameters, context)
    }
}

extension Routes {
    /// A key that may read: as everywhere, or as the password of basic authentication, which is what Grafana sends. A session, too, for
    /// what is only looked at.
    func toolViewer(_ request: Request, _ context: Context) throws -> Viewer {
        if request.head.authKey == nil, let key = request.head.basicPassword {
            let verified = try accounts.verified(presenting: key, for: .read)
            try requireOwn(verified, request)
            return Viewer(verified.owner.user, .owner, .key(key, verified), by: verified.name)
        }
        return try viewer(request, context)
    }

    /// Works something out when the turn of whoever asks has come, away from the threads that take samples in; until the connection is closed.
    func inTurn(
        _ question: ToolQuestion, _ limits: QueryLimits, type: String = Rendering.jsonType,
        _ body: @escaping @Sendable (UserSeries, QueryWatch) async throws -> ByteBuffer
    ) async throws -> Response {
        let (queries, unsent, user, isConnected) = (pipeline.queries, memory.unsent, question.user, question.context.isConnected)
        return try await queries.inTurn(of: question.asker, isWanted: isConnected) {
            let watch = QueryWatch(limits, isWanted: isConnected)
            return try Rendering(try await body(UserSeries(queries: queries, user: user), watch), within: unsent)
        }.response(type: type)
    }
}

extension QueryError {
    /// As the server says it in its own words.
    var errorAnswer: ErrorAnswer {
        switch code {
        case .malformed, .unsupported, .invalid: ErrorAnswer(.badRequest, .badValue, message)
        case .limit: ErrorAnswer(.unprocessableContent, .tooMany, message)
        case .cancelled: ErrorAnswer(.serviceUnavailable, .overloaded, message)
        }
    }
}

extension JSONWriter {
    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }
}

extension HTTPRequest {
    /// The password of `Authorization: Basic`; nil where there is none.
    var basicPassword: String? {
        guard let authorization = headerFields[.authorization] else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let data = Data(base64Encoded: String(parts[1])),
            let text = String(data: data, encoding: .utf8), let colon = text.firstIndex(of: ":")
        else { return nil }
        return String(text[text.index(after: colon)...])
    }
}
