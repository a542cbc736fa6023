/// A regular expression that takes time in proportion to the text and to itself, whoever wrote it (Thompson, 1968): without
/// back-references and assertions, as in RE2. It matches whole texts, as Prometheus has it.
///
///     a.c  [a-z_]  [^0-9]  \d \w \s \.  (ab|cd)  (?:ab)  *  +  ?  {2}  {2,}  {2,5}  (?i) at the beginning; ^ and $ at the ends
public struct LinearPattern: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private var program = Program()
    private var start = 0
    private var compiledNodes = 0

    /// The longest expression, in bytes.
    public static let bytesMax = 1024
    /// How many states it may have when repeats are written out.
    public static let statesMax = 4096
    private static let repeatsMax = 1000

    private struct Program: Sendable, Hashable {
        /// For each state what it takes, and where it goes on.
        var states: [State] = []
    }

    private enum State: Sendable, Hashable {
        case take(ByteSet, Int)
        case split(Int, Int)
        case done
    }

    fileprivate struct ByteSet: Sendable, Hashable {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }
        func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
            hasher.combine(words.1)
        }

        func contains(_ byte: UInt8) -> Bool {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: return words.0 & bit != 0
            case 1: return words.1 & bit != 0
            case 2: return words.2 & bit != 0
            default: return words.3 & bit != 0
            }
        }

        mutating func insert(_ byte: UInt8) {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            switch byte >> 6 {
            case 0: words.0 |= bit
            case 1: words.1 |= bit
            case 2: words.2 |= bit
            default: words.3 |= bit
            }
        }

        mutating func formUnion(_ other: ByteSet) {
            words = (words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3)
        }

        var inverted: ByteSet {
            var set = ByteSet()
            set.words = (~words.0, ~words.1, ~words.2, ~words.3)
            return set
        }
    }

    /// - Throws: ``QueryError/Code/malformed``, and ``QueryError/Code/unsupported`` for what RE2 has and this does not.
    public init(_ text: String) throws(QueryError) {
        self.text = text
        guard text.utf8.count <= Self.bytesMax else {
            throw QueryError(.limit, "a regular expression has at most \(Self.bytesMax) bytes")
        }
        var parser = Parser(text)
        let node = try parser.whole()
        let done = try add(.done)
        start = try compile(node, then: done)
    }

    /// Whether the whole of a text is one of those that are meant.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var (current, next): ([Int], [Int]) = ([], [])
            var marks = [Int](repeating: -1, count: program.states.count)
            reach(start, 0, &current, &marks)
            for (position, byte) in bytes.enumerated() {
                next.removeAll(keepingCapacity: true)
                for state in current {
                    if case .take(let set, let then) = program.states[state], set.contains(byte) {
                        reach(then, position + 1, &next, &marks)
                    }
                }
                if next.isEmpty { return false }
                swap(&current, &next)
            }
            return current.contains { program.states[$0] == .done }
        }
    }

    private func reach(_ state: Int, _ mark: Int, _ into: inout [Int], _ marks: inout [Int]) {
        var open = [state]
        while let state = open.popLast() {
            if marks[state] == mark { continue }
            marks[state] = mark
            if case .split(let a, let b) = program.states[state] { open += [b, a] } else { into.append(state) }
        }
    }

    private mutating func add(_ state: State) throws(QueryError) -> Int {
        guard program.states.count < Self.statesMax else {
            throw QueryError(.limit, "a regular expression has more than \(Self.statesMax) states")
        }
        program.states.append(state)
        return program.states.count - 1
    }

    private mutating func compile(_ node: Node, then: Int) throws(QueryError) -> Int {
        // Repeats of nothing make no states.
        compiledNodes += 1
        guard compiledNodes <= 4 * Self.statesMax else {
            throw QueryError(.limit, "a regular expression has more than \(4 * Self.statesMax) parts")
        }
        switch node {
        case .bytes(let set): return try add(.take(set, then))
        case .sequence(let nodes):
            var next = then
            for node in nodes.reversed() { next = try compile(node, then: next) }
            return next
        case .choice(let nodes):
            var entry = try compile(nodes[nodes.count - 1], then: then)
            for node in nodes.dropLast().reversed() { entry = try add(.split(try compile(node, then: then), entry)) }
            return entry
        case .repeats(let node, let least, let most):
            var next = then
            if let most {
                for _ in 0..<(most - least) { next = try add(.split(try compile(node, then: next), then)) }
            } else {
                let loop = try add(.split(0, then))
                let body = try compile(node, then: loop)
                program.states[loop] = .split(body, then)
                next = loop
            }
            for _ in 0..<least { next = try compile(node, then: next) }
            return next
        }
    }

    fileprivate indirect enum Node {
        case bytes(ByteSet)
        case sequence([Node])
        case choice([Node])
        case repeats(Node, least: Int, most: Int?)
    }

    private struct Parser {
        private let bytes: [UInt8]
        private var position = 0
        private var ignoresCase = false
        private var depth = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        mutating func whole() throws(QueryError) -> Node {
            if bytes.starts(with: "(?i)".utf8) { (ignoresCase, position) = (true, 4) }
            let node = try choice()
            guard position == bytes.count else { throw QueryError(.malformed, "a regular expression has a ) without a (") }
            return node
        }

        private mutating func choice() throws(QueryError) -> Node {
            var nodes = [try sequence()]
            while take("|") { nodes.append(try sequence()) }
            return nodes.count == 1 ? nodes[0] : .choice(nodes)
        }

        private mutating func sequence() throws(QueryError) -> Node {
            var nodes: [Node] = []
            while position < bytes.count, !isNext("|"), !isNext(")") {
                if isNext("^") || isNext("$") {
                    // Where they can only say what is so anyway.
                    let isEdge =
                        isNext("^")
                        ? nodes.isEmpty
                        : position + 1 == bytes.count || [UInt8(ascii: "|"), UInt8(ascii: ")")].contains(bytes[position + 1])
                    guard isEdge else { throw QueryError(.unsupported, "a regular expression has ^ or $ in the middle") }
                    position += 1
                    continue
                }
                nodes.append(try repeated(try atom()))
            }
            return .sequence(nodes)
        }

        private mutating func repeated(_ atom: Node) throws(QueryError) -> Node {
            var node = atom
            while position < bytes.count {
                if take("*") {
                    node = .repeats(node, least: 0, most: nil)
                } else if take("+") {
                    node = .repeats(node, least: 1, most: nil)
                } else if take("?") {
                    node = .repeats(node, least: 0, most: 1)
                } else if isNext("{"), let (least, most, end) = counts() {
                    position = end
                    guard max(least, most ?? 0) <= LinearPattern.repeatsMax, most.map({ $0 >= least }) ?? true else {
                        throw QueryError(.malformed, "a regular expression repeats too often")
                    }
                    node = .repeats(node, least: least, most: most)
                } else {
                    break
                }
                // Which of the matches is found is all the same.
                _ = take("?")
            }
            return node
        }

        private func counts() -> (Int, Int?, Int)? {
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
            let parts = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
                .split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
            guard let least = Int(parts[0]), least >= 0 else { return nil }
            if parts.count == 1 { return (least, least, end + 1) }
            if parts[1].isEmpty { return (least, nil, end + 1) }
            return Int(parts[1]).map { (least, $0, end + 1) }
        }

        private mutating func atom() throws(QueryError) -> Node {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "("): return try group()
            case UInt8(ascii: "["): return .bytes(try set())
            case UInt8(ascii: "."):
                var newline = ByteSet()
                newline.insert(10)
                return .bytes(newline.inverted)
            case UInt8(ascii: "\\"): return .bytes(try escape())
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
                throw QueryError(.malformed, "a regular expression repeats nothing")
            default: return .bytes(single(byte))
            }
        }

        private mutating func group() throws(QueryError) -> Node {
            depth += 1
            guard depth <= 50 else { throw QueryError(.limit, "a regular expression has more than 50 groups in each other") }
            if take("?") {
                guard take(":") else { throw QueryError(.unsupported, "a regular expression has (? with something else than (?:") }
            }
            let node = try choice()
            guard take(")") else { throw QueryError(.malformed, "a regular expression has a ( without a )") }
            depth -= 1
            return node
        }

        private mutating func set() throws(QueryError) -> ByteSet {
            let isInverted = take("^")
            var set = ByteSet()
            var isFirst = true
            while position < bytes.count, isFirst || !isNext("]") {
                isFirst = false
                let byte = bytes[position]
                position += 1
                if byte == UInt8(ascii: "\\") {
                    set.formUnion(try escape())
                } else if position + 1 < bytes.count, isNext("-"), bytes[position + 1] != UInt8(ascii: "]") {
                    let last = bytes[position + 1]
                    position += 2
                    guard byte <= last else { throw QueryError(.malformed, "a regular expression has a range that goes backwards") }
                    for member in byte...last { set.formUnion(single(member)) }
                } else {
                    set.formUnion(single(byte))
                }
            }
            guard take("]") else { throw QueryError(.malformed, "a regular expression has a [ without a ]") }
            return isInverted ? set.inverted : set
        }

        private mutating func escape() throws(QueryError) -> ByteSet {
            guard position < bytes.count else { throw QueryError(.malformed, "a regular expression ends with a \\") }
            let byte = bytes[position]
            position += 1
            var set = ByteSet()
            func add(_ range: ClosedRange<UInt8>) { for member in range { set.insert(member) } }
            switch byte {
            case UInt8(ascii: "d"), UInt8(ascii: "D"): add(48...57)
            case UInt8(ascii: "w"), UInt8(ascii: "W"):
                add(48...57)
                add(65...90)
                add(97...122)
                set.insert(95)
            case UInt8(ascii: "s"), UInt8(ascii: "S"): for member: UInt8 in [9, 10, 12, 13, 32] { set.insert(member) }
            case UInt8(ascii: "n"): set.insert(10)
            case UInt8(ascii: "t"): set.insert(9)
            case 48...57, 65...90, 97...122:
                throw QueryError(.unsupported, "a regular expression has \\\(String(UnicodeScalar(byte)))")
            default: set = single(byte)
            }
            return [UInt8(ascii: "D"), UInt8(ascii: "W"), UInt8(ascii: "S")].contains(byte) ? set.inverted : set
        }

        private func single(_ byte: UInt8) -> ByteSet {
            var set = ByteSet()
            set.insert(byte)
            if ignoresCase {
                if 65...90 ~= byte { set.insert(byte + 32) }
                if 97...122 ~= byte { set.insert(byte - 32) }
            }
            return set
        }

        private func isNext(_ byte: Unicode.Scalar) -> Bool { position < bytes.count && bytes[position] == UInt8(ascii: byte) }

        private mutating func take(_ byte: Unicode.Scalar) -> Bool {
            guard isNext(byte) else { return false }
            position += 1
            return true
        }
    }
}
