/// One component of a path with globs: `*`, `?`, `[a-z]`, `[!0-9]` and `{a,b}`, of which no one matches a dot.
struct GraphitePattern: Sendable, Hashable {
    /// Without braces any more.
    private let alternatives: [[Element]]
    /// The component itself, where it has no globs.
    let literal: String?

    private enum Element: Sendable, Hashable {
        case byte(UInt8)
        case set([ClosedRange<UInt8>], isInverted: Bool)
        case any
        case run
    }

    /// How many alternatives the braces of a component may come to.
    static let alternativesMax = 1000

    /// - Throws: ``QueryError/Code/limit``.
    init(_ text: String) throws(QueryError) {
        let expanded = try Self.expanded(Array(text.utf8))
        alternatives = expanded.map(Self.elements)
        literal = text.utf8.contains { "*?[]{}".utf8.contains($0) } ? nil : text
    }

    func matches(_ component: some StringProtocol) -> Bool {
        if let literal { return literal == component }
        let bytes = Array(component.utf8)
        return alternatives.contains { Self.matches($0, bytes) }
    }

    /// With one place to go back to: the last run that was met.
    private static func matches(_ elements: [Element], _ bytes: [UInt8]) -> Bool {
        var (element, byte) = (0, 0)
        var back: (element: Int, byte: Int)?
        while byte < bytes.count {
            if element < elements.count, elements[element] == .run {
                back = (element, byte)
                element += 1
            } else if element < elements.count, takes(elements[element], bytes[byte]) {
                element += 1
                byte += 1
            } else if let place = back {
                back = (place.element, place.byte + 1)
                (element, byte) = (place.element + 1, place.byte + 1)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .run }
    }

    private static func takes(_ element: Element, _ byte: UInt8) -> Bool {
        switch element {
        case .byte(let expected): byte == expected
        case .set(let ranges, let isInverted): ranges.contains { $0.contains(byte) } != isInverted
        case .any: true
        case .run: false
        }
    }

    private static func elements(_ bytes: [UInt8]) -> [Element] {
        var elements: [Element] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "*"): if elements.last != .run { elements.append(.run) }
            case UInt8(ascii: "?"): elements.append(.any)
            case UInt8(ascii: "["):
                guard let end = bytes[position...].dropFirst().firstIndex(of: UInt8(ascii: "]")) else {
                    elements.append(.byte(byte))
                    continue
                }
                elements.append(set(bytes[position..<end]))
                position = end + 1
            default: elements.append(.byte(byte))
            }
        }
        return elements
    }

    private static func set(_ bytes: ArraySlice<UInt8>) -> Element {
        let isInverted = bytes.first == UInt8(ascii: "!") || bytes.first == UInt8(ascii: "^")
        let members = Array(isInverted ? bytes.dropFirst() : bytes)
        var ranges: [ClosedRange<UInt8>] = []
        var position = 0
        while position < members.count {
            if position + 2 < members.count, members[position + 1] == UInt8(ascii: "-"), members[position] <= members[position + 2]
            {
                ranges.append(members[position]...members[position + 2])
                position += 3
            } else {
                ranges.append(members[position]...members[position])
                position += 1
            }
        }
        return .set(ranges, isInverted: isInverted)
    }

    private static func expanded(_ text: [UInt8]) throws(QueryError) -> [[UInt8]] {
        var expanded: [[UInt8]] = [[]]
        var rest = text[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "{")), let close = rest[open...].firstIndex(of: UInt8(ascii: "}")) {
            let choices = rest[(open + 1)..<close].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard expanded.count * choices.count <= alternativesMax else {
                throw QueryError(.limit, "the braces of a path come to more than \(alternativesMax) alternatives")
            }
            let front = rest[rest.startIndex..<open]
            expanded = expanded.flatMap { begun in choices.map { begun + front + $0 } }
            rest = rest[(close + 1)...]
        }
        return expanded.map { $0 + rest }
    }
}
