import DattssCore
import Hummingbird

/// The body of a request of a person: a small JSON object of strings.
struct JSONBody: Sendable {
    private var members: [String: String]

    private static let bytesMax = 65_536

    init(_ request: Request) async throws {
        let bytes = try await request.body.collected(request.headers, upTo: Self.bytesMax)
        members = try bytes.withUnsafeBytes { bytes throws(WireError) in
            try JSONCursor.read(bytes) { (cursor) throws(WireError) in
                var members: [String: String] = [:]
                try cursor.object { (name, cursor) throws(WireError) in
                    let name = name.string
                    if cursor.takeNull() { return }
                    members[name] = try located(name) { () throws(WireError) in try cursor.string() }
                }
                return members
            }
        }
    }

    subscript(name: String) -> String? { members[name] }

    /// - Throws: `missing_field`.
    func required(_ name: String) throws(WireError) -> String {
        guard let value = members[name] else { throw WireError(.missingField, "\(name): is missing") }
        return value
    }

    /// - Throws: `missing_field`, or `bad_value` for what is no address.
    func email() throws(WireError) -> EmailAddress {
        guard let email = EmailAddress(try required("email")) else {
            throw WireError(.badValue, "email: \(EmailAddress.expected)")
        }
        return email
    }

    /// - Throws: 410 `link_expired` for what can't be one of ours.
    func secret(_ name: String) throws(ErrorAnswer) -> Secret? {
        guard let text = members[name] else { return nil }
        guard let secret = Secret(text) else { throw ErrorAnswer(.gone, .linkExpired, "\(name): is not one of ours") }
        return secret
    }

    /// A new password.
    /// - Throws: 400 `weak_password`.
    func newPassword() throws -> String {
        let password = try required("password")
        guard password.utf8.count <= PasswordHash.passwordBytesMax else {
            throw ErrorAnswer(
                .badRequest, .weakPassword,
                "password: has \(password.utf8.count) bytes in UTF-8, expected at most \(PasswordHash.passwordBytesMax)")
        }
        guard password.count >= PasswordHash.passwordCharactersMin else {
            throw ErrorAnswer(
                .badRequest, .weakPassword,
                "password: has \(password.count) characters, expected at least \(PasswordHash.passwordCharactersMin)")
        }
        return password
    }
}
