/// Which names a rule is about: one name, or a pattern with wildcards.
///
/// `*` stands for any characters but the dot, `**` for any characters at all: `checkout.*` is about `checkout.paid` and not about
/// `checkout.eu.paid`, `checkout.**` is about both.
public struct AlertPattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    public let description: String
    private let parts: [Part]
    /// Everything in front of the first wildcard.
    let literalPrefix: [UInt8]

    private enum Part: Sendable, Hashable {
        case literal([UInt8])
        /// Whether it goes beyond dots.
        case any(crossesDots: Bool)
    }

    /// How many wildcards a pattern may have: matching takes time in proportion.
    public static let wildcardsMax = 8
    /// The longest pattern, in bytes.
    public static let bytesMax = Name.pathBytesMax

    /// - Returns: nil for what is no name with wildcards, or has more than ``wildcardsMax``.
    public init?(_ text: some StringProtocol) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.bytesMax else { return nil }
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "*") {
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = []
                let run = bytes[position...].prefix { $0 == UInt8(ascii: "*") }.count
                guard run <= 2 else { return nil }
                parts.append(.any(crossesDots: run == 2))
                position += run
            } else {
                guard Name.isNameByte(bytes[position]) else { return nil }
                literal.append(bytes[position])
                position += 1
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        guard parts.count(where: { if case .any = $0 { true } else { false } }) <= Self.wildcardsMax else { return nil }
        self.parts = parts
        description = String(text)
        if case .literal(let first)? = parts.first { literalPrefix = first } else { literalPrefix = [] }
    }

    /// Whether there is no wildcard: then it is about one name only.
    public var isName: Bool { parts.count == 1 && !literalPrefix.isEmpty }

    /// Whether the pattern is about a name.
    public func matches(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { matches($0) }
    }

    /// For each part, the set of places where a match of the parts so far may end: no input makes it go back and forth, so it takes
    /// at most the length of the name times the number of parts.
    private func matches(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.starts(with: literalPrefix) else { return false }
        if isName { return name.count == literalPrefix.count }
        var ends = [Bool](repeating: false, count: name.count + 1)
        ends[0] = true
        for part in parts {
            var next = [Bool](repeating: false, count: name.count + 1)
            switch part {
            case .literal(let bytes):
                for start in 0...name.count where ends[start] && name.count - start >= bytes.count {
                    if UnsafeBufferPointer(rebasing: name[start..<start + bytes.count]).elementsEqual(bytes) {
                        next[start + bytes.count] = true
                    }
                }
            case .any(let crossesDots):
                var isOpen = false
                for end in 0...name.count {
                    if end > 0, !crossesDots, name[end - 1] == UInt8(ascii: ".") { isOpen = false }
                    isOpen = isOpen || ends[end]
                    next[end] = isOpen
                }
            }
            ends = next
        }
        return ends[name.count]
    }
}
