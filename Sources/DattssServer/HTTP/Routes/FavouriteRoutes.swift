import DattssCore
import DattssPipeline
import Hummingbird

extension Routes {
    /// `GET BASE/api/v1/favourites`
    func listFavourites(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        return Response(json: AccountJSON.favourites(try await accounts.run { try $0.favourites(of: viewer.user) }))
    }

    /// `PUT BASE/api/v1/favourites`: replaces all of them, unless they are not those any more that the sender knows.
    func setFavourites(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let bytes = try await request.body.collected(request.headers, upTo: limits.bodyBytes)
        let body = try bytes.withUnsafeBytes { bytes throws(WireError) in try FavouritesBody(bytes) }
        let isReplaced = try await accounts.run {
            try $0.setFavourites(body.favourites, of: viewer.user, replacing: body.version)
        }
        guard isReplaced else {
            throw ErrorAnswer(.conflict, .outdated, "version: the favourites have been changed since; ask for them again")
        }
        return Response(json: AccountJSON.favourites(body.favourites))
    }
}

/// `{"favourites":[{"typ":"c","pth":"a.b"},…],"version":"…"}`; the version may be left out.
struct FavouritesBody {
    private(set) var favourites: [StatisticKey] = []
    private(set) var version: String?

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var isThere = false
        var found: [StatisticKey] = []
        var known: String?
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                if name == "version" {
                    known = try located("version") { () throws(WireError) in try cursor.string() }
                    return
                }
                guard name == "favourites" else { return try cursor.skipValue() }
                isThere = true
                try cursor.array { (index, cursor) throws(WireError) in
                    guard index < Accounts.favouritesMax else {
                        throw WireError(.badValue, "favourites: expected at most \(Accounts.favouritesMax)")
                    }
                    found.append(try located("favourites[\(index)]") { () throws(WireError) in try Self.key(&cursor) })
                }
            }
        }
        guard isThere else { throw WireError(.missingField, "favourites: is missing") }
        guard Set(found).count == found.count else { throw WireError(.badValue, "favourites: has one twice") }
        favourites = found
        version = known
    }

    private static func key(_ cursor: inout JSONCursor) throws(WireError) -> StatisticKey {
        var (kindName, path) = (String?.none, String?.none)
        try cursor.object { (name, cursor) throws(WireError) in
            if name == "typ" {
                kindName = try cursor.string()
            } else if name == "pth" {
                path = try cursor.string()
            } else {
                try cursor.skipValue()
            }
        }
        guard let kindName, let path else { throw WireError(.missingField, "expected typ and pth") }
        return try StatisticKey(symbol: kindName, path: path)
    }
}
