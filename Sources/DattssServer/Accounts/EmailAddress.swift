/// The address of a mailbox, in small letters: an address is one account, however it is written.
///
/// Stricter than RFC 5321: only what is safe in a header and in an SMTP command as it is, so that nobody's address carries
/// a header of its own.
public struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    private static let bytesMax = 254
    private static let localBytesMax = 64

    /// What is expected where one is asked for, as the end of a sentence.
    ///
    /// Not all mail servers take letters outside ASCII in an address (RFC 6531), and libcurl hands them to none that does not say so: an
    /// address that has some is refused where it is set, and not when a letter is to be sent.
    public static let expected = "expected an address like ann@example.com, all in ASCII (a domain may be written as xn--…)"

    /// nil for what is no address that mail can be sent to.
    public init?(_ text: some StringProtocol) {
        // Before anything is made of it: the sign of Kelvin has a k for its small letter.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let text = text.lowercased()
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= Self.bytesMax,
            Self.isDotted(parts[0], "!#$%&'*+-/=?^_`{|}~"), parts[0].utf8.count <= Self.localBytesMax,
            Self.isDotted(parts[1], "-"), parts[1].first != "-"
        else { return nil }
        description = text
    }

    /// Parts of letters, digits and `others`, with single dots between them.
    private static func isDotted(_ text: Substring, _ others: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || others.utf8.contains(byte)
                }
        }
    }
}
