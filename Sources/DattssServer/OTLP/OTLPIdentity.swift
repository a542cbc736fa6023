import Foundation

/// What tells a series from all others: 128 bits of a hash of everything that identifies it.
struct OTLPSeriesKey: Sendable, Hashable {
    fileprivate let high: UInt64
    fileprivate let low: UInt64

    /// (Half of it tells as much: it is a hash already.)
    func hash(into hasher: inout Hasher) { hasher.combine(high) }
}

/// Builds the identity of a series (OpenTelemetry's data model, "OpenTelemetry Protocol data model" and "Timeseries model"): its
/// resource, its scope with version and attributes, its name, unit, kind, and its attributes.
///
/// Everything is written with its type and its length before it, so that nothing can be taken for something else: `"1"` is not 1,
/// and a key's end not a value's beginning. The order of attributes, and of a map's members, does not matter; that of a list does.
/// A step down the tree begins with the hash of the steps above it, so that those are read once, however much is below them.
struct OTLPIdentity {
    private var bytes: [UInt8]

    init() { bytes = [] }

    /// Begins an identity below the one that `parent` is: a scope in a resource, a series in a scope.
    init(below parent: SHA256Digest) { bytes = parent.bytes }

    var digest: SHA256Digest { SHA256.hash(bytes) }

    var key: OTLPSeriesKey {
        digest.withUnsafeBytes {
            OTLPSeriesKey(high: $0.loadUnaligned(as: UInt64.self), low: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    mutating func add(_ text: String) {
        add(length: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func add(_ attributes: [OTLPMetrics.Attribute]) {
        add(length: attributes.count)
        if attributes.count == 1 { return add(attributes[0]) }
        let members = attributes.map { attribute in
            var member = OTLPIdentity()
            member.add(attribute)
            return member.bytes
        }
        for member in members.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes.append(contentsOf: member) }
    }

    private mutating func add(_ attribute: OTLPMetrics.Attribute) {
        add(attribute.key)
        add(attribute.value)
    }

    private mutating func add(_ value: OTLPMetrics.AnyValue) {
        switch value {
        case .none: bytes.append(0)
        case .string(let text):
            bytes.append(1)
            add(text)
        case .bool(let isTrue): bytes.append(contentsOf: [2, isTrue ? 1 : 0])
        case .int(let number):
            bytes.append(3)
            add(UInt64(bitPattern: number))
        case .double(let number):
            bytes.append(4)
            add(number.bitPattern)
        case .bytes(let value):
            bytes.append(5)
            add(length: value.count)
            bytes.append(contentsOf: value)
        case .array(let values):
            bytes.append(6)
            add(length: values.count)
            for value in values { add(value) }
        case .map(let attributes):
            bytes.append(7)
            add(attributes)
        }
    }

    private mutating func add(length: Int) { add(UInt64(length)) }

    private mutating func add(_ number: UInt64) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
