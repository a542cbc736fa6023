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

    private struct Program: Sendable, Hashable {
        /// For each state what it takes, and where it goes on.
        var states: [State] = []
    }

    private enum State: Sendable, Hashable {
        case take(ByteSet, Int)
        case split(Int, Int)
        case done
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
        private var reader: PatternReader
        private var depth = 0

        init(_ text: String) { reader = PatternReader(text, blanks: ByteSet(9...10, 12...13, 32...32)) }

        mutating func whole() throws(QueryError) -> Node {
            if reader.bytes.starts(with: "(?i)".utf8) { (reader.ignoresCase, reader.position) = (true, 4) }
            let node = try choice()
            guard reader.isAtEnd else { throw QueryError(.malformed, "a regular expression has a ) without a (") }
            return node
        }

        private mutating func choice() throws(QueryError) -> Node {
            var nodes = [try sequence()]
            while reader.take("|") { nodes.append(try sequence()) }
            return nodes.count == 1 ? nodes[0] : .choice(nodes)
        }

        private mutating func sequence() throws(QueryError) -> Node {
            var nodes: [Node] = []
            while !reader.isAtEnd, !reader.isNext("|"), !reader.isNext(")") {
                if reader.isNext("^") || reader.isNext("$") {
                    // Where they can only say what is so anyway.
                    let (bytes, next) = (reader.bytes, reader.position + 1)
                    let isEdge =
                        reader.isNext("^")
                        ? nodes.isEmpty : next == bytes.count || [UInt8(ascii: "|"), UInt8(ascii: ")")].contains(bytes[next])
                    guard isEdge else { throw QueryError(.unsupported, "a regular expression has ^ or $ in the middle") }
                    reader.position += 1
                    continue
                }
                nodes.append(try repeated(try atom()))
            }
            return .sequence(nodes)
        }

        private mutating func repeated(_ atom: Node) throws(QueryError) -> Node {
            var node = atom
            while let (least, most) = try reader.repeats() {
                node = .repeats(node, least: least, most: most)
                // Which of the matches is found is all the same.
                _ = reader.take("?")
            }
            return node
        }

        private mutating func atom() throws(QueryError) -> Node {
            let byte = reader.next()
            return byte == UInt8(ascii: "(") ? try group() : .bytes(try reader.bytes(of: byte))
        }

        private mutating func group() throws(QueryError) -> Node {
            depth += 1
            guard depth <= 50 else { throw QueryError(.limit, "a regular expression has more than 50 groups in each other") }
            if reader.take("?") {
                guard reader.take(":") else {
                    throw QueryError(.unsupported, "a regular expression has (? with something else than (?:")
                }
            }
            let node = try choice()
            guard reader.take(")") else { throw QueryError(.malformed, "a regular expression has a ( without a )") }
            depth -= 1
            return node
        }
    }
}
