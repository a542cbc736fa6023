import CDatagramFloor
import DattssCore
import Testing

/// The floor that the UDP port is measured against has to do its work, or the ratio says nothing.
@Suite("Bench: the bare loop in C")
struct FloorTests {
    private struct Sums: Equatable {
        var sum = 0.0
        var count: UInt64 = 0
        var min = Double.infinity
        var max = -Double.infinity
    }

    private final class Table {
        let pointer = datagram_floor_table_create()
        var counts = datagram_floor_counts()

        deinit { datagram_floor_table_destroy(pointer) }

        func take(_ text: String) {
            let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: Int(DATAGRAM_FLOOR_SLACK))
            bytes.withUnsafeBytes { datagram_floor_take(pointer, $0.baseAddress, text.utf8.count, &counts) }
        }

        func sums(of name: String) -> Sums? {
            let bytes = Array(name.utf8) + [UInt8](repeating: 0, count: Int(DATAGRAM_FLOOR_SLACK))
            var sums = datagram_floor_sums()
            guard bytes.withUnsafeBytes({ datagram_floor_find(pointer, $0.baseAddress, name.utf8.count, &sums) }) != 0 else {
                return nil
            }
            return Sums(sum: sums.sum, count: sums.count, min: sums.min, max: sums.max)
        }
    }

    @Test("adds up what a dictionary does, over names of every length and as many as make its table grow", arguments: [1, 2, 3])
    func oracle(seed: UInt64) throws {
        // Goal: the fast ways (names by words, eight digits at once, a table that grows) give what the plain way does.
        var random = SplitMix64(seed: seed)
        let table = Table()
        var expected: [String: Sums] = [:]
        let names = (0..<5000).map { number in
            "n\(number)." + String(repeating: "x", count: Int.random(in: 0...60, using: &random))
        }
        for _ in 0..<2000 {
            let lines = (0..<Int.random(in: 1...100, using: &random)).map { _ in
                let name = names[Int.random(in: 0..<names.count, using: &random)]
                let decimals = Int.random(in: 0...3, using: &random)
                let whole = Int.random(in: 0...(1 << Int.random(in: 0...24, using: &random)), using: &random)
                let digits = "\(Int.random(in: 1000...1999, using: &random))".dropFirst().prefix(decimals)
                let fraction = decimals == 0 ? "" : ".\(digits)"
                let number = (Bool.random(using: &random) ? "-" : "") + "\(whole)\(fraction)"
                let value = Double(number) ?? .nan
                expected[name, default: Sums()].sum += value
                expected[name, default: Sums()].count += 1
                expected[name, default: Sums()].min = min(expected[name]?.min ?? value, value)
                expected[name, default: Sums()].max = max(expected[name]?.max ?? value, value)
                return "\(name):\(number)|\(["c", "ms", "g"][Int.random(in: 0...2, using: &random)])"
            }
            table.take(lines.joined(separator: "\n"))
        }
        #expect(table.counts.names == UInt64(expected.count) && table.counts.bad_lines == 0 && table.counts.datagrams == 2000)
        #expect(table.counts.samples == expected.values.reduce(0) { $0 + $1.count })
        for (name, sums) in expected { #expect(table.sums(of: name) == sums, "seed \(seed): \(name)") }
        #expect(table.sums(of: "n0.y") == nil)
    }

    @Test(
        "a line is a name, a number and a type, and a bad one costs only itself",
        arguments: [
            "a:1|x", "a:|c", "a:.5|c", "a:1", "a:1|", ":1|c", "a", "a:x|c", "a:1x2|c", "a:1.2.3|c", "a:-|g", "abcdefgh\tijk",
            "a\u{0}b", "a:12345678901234567|c",
        ])
    func badLines(line: String) throws {
        // Goal: the loop looks at what it adds up; neighbours of a bad line are added all the same.
        let table = Table()
        table.take("\(line)\nname.of.more.than.twenty.four.bytes:2.5|ms\n\(line)\n\nb:7|c|@0.1\n\(line)")
        #expect(table.counts.bad_lines == 3 && table.counts.samples == 2 && table.counts.names == 2)
        #expect(table.sums(of: "name.of.more.than.twenty.four.bytes") == Sums(sum: 2.5, count: 1, min: 2.5, max: 2.5))
        #expect(table.sums(of: "b") == Sums(sum: 7, count: 1, min: 7, max: 7))
    }
}
