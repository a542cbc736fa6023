import DattssCore

/// The names in a file that are no paths, of which paths were made: see ``Name/rewritten(_:)``.
public struct RewrittenNames: Sendable {
    /// How often a name was rewritten, the same one again and again.
    package private(set) var count = 0
    /// The first few different ones.
    package private(set) var examples: [(original: String, path: String)] = []

    package static let examplesMax = 5

    package init() {}

    /// The path that `bytes` are or become; nil when nothing is left of them, or too much.
    package mutating func path(_ bytes: some Collection<UInt8>) -> String? {
        if Name.isValidPath(bytes) { return String(decoding: bytes, as: UTF8.self) }
        guard let path = Name.rewritten(bytes) else { return nil }
        count += 1
        if examples.count < Self.examplesMax {
            let original = String(decoding: bytes, as: UTF8.self)
            if !examples.contains(where: { $0.original == original }) { examples.append((original, path)) }
        }
        return path
    }

    /// Lines for a person: how often, and which.
    package func notes(about file: String) -> [String] {
        if count == 0 { return [] }
        return ["\(file): \(count) names rewritten, as statsd does:"]
            + examples.map { "\(file):   \(Self.printable($0.original)) is \($0.path)" }
    }

    /// Names come from files of others, and terminals obey control characters.
    private static func printable(_ name: String) -> String {
        let shown = name.unicodeScalars.prefix(64).map { $0.properties.generalCategory == .control ? "?" : Character($0) }
        return "'" + String(shown) + (name.unicodeScalars.count > shown.count ? "…" : "") + "'"
    }
}
