import DattssCore
import DattssPipeline
import Hummingbird

/// A user's boards.
extension Routes {
    /// `GET BASE/api/v1/boards`
    func listBoards(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        return Response(json: BoardJSON.list(try await accounts.run { try $0.boards(of: viewer.user) }))
    }

    /// `POST /api/v1/boards`
    func addBoard(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let document = try await boardDocument(request)
        let now = clock.now()
        try await accounts.run { try $0.addBoard(document.board, of: viewer.user, at: now) }
        return Response(json: BoardJSON.write(document.board, version: document.board.version), status: .created)
    }

    /// `GET BASE/api/v1/boards/{name}`
    func showBoard(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let name = try decoded("name", context)
        guard let board = try await accounts.run({ try $0.board(name, of: viewer.user) }) else { throw Self.noBoard(name) }
        return Response(json: BoardJSON.write(board, version: board.version))
    }

    /// `PUT /api/v1/boards/{name}`: replaces it, unless it is not the one any more that the sender knows.
    func replaceBoard(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        let document = try await boardDocument(request)
        let now = clock.now()
        try Self.expectDone(
            try await accounts.run {
                try $0.replaceBoard(name, with: document.board, replacing: document.version, of: viewer.user, at: now)
            }, name)
        return Response(json: BoardJSON.write(document.board, version: document.board.version))
    }

    /// `DELETE /api/v1/boards/{name}?version=…`
    func removeBoard(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        let version = request.uri.queryParameters["version"].map(String.init)
        try Self.expectDone(
            try await accounts.run { try $0.removeBoard(name, replacing: version, of: viewer.user) }, name)
        return Response(status: .noContent)
    }

    private func boardDocument(_ request: Request) async throws -> BoardDocument {
        let bytes = try await request.body.collected(request.headers, upTo: Board.bytesMax)
        return try bytes.withUnsafeBytes { bytes throws(WireError) in try BoardDocument(bytes) }
    }

    static func noBoard(_ name: String) -> ErrorAnswer {
        ErrorAnswer(.notFound, .notFound, "there is no board '\(name.prefix(Board.nameCharactersMax))'")
    }

    private static func expectDone(_ change: Accounts.BoardChange, _ name: String) throws(ErrorAnswer) {
        switch change {
        case .done: return
        case .unknown: throw noBoard(name)
        case .outdated:
            throw ErrorAnswer(.conflict, .outdated, "version: the board has been changed since; ask for it again")
        }
    }

    // MARK: Links

    /// `GET /api/v1/boards/{name}/shares`
    func listShares(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let name = try decoded("name", context)
        guard let shares = try await accounts.run({ try $0.shares(ofBoard: name, of: viewer.user) }) else {
            throw Self.noBoard(name)
        }
        return Response(json: BoardJSON.shares(shares))
    }

    /// `POST /api/v1/boards/{name}/shares`: only by somebody who is signed in, so that a key that got lost leaves no links behind when it is
    /// revoked.
    func shareBoard(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let name = try decoded("name", context)
        let bytes = try await request.body.collected(request.headers, upTo: 1024)
        let days = try bytes.withUnsafeBytes { bytes throws(WireError) in try Self.days(bytes) }
        let now = clock.now()
        guard
            let made = try await accounts.run({ try $0.shareBoard(name, of: viewer.user, by: viewer.by, days: days, at: now) })
        else { throw Self.noBoard(name) }
        // Behind the #, where neither proxies nor logs see it.
        return Response(json: BoardJSON.share(made.share, link: web.link("/shared#\(made.token.text)")), status: .created)
    }

    /// `DELETE /api/v1/boards/{name}/shares/{id}`
    func revokeShare(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .administer)
        let (name, id) = (try decoded("name", context), try decoded("id", context))
        guard try await accounts.run({ try $0.revokeShare(id, ofBoard: name, of: viewer.user) }) else {
            throw ErrorAnswer(.notFound, .notFound, "the board has no link '\(id.prefix(64))'")
        }
        return Response(status: .noContent)
    }

    /// `{"days":30}`, or null for good: it has to be said.
    private static func days(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Int64? {
        var days: Double??
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                guard name == "days" else {
                    throw WireError(.badValue, "\(name.string.utf8Prefix(40)): is not known, expected days")
                }
                days = cursor.takeNull() ? .some(nil) : try located("days") { () throws(WireError) in try cursor.number() }
            }
        }
        guard let days else { throw WireError(.missingField, "days: is missing; expected a number of days, or null for good") }
        guard let days else { return nil }
        guard let whole = Int64(exactly: days), 1...Accounts.BoardShare.daysMax ~= whole else {
            throw WireError(.badValue, "days: expected a whole number from 1 to \(Accounts.BoardShare.daysMax), or null for good")
        }
        return whole
    }
}
