import DattssCore
import Hummingbird

extension Routes {
    /// `GET BASE/api/v1/units`
    func listUnits(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        return Response(json: AccountJSON.units(try await accounts.run { try $0.units(of: viewer.user) }))
    }

    /// `PUT BASE/api/v1/units`: sets that of one statistic, so that what others set meanwhile stays.
    func setUnit(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let body = try await JSONBody(request)
        let key = try StatisticKey(symbol: body.required("typ"), path: body.required("pth"))
        let unit = try body["unit"].map { name throws(WireError) in
            if let unit = Accounts.Unit(rawValue: name) { return unit }
            let names = Accounts.Unit.allCases.map(\.rawValue).joined(separator: ", ")
            throw WireError(.badValue, "unit: is '\(name.prefix(16))', expected one of \(names), or null")
        }
        guard let units = try await accounts.run({ try $0.setUnit(unit, of: key, user: viewer.user) }) else {
            throw WireError(.badValue, "unit: at most \(Accounts.unitsMax) statistics have one that their names do not tell")
        }
        return Response(json: AccountJSON.units(units))
    }
}

extension StatisticKey {
    /// - Throws: `bad_kind` or `bad_path` for what is none.
    init(symbol: String, path: String) throws(WireError) {
        guard let kind = Kind(symbol: symbol) else {
            throw WireError(.badKind, "typ: is '\(symbol.prefix(16))', expected c, ms or g")
        }
        guard Name.isValidPath(path.utf8) else {
            throw WireError(.badPath, "pth: expected 1 to \(Name.pathBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        self.init(kind, path)
    }
}
