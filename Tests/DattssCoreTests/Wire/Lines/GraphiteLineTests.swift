import DattssTestSupport
import Testing

@testable import DattssCore

/// Goal: what each form of Graphite's plaintext protocol means, and why others are refused.
@Suite struct GraphiteLineTests {
    struct Owned: Hashable, Sendable {
        var path: String
        var value: Double
        var minute: Minute?
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var line: String
        var result: Result<Owned, DatagramError>
        var testDescription: String { String(line.prefix(60)) }

        static func good(_ line: String, _ path: String, _ value: Double, _ minute: Int64? = nil) -> Case {
            Case(line: line, result: .success(Owned(path: path, value: value, minute: minute.map { Minute($0) })))
        }

        static func bad(_ line: String, _ error: DatagramError) -> Case { Case(line: line, result: .failure(error)) }
    }

    private static func parse(_ bytes: [UInt8]) -> Result<Owned, DatagramError> {
        bytes.withUnsafeBufferPointer { bytes in
            Result { () throws(DatagramError) in
                let line = try GraphiteLine(bytes)
                let path = line.withPath(behind: 0) { String(decoding: $0.bytes, as: UTF8.self) }
                return Owned(path: path, value: line.value, minute: line.minute)
            }
        }
    }

    @Test(
        "a line becomes its path, value and minute",
        arguments: [
            Case.good("a.b 1.5 1794003720", "a.b", 1.5, 29_900_062),
            .good("a.b 1.5 1794003779.99", "a.b", 1.5, 29_900_062),
            .good("  a.b \t -1e3   1794003720 \r", "a.b", -1000, 29_900_062),
            .good("a 1 -1", "a", 1), .good("a 1 -1.0", "a", 1), .good("a 1", "a", 1), .good("a 1\0\0", "a", 1),
            .good("a 1 0", "a", 1, 0), .good("a 1 -2", "a", 1, -1),
            .good("a;host=b;az=c 1", "a.az:c.host:b", 1),
            .good("a;host=b;host=b 1", "a.host:b", 1),
            .good("a;k=v=w;x 1", "a.k:vw.x", 1),
            .good("a;k=x,y|z 1", "a.k:x_y_z", 1),
            .good("a; 1", "a", 1), .good("a;;b=c 1", "a.b:c", 1),
            .good("web/GET 1", "web-GET", 1), .good("a\0b 1", "ab", 1),
            .good("\u{FC}x 1", "x", 1),
            // Nothing is left of it: whoever looks it up refuses it.
            .good("\u{FC} 1", "", 1), .good("a;k=" + String(repeating: "x", count: 300) + " 1", "", 1),
            .good("a" + String(repeating: ";k=v", count: 20_000) + " 1", "a.k:v", 1),
            .bad("", .badFormat), .bad("a", .badFormat), .bad("a 1 2 3", .badFormat), .bad("a:1|c", .badFormat),
            .bad(";a=b 1", .badPath),
            .bad("a nan 1", .badValue), .bad("a NaN", .badValue), .bad("a inf 1", .badValue), .bad("a -inf", .badValue),
            .bad("a 1e999 1", .badValue), .bad("a 0x10 1", .badValue), .bad("a 1,5 1", .badValue), .bad("a U 1", .badValue),
            .bad("a 1 N", .badTime), .bad("a 1 nan", .badTime), .bad("a 1 1e300", .badTime), .bad("a 1 1794003720s", .badTime),
        ])
    func forms(one: Case) { #expect(Self.parse(Array(one.line.utf8)) == one.result) }

    /// Goal: whatever comes is read or refused, and never read beyond its end.
    @Test("lines of any bytes are read or refused")
    func mutations() {
        var generator = SeededGenerator(seed: 2003)
        let line = Array("servers.a;host=b;az=c -12.5e1 1794003720".utf8)
        for _ in 0..<20_000 {
            var bytes = line
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = .random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array(" \t;=.\0,|\n".utf8).randomElement(using: &generator) ?? 0, at: place)
                }
            }
            if case .success(let owned) = Self.parse(bytes) {
                #expect(owned.value.isFinite && (owned.path.isEmpty || Name.isValidPath(owned.path.utf8)), "\(bytes)")
            }
        }
    }
}
