import DattssCore

/// The codes that keys were found to have, right or wrong as those were that asked: whoever tries many for one user costs one HMAC.
///
/// A code follows from its name, so it never becomes false; nobody who has no key is in here.
struct KeyCodes {
    private var codes: [Name: [UInt8]] = [:]

    /// What a code is made of, beside the secret.
    struct Name: Hashable {
        let user: UserID
        /// The identifier of a key that the user has named; the code of such a key has no version.
        let id: String?
        let version: Int64

        init(_ claim: KeyClaim, version: Int64) {
            (user, id) = (claim.user, claim.id)
            self.version = id == nil ? version : 0
        }
    }

    static let countMax = 20_000

    var count: Int { codes.count }

    subscript(name: Name) -> [UInt8]? { codes[name] }

    mutating func add(_ code: [UInt8], of name: Name) {
        if codes.count >= Self.countMax { codes = [:] }
        codes[name] = code
    }
}
