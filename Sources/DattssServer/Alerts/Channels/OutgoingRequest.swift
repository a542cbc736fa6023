import CCurl
import DattssCore
import Dispatch
import LibC

/// A request that leaves the server for an address that a user named.
struct OutgoingRequest: Sendable, Hashable {
    var method = "POST"
    var url: String
    var headers: [Header] = []
    var body: [UInt8] = []
    /// A file of certificates (PEM) of those who may vouch for the other side; nil for the system's.
    var authorityFile: String?

    struct Header: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// What came back.
    struct Answer: Sendable, Hashable {
        var status: Int
        /// The beginning of the body.
        var text: String
    }

    static let timeoutSeconds = 10
    private static let prepared: Void = dattss_mail_prepare()
    /// For what blocks: as many at a time as there are deliveries (see ``AlertDelivery``).
    private static let threads = DispatchQueue(label: "alerts", attributes: .concurrent)

    /// Sends it, once.
    /// - Throws: ``AlertProblem`` when there is no answer, or the policy does not let it go there.
    func send(_ policy: OutgoingPolicy, timeoutSeconds: Int = Self.timeoutSeconds) async throws -> Answer {
        _ = Self.prepared
        guard let host = Self.host(of: url), policy.allows(host: host) else {
            throw AlertProblem(
                "\(Self.host(of: url) ?? "the address") is not among the hosts that this server may ask", isFinal: true)
        }
        return try await withCheckedThrowingContinuation { continuation in
            Self.threads.async {
                continuation.resume(with: Result { try perform(policy, timeoutSeconds) })
            }
        }
    }

    /// What is in a closure that C calls.
    private final class Context {
        let policy: OutgoingPolicy
        init(_ policy: OutgoingPolicy) { self.policy = policy }
    }

    private func perform(_ policy: OutgoingPolicy, _ timeoutSeconds: Int) throws -> Answer {
        let context = Context(policy)
        let lines = [method, url] + headers.map { "\($0.name): \($0.value)" }
        let authorityFile = authorityFile.map { strdup($0) } ?? nil
        var texts: [UnsafeMutablePointer<CChar>?] = lines.map { strdup($0) }
        defer { for text in texts + [authorityFile] { free(text) } }
        texts.append(nil)
        let pointers = texts.map { UnsafePointer<CChar>($0) }
        var problem = [CChar](repeating: 0, count: 256)
        var answer = dattss_http_answer()
        // The context outlives the call; nothing keeps the pointer.
        let code = withExtendedLifetime(context) {
            pointers.withUnsafeBufferPointer { pointers in
                body.withUnsafeBytes { body in
                    var request = dattss_http(
                        method: pointers[0], url: pointers[1], headers: pointers.baseAddress.map { $0 + 2 },
                        body: body.baseAddress?.assumingMemoryBound(to: CChar.self), body_bytes: body.count,
                        timeout_seconds: timeoutSeconds, authority_file: authorityFile,
                        may_connect: { context, address, length in
                            guard let context, let address, let address = IPAddress(address, length: length) else { return 0 }
                            let policy = Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().policy
                            return policy.allows(address) ? 1 : 0
                        }, context: Unmanaged.passUnretained(context).toOpaque())
                    return dattss_http_send(&request, &answer, &problem, problem.count)
                }
            }
        }
        if code != 0, answer.was_refused != 0 {
            throw AlertProblem("the address is not on the public network, where this server may not ask", isFinal: true)
        }
        guard code == 0 else { throw AlertProblem("\(Self.text(problem)) (\(code))", isFinal: false) }
        let text = withUnsafeBytes(of: answer.body) { String(decoding: $0.prefix(answer.body_bytes), as: UTF8.self) }
        return Answer(status: answer.status, text: text)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The host of a link, in lower case and without brackets; nil for what has none, or could be read in another way by somebody else.
    static func host(of url: String) -> String? {
        let lower = url.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return nil }
        let authority = lower.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let (host, rest): (Substring, Substring)
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard IPAddress(host)?.bytes.count != nil else { return nil }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
            guard host.utf8.allSatisfy({ Name.isNameByte($0) && $0 != UInt8(ascii: "!") }) else { return nil }
        }
        guard !host.isEmpty, rest.isEmpty || (rest.first == ":" && UInt16(rest.dropFirst()) != nil) else { return nil }
        return String(host)
    }
}

/// Why a message of an alert was not delivered.
struct AlertProblem: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
    /// Whether it is no use to try again.
    var isFinal: Bool

    init(_ description: String, isFinal: Bool) { (self.description, self.isFinal) = (description, isFinal) }
}
