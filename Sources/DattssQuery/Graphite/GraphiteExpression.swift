/// Searches a text for a regular expression, in time proportional to the product of both (Pike, as in RE2), and tells where its groups are.
///
///     a.c  [a-z_]  [^0-9]  \d \w \s \.  (ab|cd)  (?:ab)  *  +  ?  {2}  {2,}  {2,5}  *? +? ??  ^  $
///
/// Where several match at one place, it finds the one that Perl and Python find.
struct GraphiteExpression: Sendable {
    private var program: [Instruction] = []
    private var groupCount = 1

    private enum Instruction: Sendable {
        case take(ByteSet)
        case jump(Int)
        /// The first is preferred.
        case split(Int, Int)
        case save(Int)
        case begin, end, match
    }

    static let bytesMax = 1024
    static let instructionsMax = 4096
    private static let groupsMax = 9

    /// - Throws: ``QueryError/Code/malformed``, and ``QueryError/Code/unsupported`` for what Python has and this does not.
    init(_ text: String) throws(QueryError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw QueryError(.limit, "a regular expression has at most \(Self.bytesMax) bytes")
        }
        var parser = Parser(text)
        let node = try parser.choice()
        guard parser.isAtEnd else { throw QueryError(.malformed, "a regular expression has a ) without a (") }
        groupCount = parser.groupCount
        try emit(.save(0))
        try compile(node)
        try emit(.save(1))
        try emit(.match)
    }

    /// Whether it is anywhere in a text.
    func isIn(_ text: String) -> Bool { firstMatch(in: Array(text.utf8), from: 0) != nil }

    /// A text with each match replaced; `\1` to `\9` and `\g<1>` stand for what a group matched.
    func replacing(in text: String, with template: String) -> String {
        let bytes = Array(text.utf8)
        var (result, position): ([UInt8], Int) = ([], 0)
        while position <= bytes.count, let groups = firstMatch(in: bytes, from: position) {
            result += bytes[position..<groups[0]]
            result += Self.expanded(Array(template.utf8), groups, bytes)
            position = groups[1]
            if groups[0] == groups[1] {
                if position < bytes.count { result.append(bytes[position]) }
                position += 1
            }
        }
        if position < bytes.count { result += bytes[position...] }
        return String(decoding: result, as: UTF8.self)
    }

    private static func expanded(_ template: [UInt8], _ groups: [Int], _ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < template.count {
            let byte = template[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), position < template.count else {
                result.append(byte)
                continue
            }
            let escaped = template[position]
            position += 1
            var group: Int?
            if 48...57 ~= escaped {
                group = Int(escaped) - 48
            } else if escaped == UInt8(ascii: "g"), position < template.count, template[position] == UInt8(ascii: "<"),
                let end = template[position...].firstIndex(of: UInt8(ascii: ">"))
            {
                group = Int(String(decoding: template[(position + 1)..<end], as: UTF8.self))
                position = end + 1
            } else {
                result += escaped == UInt8(ascii: "\\") ? [escaped] : [byte, escaped]
            }
            if let group, group >= 0, group * 2 + 1 < groups.count, groups[group * 2] >= 0 {
                result += bytes[groups[group * 2]..<groups[group * 2 + 1]]
            }
        }
        return result
    }

    // MARK: Search

    private struct Thread {
        var counter: Int
        var saved: [Int]
    }

    /// The places of the groups of the leftmost match; −1 for a group that took no part.
    private func firstMatch(in bytes: [UInt8], from start: Int) -> [Int]? {
        var threads: [Thread] = []
        var found: [Int]?
        var marks = [Int](repeating: -1, count: program.count)
        for position in start...max(start, bytes.count) {
            var reached: [Thread] = []
            for thread in threads { reach(thread, position, bytes.count, &reached, &marks) }
            if found == nil {
                let first = Thread(counter: 0, saved: [Int](repeating: -1, count: groupCount * 2))
                reach(first, position, bytes.count, &reached, &marks)
            }
            threads.removeAll(keepingCapacity: true)
            for thread in reached {
                if case .match = program[thread.counter] {
                    found = thread.saved
                    // Those behind it are not preferred.
                    break
                }
                if case .take(let set) = program[thread.counter], position < bytes.count, set.contains(bytes[position]) {
                    threads.append(Thread(counter: thread.counter + 1, saved: thread.saved))
                }
            }
            if threads.isEmpty, found != nil { return found }
        }
        return found
    }

    private func reach(_ thread: Thread, _ position: Int, _ count: Int, _ reached: inout [Thread], _ marks: inout [Int]) {
        var open = [thread]
        while var thread = open.popLast() {
            if marks[thread.counter] == position { continue }
            marks[thread.counter] = position
            switch program[thread.counter] {
            case .jump(let target): open.append(Thread(counter: target, saved: thread.saved))
            case .split(let preferred, let other):
                open.append(Thread(counter: other, saved: thread.saved))
                open.append(Thread(counter: preferred, saved: thread.saved))
            case .save(let slot):
                thread.saved[slot] = position
                thread.counter += 1
                open.append(thread)
            case .begin:
                thread.counter += 1
                if position == 0 { open.append(thread) }
            case .end:
                thread.counter += 1
                if position == count { open.append(thread) }
            case .take, .match: reached.append(thread)
            }
        }
    }

    // MARK: Compiling

    private mutating func emit(_ instruction: Instruction) throws(QueryError) {
        guard program.count < Self.instructionsMax else {
            throw QueryError(.limit, "a regular expression has more than \(Self.instructionsMax) states")
        }
        program.append(instruction)
    }

    private mutating func compile(_ node: Node) throws(QueryError) {
        switch node {
        case .nothing: break
        case .set(let set): try emit(.take(set))
        case .begin: try emit(.begin)
        case .end: try emit(.end)
        case .sequence(let nodes): for node in nodes { try compile(node) }
        case .group(let node, let number):
            if let number { try emit(.save(number * 2)) }
            try compile(node)
            if let number { try emit(.save(number * 2 + 1)) }
        case .choice(let left, let right):
            let split = program.count
            try emit(.split(0, 0))
            try compile(left)
            let jump = program.count
            try emit(.jump(0))
            program[split] = .split(split + 1, program.count)
            try compile(right)
            program[jump] = .jump(program.count)
        case .repeats(let node, let least, let most, let isLazy):
            for _ in 0..<least { try compileEach(node) }
            guard let most else {
                let split = program.count
                try emit(.split(0, 0))
                try compile(node)
                try emit(.jump(split))
                program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
                return
            }
            for _ in 0..<max(0, most - least) {
                let split = program.count
                try emit(.split(0, 0))
                try compileEach(node)
                program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
            }
        }
    }

    /// Something that makes no states is not repeated for ever either.
    private mutating func compileEach(_ node: Node) throws(QueryError) {
        let before = program.count
        try compile(node)
        if program.count == before { try emit(.jump(before + 1)) }
    }

    private indirect enum Node {
        case nothing, begin, end
        case set(ByteSet)
        case sequence([Node])
        case choice(Node, Node)
        case group(Node, Int?)
        case repeats(Node, least: Int, most: Int?, isLazy: Bool)
    }

    // MARK: Reading

    private struct Parser {
        private var reader: PatternReader
        private(set) var groupCount = 1
        private var depth = 0

        init(_ text: String) { reader = PatternReader(text, blanks: ByteSet(9...13, 32...32)) }

        var isAtEnd: Bool { reader.isAtEnd }

        mutating func choice() throws(QueryError) -> Node {
            depth += 1
            defer { depth -= 1 }
            guard depth <= 50 else { throw QueryError(.limit, "a regular expression has more than 50 groups in each other") }
            var choices = [try sequence()]
            while reader.take("|") { choices.append(try sequence()) }
            var node = choices.removeLast()
            while let left = choices.popLast() { node = .choice(left, node) }
            return node
        }

        private mutating func sequence() throws(QueryError) -> Node {
            var nodes: [Node] = []
            while !reader.isAtEnd, !reader.isNext("|"), !reader.isNext(")") { nodes.append(try repeated()) }
            return nodes.isEmpty ? .nothing : .sequence(nodes)
        }

        private mutating func repeated() throws(QueryError) -> Node {
            var node = try atom()
            while let (least, most) = try reader.repeats() {
                node = .repeats(node, least: least, most: most, isLazy: reader.take("?"))
            }
            return node
        }

        private mutating func atom() throws(QueryError) -> Node {
            let byte = reader.next()
            switch byte {
            case UInt8(ascii: "^"): return .begin
            case UInt8(ascii: "$"): return .end
            case UInt8(ascii: "("): return try group()
            default: return .set(try reader.bytes(of: byte))
            }
        }

        private mutating func group() throws(QueryError) -> Node {
            var number: Int?
            if reader.take("?") {
                guard reader.take(":") else {
                    throw QueryError(.unsupported, "a regular expression has (? with something else than (?:")
                }
            } else {
                guard groupCount <= groupsMax else {
                    throw QueryError(.limit, "a regular expression has more than \(groupsMax) groups")
                }
                number = groupCount
                groupCount += 1
            }
            let node = try choice()
            guard reader.take(")") else { throw QueryError(.malformed, "a regular expression has a ( without a )") }
            return .group(node, number)
        }
    }
}
