import FoundationEssentials

/// How a server proves that it is the one of a data folder, before anybody tells it a key of that folder.
///
/// A client that reads a key out of a folder finds the server's address there, too. The address may be an old one, at which
/// another program listens by now. So it first asks for the HMAC of something random together with the address, which only
/// somebody who has the folder's secret can tell; with the address, so that nobody can pass on what the real server says
/// elsewhere.
///
///     HMAC-SHA256(secret, "dattss-server:" + url + " " + challenge)
public struct ServerProof: Sendable {
    private let keys: AuthKeys

    /// How long a challenge is: letters and digits.
    public static let challengeBytes = 16...64

    init(_ keys: AuthKeys) { self.keys = keys }

    /// The proof of the server of the accounts in `directory`.
    /// - Returns: nil when there is no secret in the folder: nothing is made.
    /// - Throws: ``AccountError`` when the secret cannot be read.
    public static func ofFolder(_ directory: String) throws(AccountError) -> ServerProof? {
        try SecretFile.read(directory + "/secret").map { ServerProof(AuthKeys(secret: $0)) }
    }

    /// Something random to ask a server for.
    public static func newChallenge() -> String {
        var generator = SystemRandomNumberGenerator()
        return AuthKeys.hexadecimal((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Where a server is asked, behind its address.
    public static func path(of challenge: String) -> String { "/api/v1/server-proof?challenge=\(challenge)" }

    /// Whether a server may be asked this.
    static func isChallenge(_ text: some StringProtocol) -> Bool {
        challengeBytes ~= text.utf8.count
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            }
    }

    /// What the server at `url` answers.
    func answer(to challenge: String, at url: String) -> String { keys.proof(of: "\(url) \(challenge)") }

    private struct Answer: Decodable {
        var proof: String
    }

    /// Whether what was answered at ``path(of:)`` is the answer of the folder's server at `url`.
    public func isProven(_ status: Int, _ body: [UInt8], to challenge: String, at url: String) -> Bool {
        guard status == 200, let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else { return false }
        return isProven(answer.proof, to: challenge, at: url)
    }

    func isProven(_ answer: String, to challenge: String, at url: String) -> Bool {
        AuthKeys.areEqual(answer, self.answer(to: challenge, at: url))
    }
}
