import HTTPTypes
import LibC
import NIOCore

/// The proxies whose word is taken for where a request comes from, and how.
public struct TrustedProxies: Sendable, Hashable {
    private var ranges: [AddressRange]

    /// Trusts nobody.
    public init() { ranges = [] }

    /// - Parameter text: `10.0.0.0/8, ::1`; nil when one is neither an address nor a range.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        ranges = parts.compactMap { AddressRange($0.filter { $0 != " " }) }
        guard ranges.count == parts.count else { return nil }
    }

    /// Where a request comes from. `X-Forwarded-…` is believed only from the proxies, and only what the nearest of them say:
    /// of `X-Forwarded-For` the last address that is not a proxy's.
    func origin(of headers: HTTPFields, peer: SocketAddress?, isSecure: Bool, host: String?) -> RequestOrigin {
        var origin = RequestOrigin(address: peer?.ipAddress ?? "", isSecure: isSecure, host: host)
        guard contains(origin.address) else { return origin }
        if let scheme = headers.last(of: .forwardedProto) { origin.isSecure = scheme.lowercased() == "https" }
        if let host = headers.last(of: .forwardedHost) { origin.host = host }
        for text in headers.list(of: .forwardedFor).reversed() {
            let address = Self.withoutPort(text)
            guard IPAddress(address) != nil else { break }
            origin.address = address
            if !contains(address) { break }
        }
        return origin
    }

    /// The address in `192.0.2.1:443`, `[2001:db8::1]:443` and `[2001:db8::1]`, as some proxies write it; what is written otherwise as it
    /// is.
    private static func withoutPort(_ text: String) -> String {
        if text.first == "[" { return String(text.dropFirst().prefix { $0 != "]" }) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : text
    }

    func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    private func contains(_ text: String) -> Bool { IPAddress(text).map { contains($0) } ?? false }
}

/// Where a request comes from.
struct RequestOrigin: Sendable, Hashable {
    var address: String
    /// By TLS, here or at a proxy.
    var isSecure: Bool
    /// What the browser calls the server: `stats.example.com:8443`.
    var host: String?

    /// What attempts are counted by.
    var limitName: String { IPAddress(address).map { AuthKeys.hexadecimal($0.network) } ?? address }
}

/// An address of IPv4 or IPv6; one of IPv4 that is written as one of IPv6 is the same as the first.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    /// What belongs to one sender: the owner of one IPv6 address usually has 2^64 of them.
    var network: [UInt8] { bytes.count == 16 ? Array(bytes[..<8]) : bytes }

    init?(_ text: some StringProtocol) {
        let text = String(text)
        var packed = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &packed) == 1 {
            bytes = Array(packed[..<4])
        } else if inet_pton(AF_INET6, text, &packed) == 1 {
            let isMapped = packed[..<10].allSatisfy { $0 == 0 } && packed[10] == 0xFF && packed[11] == 0xFF
            bytes = isMapped ? Array(packed[12...]) : packed
        } else {
            return nil
        }
    }
}

/// `10.0.0.0/8`, or a single address.
private struct AddressRange: Hashable, Sendable {
    private var first: IPAddress
    private var prefixBits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = IPAddress(parts[0]) else { return nil }
        self.first = first
        prefixBits = first.bytes.count * 8
        if parts.count == 2 {
            guard let bits = Int(parts[1]), (0...prefixBits).contains(bits) else { return nil }
            prefixBits = bits
        }
    }

    func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        return address.bytes.indices.allSatisfy { index in
            let bits = Swift.min(8, Swift.max(0, prefixBits - 8 * index))
            let mask = bits == 0 ? 0 : UInt8.max << UInt8(8 - bits)
            return address.bytes[index] & mask == first.bytes[index] & mask
        }
    }
}

extension HTTPFields {
    fileprivate func list(of name: HTTPField.Name) -> [String] {
        self[values: name].flatMap { $0.split(separator: ",") }.map { part in String(part.filter { $0 != " " }) }
    }

    fileprivate func last(of name: HTTPField.Name) -> String? { list(of: name).last }
}

extension HTTPField.Name {
    /// All names here are tokens (RFC 9110).
    private static func token(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? { preconditionFailure("'\(name)' is a field's name") }()
    }

    static let forwardedFor = token("X-Forwarded-For")
    static let forwardedProto = token("X-Forwarded-Proto")
    static let forwardedHost = token("X-Forwarded-Host")
    static let accelBuffering = token("X-Accel-Buffering")
    static let changeToken = token("X-CSRF-Token")
    static let fetchSite = token("Sec-Fetch-Site")
    static let referrerPolicy = token("Referrer-Policy")
}
