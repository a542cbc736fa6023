import DattssCore

/// The path of a metric and its attributes, `name.key:value` with the attributes in sorted order, as tags are of statsd lines;
/// each part is rewritten as statsd would (``Name/rewritten(_:)``).
struct OTLPPath {
    private(set) var text: String
    /// Whether something was changed in it, or dropped.
    private(set) var isRewritten = false

    /// Name and attributes as they came.
    static func original(_ name: String, _ attributes: [OTLPMetrics.Attribute]) -> String {
        name + attributes.map { ".\($0.key):\($0.value.text ?? "_")" }.joined()
    }

    /// Longer names, keys and values are refused before anybody looks at them: they leave room for what is dropped of them.
    static let partBytesMax = 1024
    static let attributesMax = 64

    /// - Returns: nil when no path can be made of it.
    init?(name: String) {
        text = ""
        guard let part = part(name), !part.isEmpty else { return nil }
        text = part
    }

    mutating func append(_ attributes: [OTLPMetrics.Attribute]) -> Bool {
        if attributes.isEmpty { return true }
        guard attributes.count <= Self.attributesMax else { return false }
        var parts: [String] = []
        var length = text.utf8.count
        for attribute in attributes {
            // Nothing that a path has stands for a list, a map or bytes.
            guard let key = part(attribute.key), let value = part(attribute.value.text ?? "_") else { return false }
            length += 2 + key.utf8.count + value.utf8.count
            guard length <= Name.pathBytesMax else { return false }
            parts.append(".\(key):\(value)")
        }
        for part in parts.sorted() { text += part }
        return true
    }

    /// - Returns: nil when it is too long.
    private mutating func part(_ original: String) -> String? {
        guard original.utf8.count <= Self.partBytesMax else { return nil }
        if original.utf8.count <= Name.pathBytesMax, original.utf8.allSatisfy(Name.isNameByte) { return original }
        isRewritten = true
        // What is short and yet not rewritten has no byte left.
        return Name.rewritten(original.utf8) ?? (original.utf8.count <= Name.pathBytesMax ? "" : nil)
    }
}
