/// What identifies a statistic among those of its user: `requests.total` may be counted and timed, these are two.
public struct StatisticKey: Sendable, Hashable, Comparable {
    /// Whether it is counted, timed or gauged.
    public var kind: Kind
    /// The dotted name, already checked against ``Name/isValidPath(_:)``.
    public var path: String

    /// - Parameter path: a valid one; it is not checked again.
    public init(_ kind: Kind, _ path: String) {
        self.kind = kind
        self.path = path
    }

    /// By path, then by kind: the order in which a person reads them, and blocks store them.
    public static func < (a: StatisticKey, b: StatisticKey) -> Bool {
        a.path != b.path ? a.path < b.path : a.kind < b.kind
    }
}

/// The identifier of a tenant: `[a-z0-9_-]{1,32}`. Contains no dot, so that an auth key can be `uid.hmac`.
public struct UserID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The identifier as text.
    public let string: String

    /// nil for what is no identifier.
    public init?(_ string: some StringProtocol) {
        guard Name.isValidUser(string.utf8) else { return nil }
        self.string = String(string)
    }

    public var description: String { string }
    public static func < (a: UserID, b: UserID) -> Bool { a.string < b.string }
}

/// The alphabets of names. Paths and processes share one; a user's is smaller.
public enum Name {
    /// The longest path, in bytes.
    public static let pathBytesMax = 255
    /// The longest name of a process, in bytes.
    public static let processBytesMax = 64
    /// The longest name of a client process (`cid`), in bytes.
    public static let clientBytesMax = 64
    /// The longest identifier of a user, in bytes.
    public static let userBytesMax = 32

    /// `[A-Za-z0-9_.:!-]{1,255}`
    @inlinable
    public static func isValidPath(_ bytes: some Collection<UInt8>) -> Bool {
        isValid(bytes, upTo: pathBytesMax)
    }

    /// `[A-Za-z0-9_.:!-]{1,64}`
    @inlinable
    public static func isValidProcess(_ bytes: some Collection<UInt8>) -> Bool {
        isValid(bytes, upTo: processBytesMax)
    }

    /// `[A-Za-z0-9_.:!-]{1,64}`
    @inlinable
    public static func isValidClient(_ bytes: some Collection<UInt8>) -> Bool {
        isValid(bytes, upTo: clientBytesMax)
    }

    static func isValidUser(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.count <= userBytesMax
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    @inlinable
    static func isValid(_ bytes: some Collection<UInt8>, upTo limit: Int) -> Bool {
        !bytes.isEmpty && bytes.count <= limit && bytes.allSatisfy { isNameByte($0) }
    }

    /// Whether `byte` may stand in a path.
    @inlinable
    public static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), UInt8(ascii: "!"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
