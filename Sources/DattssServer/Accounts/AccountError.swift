/// Why accounts could not be opened or changed.
public struct AccountError: Error, Sendable, CustomStringConvertible {
    /// What kind of an error it is.
    public enum Code: Sendable, Hashable {
        case badName
        case exists
        case unknown
        case badSecret
        case fileSystem
        case tooMany
        /// What nobody may do, whoever asks.
        case refused
        /// A link that was used, or is too old, or never was one.
        case linkExpired
        /// The other servers of a cluster cannot be told: nothing is changed.
        case unavailable
        /// Whether the other servers have it is not known.
        case unconfirmed
    }

    /// What kind of an error it is.
    public let code: Code
    /// What is wrong, in one sentence for whoever asked.
    public let description: String
    /// Where a call of the system failed, its `errno`.
    public let systemError: Int32?
    /// The path that this call was for.
    public let path: String?

    init(_ code: Code, _ description: String, systemError: Int32? = nil, path: String? = nil) {
        self.code = code
        self.description = description
        self.systemError = systemError
        self.path = path
    }
}

extension AccountError {
    static let usedLink = AccountError(.linkExpired, "this link was used, or is too old; ask for a new one")
}
