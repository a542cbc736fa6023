import DattssCore

/// What a key says of itself before anything of it is verified. What has not the form of a key is refused by it, so that it
/// costs no HMAC.
struct KeyClaim: Sendable, Hashable {
    let user: UserID
    /// The identifier of a key that the user has named; nil for the user's own key.
    let id: String?
    let code: [UInt8]

    /// - Returns: nil unless it is `uid.hmac` or `uid.kID.hmac`, with the code in small hexadecimal digits.
    init?(_ key: String) {
        guard key.utf8.count <= Self.bytesMax else { return nil }
        let parts = key.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let user = UserID(parts[0]), let code = Self.code(parts[parts.count - 1]) else {
            return nil
        }
        if parts.count == 3, parts[1].utf8.first != AuthKeys.nameMark { return nil }
        self.user = user
        id = parts.count == 3 ? String(parts[1]) : nil
        self.code = code
    }

    private static let bytesMax = Name.userBytesMax + 64 + 2 * AuthKeys.codeBytes

    private static func code(_ digits: Substring) -> [UInt8]? {
        let digits = digits.utf8
        guard digits.count == 2 * AuthKeys.codeBytes else { return nil }
        var code: [UInt8] = []
        code.reserveCapacity(AuthKeys.codeBytes)
        var high: UInt8?
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let begun = high {
                code.append(begun << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return code
    }
}
