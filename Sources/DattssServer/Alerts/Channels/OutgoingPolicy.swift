import LibC

/// Where requests of alerts may go. Users name the addresses, so without this they could have the server ask what only it can
/// reach: itself, and the machines of its network.
public struct OutgoingPolicy: Sendable, Hashable {
    /// Only these hosts, and their sub-domains where one begins with a dot; empty for all.
    public var hosts: [String] = []
    /// Addresses that are not public and may be asked all the same.
    public var exceptions = TrustedProxies()
    /// A folder of the commands that channels may run; nil for none.
    public var commandDirectory: String?

    /// Whether every address may be asked: an operator named it, and no user.
    var allowsEverything = false

    /// Every public address, and no command.
    public init() {}

    /// For what an operator names.
    static let everywhere: OutgoingPolicy = {
        var policy = OutgoingPolicy()
        policy.allowsEverything = true
        return policy
    }()

    /// Whether a host's name is on the list.
    func allows(host: String) -> Bool {
        let host = host.lowercased()
        return hosts.isEmpty
            || hosts.contains { allowed in
                let allowed = allowed.lowercased()
                return allowed.hasPrefix(".") ? host.hasSuffix(allowed) || host == allowed.dropFirst() : host == allowed
            }
    }

    /// Whether a connection may go to an address.
    func allows(_ address: IPAddress) -> Bool { allowsEverything || exceptions.contains(address) || Self.isPublic(address) }

    /// Whether an address is on the public network: everything but what the registries of IANA set apart
    /// (https://www.iana.org/assignments/iana-ipv4-special-registry, …-ipv6-special-registry).
    static func isPublic(_ address: IPAddress) -> Bool {
        let bytes = address.bytes
        if bytes.count == 4 {
            switch (bytes[0], bytes[1], bytes[2]) {
            case (0, _, _), (10, _, _), (127, _, _): return false
            // Shared by a provider's customers; of the link; private; for protocols, documents and tests of speed.
            case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _), (192, 0, 0), (192, 0, 2), (192, 88, 99),
                (198, 18...19, _), (198, 51, 100), (203, 0, 113):
                return false
            // Groups, and what is reserved.
            case (224..., _, _): return false
            default: return true
            }
        }
        // Only 2000::/3 is given out of the rest.
        guard bytes[0] & 0xE0 == 0x20 else { return isMapped(bytes).map(isPublic) ?? false }
        switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
        // Documents, 6to4, and Teredo with what else is for protocols, hide other addresses or are nobody's.
        case (0x20, 0x01, 0x0D, 0xB8), (0x20, 0x02, _, _), (0x20, 0x01, 0x00...0x01, _), (0x3F, 0xFF, _, _): return false
        default: return true
        }
    }

    /// The IPv4 address behind a translator (64:ff9b::/96, RFC 6052).
    private static func isMapped(_ bytes: [UInt8]) -> IPAddress? {
        let prefix: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        guard Array(bytes[..<12]) == prefix else { return nil }
        return IPAddress(bytes[12...].map { "\($0)" }.joined(separator: "."))
    }
}

extension IPAddress {
    /// The address of a socket; nil for one that is not of the internet.
    init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten: Bool
        switch Int32(address.pointee.sa_family) {
        case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
            isWritten = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { pointer in
                var address = pointer.pointee.sin_addr
                return inet_ntop(AF_INET, &address, &text, socklen_t(text.count)) != nil
            }
        case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
            isWritten = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                var address = pointer.pointee.sin6_addr
                return inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil
            }
        default: return nil
        }
        guard isWritten else { return nil }
        self.init(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
