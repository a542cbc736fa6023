/// Something that happened at a moment and may explain what statistics did: a release, a fail-over, an event of DogStatsD.
public struct Mark: Sendable, Hashable {
    /// When it happened.
    public var at: Timestamp
    /// What happened, in words: 1 to ``textBytesMax`` bytes.
    public var text: String
    /// At most ``tagsMax``, each of 1 to ``tagBytesMax`` bytes.
    public var tags: [String]
    /// Where it came from.
    public var source: Source

    /// Where a mark comes from. Each has room of its own, so that a flood of one leaves the others.
    public enum Source: String, Sendable, CaseIterable {
        /// Over HTTP: somebody, or a script, said so.
        case api
        /// An event of DogStatsD.
        case event
        /// A service check of DogStatsD whose status became another one.
        case check
    }

    /// The most bytes of a text.
    public static let textBytesMax = 500
    /// The most tags.
    public static let tagsMax = 16
    /// The most bytes of a tag.
    public static let tagBytesMax = 64

    /// When something that is told now may have happened: from 400 days ago, as long as hours are kept, until a day from now.
    public static func times(at now: Timestamp) -> ClosedRange<Timestamp> {
        now.advanced(byMilliseconds: -400 * 86_400_000)...now.advanced(byMilliseconds: 86_400_000)
    }

    /// Takes what there is room for. Control characters become blanks, but for the line feeds of the text.
    /// - Returns: nil when the text says nothing.
    public init?(at: Timestamp, text: String, tags: [String], source: Source) {
        self.at = at
        self.source = source
        self.text = Self.clean(text, bytesMax: Self.textBytesMax, keepsLines: true)
        self.tags = []
        for tag in tags where self.tags.count < Self.tagsMax {
            let tag = Self.clean(tag, bytesMax: Self.tagBytesMax, keepsLines: false)
            if !tag.isEmpty, !self.tags.contains(tag) { self.tags.append(tag) }
        }
        if self.text.isEmpty { return nil }
    }

    private static func clean(_ text: String, bytesMax: Int, keepsLines: Bool) -> String {
        var cleaned = ""
        var bytes = 0
        var pending = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value
            let kept: Unicode.Scalar = isControl ? (keepsLines && scalar == "\n" ? "\n" : " ") : scalar
            if kept == " " || kept == "\n" {
                // Blanks at either end are none.
                if bytes > 0 { pending.unicodeScalars.append(kept) }
                continue
            }
            let size = pending.utf8.count + UTF8.width(kept)
            guard bytes + size <= bytesMax else { break }
            cleaned += pending
            cleaned.unicodeScalars.append(kept)
            pending = ""
            bytes += size
        }
        return cleaned
    }
}
