import DattssCore

/// What the names, the attributes and the kind of a series come down to. It is a function of these alone, so one that was worked out
/// is good for every later point of the series.
final class OTLPSeriesName: Sendable {
    let series: OTLPSeriesKey
    let path: String
    /// Name and attributes as they came, where they were no path.
    let original: String?
    let unit: String

    init(series: OTLPSeriesKey, path: String, original: String?, unit: String) {
        (self.series, self.path, self.original, self.unit) = (series, path, original, unit)
    }
}

/// What the series of a metric have in common.
struct OTLPMetricName {
    let path: OTLPPath
    private let name: String
    private let unit: String
    private let digest: SHA256Digest

    /// - Parameters:
    ///   - kind: what tells a metric from others of its name: its type, temporality and monotonicity.
    ///   - scope: the identity of the scope in its resource.
    /// - Returns: nil when no path can be made of the name, or the unit is too long.
    init?(_ name: String, unit: String, kind: String, of scope: SHA256Digest) {
        guard unit.utf8.count <= OTLPPath.partBytesMax, let path = OTLPPath(name: name) else { return nil }
        (self.path, self.name, self.unit) = (path, name, unit)
        var identity = OTLPIdentity(below: scope)
        identity.add(name)
        identity.add(unit)
        identity.add(kind)
        digest = identity.digest
    }

    /// - Parameter path: with the attributes.
    func series(_ attributes: [OTLPMetrics.Attribute], _ path: OTLPPath) -> OTLPSeriesName {
        var identity = OTLPIdentity(below: digest)
        identity.add(attributes)
        return OTLPSeriesName(
            series: identity.key, path: path.text,
            original: path.isRewritten ? OTLPPath.original(name, attributes) : nil, unit: unit)
    }
}

/// The series that one reader met lately, found by the bytes that say which they are: so that a point of one that comes again costs
/// no hash of its identity and no path. Whatever senders make up it stays within ``bytesMax``, and costs at worst what reading without
/// it costs. Users share it: it tells nobody what is in it.
struct OTLPKnownSeries {
    private struct Known {
        let identity: [UInt8]
        let name: OTLPSeriesName
    }

    // (The dictionary's own hashing is seeded: nobody can make its places collide.)
    private var known: [UInt64: Known] = [:]
    private var bytesCount = 0

    /// The bytes of all identities; there is three times as much for what they stand for.
    static let bytesMax = 1 << 21
    /// A longer one is not kept.
    static let identityBytesMax = 1024

    /// Multiplies and folds, eight bytes at a time, like wyhash (https://github.com/wangyi-fudan/wyhash).
    static func hash(_ identity: [UInt8]) -> UInt64 {
        identity.withUnsafeBytes { bytes in
            var hash = UInt64(bytes.count)
            for offset in stride(from: 0, to: bytes.count - 7, by: 8) {
                hash = mixed(hash, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            var rest: UInt64 = 0
            for byte in bytes[(bytes.count & ~7)...] { rest = rest << 8 | UInt64(byte) }
            return mixed(hash, rest)
        }
    }

    private static func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }

    /// - Parameters:
    ///   - identity: all that the name is made of, each part with its length before it.
    ///   - hash: of these bytes.
    func name(_ identity: [UInt8], _ hash: UInt64) -> OTLPSeriesName? {
        guard let known = known[hash], known.identity == identity else { return nil }
        return known.name
    }

    mutating func add(_ name: OTLPSeriesName, _ identity: [UInt8], _ hash: UInt64) {
        guard identity.count <= Self.identityBytesMax else { return }
        if bytesCount + identity.count > Self.bytesMax {
            known.removeAll()
            bytesCount = 0
        }
        let before = known.updateValue(Known(identity: identity, name: name), forKey: hash)
        bytesCount += identity.count - (before?.identity.count ?? 0)
    }
}
