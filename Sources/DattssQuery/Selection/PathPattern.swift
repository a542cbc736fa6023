/// A pattern of dotted paths, as Graphite writes them.
///
///     host.*.cpu        * is any run of characters inside a component, ? is one character
///     host.{a,b}.cpu    one of several; may have patterns inside
///     host.[a-c]1.cpu   one character of a set
///     host.**.cpu       ** is any number of whole components, also none
///
/// Alternatives are written out when the pattern is read, and so bounded. Matching takes at most the length of the pattern times that
/// of the path.
public struct PathPattern: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private var alternatives: [[Element]] = []

    /// How many patterns there may be when the alternatives are written out.
    public static let alternativesMax = 256
    /// The longest pattern, in bytes.
    public static let bytesMax = 1024

    private enum Element: Sendable, Hashable {
        case byte(UInt8)
        case set([ClosedRange<UInt8>])
        /// A character but the dot.
        case any
        /// Any number of characters but dots.
        case run
        /// Whole components, each with the dot behind it.
        case components
    }

    /// - Throws: ``QueryError/Code/malformed``.
    public init(_ text: String) throws(QueryError) {
        self.text = text
        guard !text.isEmpty, text.utf8.count <= Self.bytesMax else {
            throw QueryError(.malformed, "a pattern has 1 to \(Self.bytesMax) bytes")
        }
        for alternative in try Self.expanded(Array(text.utf8)) { alternatives.append(try Self.elements(of: alternative)) }
    }

    /// Whether a path is one of those that are meant.
    public func matches(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in alternatives.contains { Self.matches($0, bytes) } }
    }

    /// What all paths that match begin with.
    public var prefix: String {
        let prefixes = alternatives.map { elements in
            var bytes: [UInt8] = []
            for element in elements {
                guard case .byte(let byte) = element else { break }
                bytes.append(byte)
            }
            return bytes
        }
        guard var common = prefixes.first else { return "" }
        for prefix in prefixes { common = Array(zip(common, prefix).prefix { $0 == $1 }.map(\.0)) }
        return String(decoding: common, as: UTF8.self)
    }

    /// Without the braces: each of the alternatives by itself.
    private static func expanded(_ pattern: [UInt8]) throws(QueryError) -> [[UInt8]] {
        guard let open = pattern.firstIndex(of: UInt8(ascii: "{")) else {
            guard !pattern.contains(UInt8(ascii: "}")) else { throw QueryError(.malformed, "a pattern has a } without a {") }
            return [pattern]
        }
        var (depth, starts, close) = (0, [open + 1], Int?.none)
        for position in open..<pattern.count where close == nil {
            switch pattern[position] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { close = position }
            case UInt8(ascii: ",") where depth == 1: starts.append(position + 1)
            default: break
            }
        }
        guard let close else { throw QueryError(.malformed, "a pattern has a { without a }") }
        let ends = starts.dropFirst().map { $0 - 1 } + [close]
        var all: [[UInt8]] = []
        for (start, end) in zip(starts, ends) {
            all += try expanded(Array(pattern[..<open]) + Array(pattern[start..<end]) + Array(pattern[(close + 1)...]))
            guard all.count <= alternativesMax else {
                throw QueryError(.limit, "a pattern has more than \(alternativesMax) alternatives")
            }
        }
        return all
    }

    private static func elements(of pattern: [UInt8]) throws(QueryError) -> [Element] {
        var elements: [Element] = []
        var position = 0
        while position < pattern.count {
            let byte = pattern[position]
            position += 1
            switch byte {
            case UInt8(ascii: "?"): elements.append(.any)
            case UInt8(ascii: "["): elements.append(.set(try set(pattern, &position)))
            case UInt8(ascii: "*"):
                guard position < pattern.count, pattern[position] == UInt8(ascii: "*") else {
                    elements.append(.run)
                    continue
                }
                position += 1
                let isWhole = position - 2 == 0 || pattern[position - 3] == UInt8(ascii: ".")
                guard isWhole, position == pattern.count || pattern[position] == UInt8(ascii: ".") else {
                    throw QueryError(.malformed, "** stands for whole components")
                }
                if position == pattern.count {
                    elements += [.components, .run]
                } else {
                    elements.append(.components)
                    position += 1
                }
            default: elements.append(.byte(byte))
            }
        }
        return elements
    }

    private static func set(_ pattern: [UInt8], _ position: inout Int) throws(QueryError) -> [ClosedRange<UInt8>] {
        var ranges: [ClosedRange<UInt8>] = []
        while position < pattern.count, pattern[position] != UInt8(ascii: "]") {
            let first = pattern[position]
            let isRange =
                position + 2 < pattern.count && pattern[position + 1] == UInt8(ascii: "-")
                && pattern[position + 2] != UInt8(ascii: "]")
            let last = isRange ? pattern[position + 2] : first
            guard first <= last else { throw QueryError(.malformed, "a set of a pattern has a range that goes backwards") }
            ranges.append(first...last)
            position += isRange ? 3 : 1
        }
        guard position < pattern.count, !ranges.isEmpty else {
            throw QueryError(.malformed, "a pattern has a [ without a ], or nothing between them")
        }
        position += 1
        return ranges
    }

    /// Position by position of the path, all places of the pattern that it may have come to.
    private static func matches(_ elements: [Element], _ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var places = Set([0])
        for (position, byte) in path.enumerated() {
            let startsComponent = position == 0 || path[position - 1] == UInt8(ascii: ".")
            var next: Set<Int> = []
            for place in closure(places, elements, startsComponent: startsComponent) where place < elements.count {
                switch elements[place] {
                case .byte(let expected): if byte == expected { next.insert(place + 1) }
                case .set(let ranges):
                    if byte != UInt8(ascii: "."), ranges.contains(where: { $0.contains(byte) }) { next.insert(place + 1) }
                case .any: if byte != UInt8(ascii: ".") { next.insert(place + 1) }
                case .run: if byte != UInt8(ascii: ".") { next.insert(place) }
                case .components: next.insert(place)
                }
            }
            if next.isEmpty { return false }
            places = next
        }
        return closure(places, elements, startsComponent: false).contains(elements.count)
    }

    /// With the places that are reached without a character.
    private static func closure(_ places: Set<Int>, _ elements: [Element], startsComponent: Bool) -> Set<Int> {
        var (reached, open) = (places, Array(places))
        while let place = open.popLast() {
            guard place < elements.count else { continue }
            let isFree = elements[place] == .run || (elements[place] == .components && startsComponent)
            if isFree, reached.insert(place + 1).inserted { open.append(place + 1) }
        }
        return reached
    }
}
