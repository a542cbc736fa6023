import CZlib
import DattssTestSupport

/// Makes bodies that are as dear for their bytes as one can think of: seeded, of every form that a server takes in.
struct Adversary {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    enum Form: String, CaseIterable {
        case json, zstd, gzip, otlpProtobuf, otlpJSON, statsd, dattss
    }

    /// - Parameter size: about how many bytes.
    mutating func body(_ form: Form, size: Int) -> [UInt8] {
        switch form {
        case .json: damaged(jsonBody(size))
        case .zstd: zstdBody(size)
        case .gzip: gzipBody(size)
        case .otlpProtobuf: damaged(protobufBody(size))
        case .otlpJSON: damaged(otlpJSONBody(size))
        case .statsd: statsdLines(size)
        case .dattss: dattssLines(size)
        }
    }

    // MARK: Pieces

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func oneIn(_ count: Int) -> Bool { number(1...count) == 1 }

    /// One of some, so that no two bodies need be of one kind.
    private mutating func some<Value>(of values: [Value]) -> [Value] {
        let chosen = values.filter { _ in oneIn(2) }
        return chosen.isEmpty ? [values[number(0...values.count - 1)]] : chosen
    }

    /// Pieces until there are enough bytes.
    private mutating func repeated(
        _ size: Int, between separator: String = "", _ piece: (inout Adversary, Int) -> [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var count = 0
        while bytes.count < size {
            if count > 0 { bytes += separator.utf8 }
            bytes += piece(&self, count)
            count += 1
        }
        return bytes
    }

    /// Most bodies are whole; of the others the end is missing, or a byte is another.
    private mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        switch number(0...9) {
        case 0: bytes.removeLast(number(1...min(100, bytes.count)))
        case 1: bytes[number(0...bytes.count - 1)] = UInt8(number(0...255))
        default: break
        }
        return bytes
    }

    // MARK: JSON

    /// The ends of a string that take longest to read.
    private mutating func text(_ size: Int) -> [UInt8] {
        let pieces = some(of: ["a", "\\u0061", "\\ud83d\\ude00", "é", "\u{1F600}", "\\\"", "\\\\", "e\u{0301}", ".", "_"])
        return [UInt8(ascii: "\"")] + repeated(size) { one, _ in Array(pieces[one.number(0...pieces.count - 1)].utf8) }
            + [UInt8(ascii: "\"")]
    }

    private mutating func digits(_ size: Int) -> [UInt8] {
        let body = repeated(size) { one, _ in [UInt8(ascii: "0") + UInt8(one.number(0...9))] }
        switch number(0...3) {
        case 0: return Array("1".utf8) + body
        case 1: return Array("-0.".utf8) + body
        case 2: return Array("1.".utf8) + body + Array("e-\(number(0...400))".utf8)
        default: return Array("1e\(number(0...400))".utf8)
        }
    }

    /// A value that nobody wants, of about so many bytes.
    private mutating func value(_ size: Int) -> [UInt8] {
        switch number(0...7) {
        case 0: return text(size)
        case 1: return digits(min(size, number(1...2000)))
        case 2:
            let depth = min(size / 2, number(1...60))
            return [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
        case 3:
            let elements = repeated(size, between: ",") { one, _ in Array((one.oneIn(2) ? "{}" : "0").utf8) }
            return Array("[".utf8) + elements + Array("]".utf8)
        case 4: return Array("{".utf8) + repeated(size, between: ",") { _, _ in Array("\"\":0".utf8) } + Array("}".utf8)
        case 5:
            let members = repeated(size, between: ",") { one, count in Array("\"k\(count)\":\(one.number(0...9))".utf8) }
            return Array("{".utf8) + members + Array("}".utf8)
        case 6: return [UInt8](repeating: UInt8(ascii: " "), count: size) + Array("null".utf8)
        default: return Array((oneIn(2) ? "true" : "null").utf8)
        }
    }

    private mutating func jsonBody(_ size: Int) -> [UInt8] {
        let kind = number(0...5)
        let (name, hasSketch, hasMore) = (number(0...4), oneIn(2), oneIn(3))
        let partials = { (one: inout Adversary, size: Int) -> [UInt8] in
            one.repeated(size, between: ",") { one, count in
                var partial = Array("{\"pth\":".utf8)
                switch name {
                case 0: partial += "\"a\"".utf8
                case 1: partial += "\"\(String(count, radix: 36))\"".utf8
                case 2: partial += "\"\(String(repeating: "x", count: 240))\(count)\"".utf8
                case 3: partial += one.text(one.number(1...60))
                default: partial += "\"\\u0061\(count)\"".utf8
                }
                partial += ",\"sum\":1,\"cnt\":1,\"max\":1,\"min\":1,\"fst\":1,\"lst\":1,\"top\":1,\"bot\":1".utf8
                if hasSketch {
                    let buckets = (0..<one.number(1...300)).map { "\($0 * 3 - 400),1" }.joined(separator: ",")
                    partial += ",\"skt\":{\"z\":0,\"p\":[\(buckets)],\"n\":[\(buckets)]}".utf8
                }
                if hasMore { partial += Array(",\"x\":".utf8) + one.value(one.number(1...80)) }
                return partial + [UInt8(ascii: "}")]
            }
        }
        let inner = kind < 3 ? size : size / 2
        let list = kind == 5 ? Array("\"ms\":[],\"c\":[".utf8) : Array("\"c\":[],\"ms\":[".utf8)
        var body = Array("{\"prt\":{\"g\":[],".utf8) + list + partials(&self, inner) + Array("]}".utf8)
        if kind >= 3 {
            body += repeated(size / 2) { one, count in
                Array(",\"\(count % 2 == 0 ? "x" : "y\(count)")\":".utf8) + one.value(one.number(1...2000))
            }
        }
        return body + Array(",\"cid\":\"c\",\"seq\":1}".utf8)
    }

    private mutating func otlpJSONBody(_ size: Int) -> [UInt8] {
        let names = ["resourceMetrics", "resource_metrics", "scopeMetrics", "metrics", "dataPoints", "attributes", "x", "name"]
        let point: (inout Adversary, Int) -> [UInt8] = { one, count in
            let attributes = (0..<one.number(0...8)).map { "{\"key\":\"k\($0)\",\"value\":{\"stringValue\":\"\(count)\"}}" }
            let value = ["\"asInt\":\"1\"", "\"asDouble\":1e300", "\"asInt\":1"][one.number(0...2)]
            return Array("{\(value),\"attributes\":[\(attributes.joined(separator: ","))]}".utf8)
        }
        switch number(0...4) {
        case 0:
            let piece = Array(["{}", "[]", "null", "{\"a\":0}"][number(0...3)].utf8)
            return Array("{\"resourceMetrics\":[".utf8) + repeated(size, between: ",") { _, _ in piece } + Array("]}".utf8)
        case 1:
            return Array("{".utf8)
                + repeated(size, between: ",") { one, _ in
                    Array("\"\(names[one.number(0...names.count - 1)])\":".utf8) + one.value(one.number(1...500))
                } + Array("}".utf8)
        case 2:
            let metrics = repeated(size, between: ",") { one, count in
                Array("{\"name\":\"m\(count)\",\"gauge\":{\"dataPoints\":[".utf8) + point(&one, count) + Array("]}}".utf8)
            }
            return Array("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[".utf8) + metrics + Array("]}]}]}".utf8)
        case 3:
            let name = String(repeating: "x", count: number(1...size))
            let points = repeated(size, between: ",") { one, count in point(&one, count) }
            return Self.metric("{\"name\":\"\(name)\",\"gauge\":{\"dataPoints\":[", points)
        default:
            let counts = (0...number(1...900)).map { _ in "\"1\"" }
            let bounds = (0..<counts.count - 1).map { "\($0)" }
            let one = Array(
                ("{\"count\":\"\(counts.count)\",\"sum\":1,\"bucketCounts\":[\(counts.joined(separator: ","))],"
                    + "\"explicitBounds\":[\(bounds.joined(separator: ","))]}").utf8)
            let points = repeated(size, between: ",") { _, _ in one }
            return Self.metric("{\"name\":\"h\",\"histogram\":{\"aggregationTemporality\":1,\"dataPoints\":[", points)
        }
    }

    private static func metric(_ beginning: String, _ points: [UInt8]) -> [UInt8] {
        Array("{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[\(beginning)".utf8) + points + Array("]}}]}]}]}".utf8)
    }

    // MARK: Protobuf

    /// Messages in messages, by the numbers that mean something at each depth and some that do not.
    private mutating func protobufBody(_ size: Int) -> [UInt8] {
        if oneIn(3) { return repeated(size) { one, _ in one.message([1], one.number(0...300)) } }
        let paths = [
            [1], [1, 2], [1, 2, 2], [1, 2, 2, 5], [1, 2, 2, 7, 1], [1, 2, 2, 9], [1, 2, 2, 10], [1, 1, 1], [1, 2, 1],
        ]
        let path = paths[number(0...paths.count - 1)]
        let content: [UInt8]
        switch number(0...3) {
        case 0: content = repeated(size) { one, _ in one.message([one.number(1...15)], one.number(0...40)) }
        case 1: content = repeated(size) { _, _ in [0x0A, 0] }
        case 2:
            let field = UInt8(number(1...15))
            content = repeated(size) { one, _ in [field << 3, UInt8(one.number(0...127))] }
        default:
            let names = number(1...3) == 1
            content = repeated(size) { one, count in
                let name = names ? Array("m\(count)".utf8) : Array("a".utf8)
                return Self.field(2, Self.field(1, name) + Self.field(5, Self.field(1, [0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])))
            }
        }
        return path.reversed().reduce(content) { Self.field($1, $0) }
    }

    private mutating func message(_ path: [Int], _ size: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < size {
            let number = number(1...15)
            switch self.number(0...6) {
            case 0: bytes += [UInt8(number << 3), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]
            case 1: bytes += [UInt8(number << 3 | 1), 0, 0, 0, 0, 0, 0, 0xF0, 0x7F]
            case 2: bytes += [UInt8(number << 3 | 5), 1, 2, 3, 4]
            case 3: bytes += Self.field(number, [UInt8](repeating: UInt8(ascii: "a"), count: self.number(0...30)))
            case 4: bytes += Self.field(number, [])
            default: bytes += path.count < 8 ? message(path + [number], size / 3) : []
            }
        }
        return path.last.map { Self.field($0, bytes) } ?? bytes
    }

    private static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
        var length = bytes.count
        var head = [UInt8(number << 3 | 2)]
        while length >= 0x80 {
            head.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        return head + [UInt8(length)] + bytes
    }

    // MARK: Compressed

    /// Frames of blocks that are one byte repeated, or as they are (RFC 8878).
    private mutating func zstdBody(_ size: Int) -> [UInt8] {
        let (blockBytes, isRepeated) = (number(0...3) == 0 ? number(1...16) : number(1000...100_000), oneIn(2))
        let perFrame = number(1...3) == 1 ? 1 : number(1...1000)
        var produced = 0
        return repeated(size) { one, _ in
            var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x40]
            for block in 1...perFrame {
                let isLast = block == perFrame || produced > size
                let count = isRepeated ? blockBytes : min(blockBytes, 64)
                let header = count << 3 | (isRepeated ? 2 : 0) | (isLast ? 1 : 0)
                frame += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16 & 0xFF)]
                frame += [UInt8](repeating: UInt8(ascii: " "), count: isRepeated ? 1 : count)
                produced += count
                if isLast { break }
            }
            // What is a bomb ends when it is large enough.
            return produced > 4 * size ? frame + [UInt8](repeating: 0, count: size) : frame
        }
    }

    /// Members that are empty, stored, or one byte repeated by a fixed code (RFC 1951 and 1952); whole, so that all of them are read.
    private mutating func gzipBody(_ size: Int) -> [UInt8] {
        let kind = number(0...2)
        let matches = number(1...4000)
        var bits = Bits()
        bits.append(0b011, 3)
        bits.append(reversed: 0x30 + 0x20, 8)
        for _ in 0..<matches {
            bits.append(reversed: 0b1100_0101, 8)
            bits.append(0, 5)
        }
        bits.append(0, 7)
        let member =
            switch kind {
            case 0: Self.member([3, 0], of: 0)
            case 1: Self.member(Self.stored(blocks: 64, of: 1), of: 64)
            default: Self.member(bits.bytes, of: 1 + 258 * matches)
            }
        return repeated(kind == 2 ? min(size, 4000) : size) { _, _ in member }
    }

    /// - Parameter count: so many spaces are in it.
    private static func member(_ deflated: [UInt8], of count: Int) -> [UInt8] {
        let content = [UInt8](repeating: UInt8(ascii: " "), count: count)
        let sums = [UInt32(truncatingIfNeeded: crc32(0, content, UInt32(count))), UInt32(count)]
        let trailer = sums.flatMap { sum in (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflated + trailer
    }

    /// Blocks of so many bytes, as they are.
    private static func stored(blocks count: Int, of size: Int) -> [UInt8] {
        (0..<count).flatMap { block -> [UInt8] in
            [block == count - 1 ? 1 : 0, UInt8(size), 0, ~UInt8(size), 0xFF] + [UInt8](repeating: UInt8(ascii: " "), count: size)
        }
    }

    private struct Bits {
        var bytes: [UInt8] = []
        private var count = 0

        mutating func append(_ value: Int, _ width: Int) {
            for bit in 0..<width {
                if count % 8 == 0 { bytes.append(0) }
                bytes[bytes.count - 1] |= UInt8(value >> bit & 1) << (count % 8)
                count += 1
            }
        }

        /// A code of Huffman's, whose first bit is its highest.
        mutating func append(reversed value: Int, _ width: Int) {
            for bit in (0..<width).reversed() { append(value >> bit & 1, 1) }
        }
    }

    // MARK: Lines

    private mutating func statsdLines(_ size: Int) -> [UInt8] {
        let (kinds, name) = (some(of: ["c", "ms", "g", "h", "d", "s"]), number(0...6))
        let (values, tags, isBroken) = (oneIn(2) ? 1 : number(1...50), oneIn(2) ? 0 : number(1...20), oneIn(5))
        return repeated(size) { one, count in
            var line: String
            switch name {
            case 0: line = "a"
            case 6: return [UInt8(ascii: "\n")]
            case 1: line = String(count, radix: 36)
            case 2: line = "a b/c\u{e9}\(count)"
            case 3: line = String(repeating: "x", count: 240) + "\(count)"
            case 4: line = String(repeating: " ", count: 100) + "\(count)"
            default: line = "usual.name.of.\(count % 100)"
            }
            for _ in 0..<values {
                line += ":" + ["1", "-1", "+1", "0.5", "1e3", "=-5", "000001", " 1", "1.7976931348623157e308"][one.number(0...8)]
            }
            line += "|" + kinds[one.number(0...kinds.count - 1)]
            if one.oneIn(4) { line += "|@0.\(one.number(1...9))" }
            if tags > 0 { line += "|#" + (0..<tags).map { "t\(($0 * 7919) % 101):\(count % 10)" }.joined(separator: ",") }
            if isBroken { line = ["", ":", "|", "a", "a:|", "a:1|x", "_e{1,1}:a|b", "a:1", "::::", "||||"][one.number(0...9)] }
            return Array((line + "\n").utf8)
        }
    }

    private mutating func dattssLines(_ size: Int) -> [UInt8] {
        let (name, key, isBroken) = (number(0...3), number(0...2), oneIn(5))
        return repeated(size) { one, count in
            let user = key == 0 ? "ann.0123456789abcdef0123456789abcdef" : key == 1 ? "x.\(count)" : ""
            let path = ["a", String(count, radix: 36), String(repeating: "y", count: 255), "query.time.\(count % 100)"][name]
            let (process, kind) = (key == 1 ? "p\(count)" : "api", ["c", "ms!", "g"][one.number(0...2)])
            var line = "\(user):\(process):\(path):\(one.number(0...9))\(kind)"
            if isBroken { line = [":::", "::::::", "a:b:c", ":::1c", String(repeating: ":", count: 60)][one.number(0...4)] }
            return Array((line + "\n").utf8)
        }
    }
}
