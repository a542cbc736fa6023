import DattssTestSupport
import Testing

@testable import DattssServer

@Suite("A head that a connection repeats")
struct KnownHeadTests {
    private static let heads = [
        "PUT /agg?auth=local.0aF HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n",
        "POST /agg HTTP/1.1\r\nHost: x\r\nContent-Length: \t7 \r\nAuthorization: Bearer k.1\r\nContent-Encoding: zstd\r\n\r\n",
        "PUT /agg HTTP/1.1\r\nHost: x\r\ncontent-length:0\r\nX-Length: 0\r\n\r\n",
    ]

    /// Goal: another length is read, wherever it stands; what follows the head does not matter.
    @Test("is known with another length", arguments: heads, [0, 1, 9, 10, 512, 1_048_576, 999_999_999_999_999])
    func repeated(head: String, length: Int) throws {
        let known = try known(head)
        let other = replaceLength(in: head, by: "\(length)")
        #expect(repetition(other + "{7", known) == .init(byteCount: other.utf8.count, contentLength: length))
        #expect(repetition(other, known) == .init(byteCount: other.utf8.count, contentLength: length))
    }

    /// Goal: with anything else in it, or before it is whole, it is the parser's.
    @Test("is not known when it is another, or not whole", arguments: heads)
    func other(head: String) throws {
        let known = try known(head)
        let bytes = Array(head.utf8)
        for count in 0..<bytes.count { #expect(repetition(Array(bytes[..<count]), known) == nil, "\(count) bytes") }
        for digits in ["", "x", "+1", " 1", "1 ", "1,1", "0x1", "9999999999999999", "1\r\nContent-Length: 1"] {
            #expect(repetition(replaceLength(in: head, by: digits) + "{}", known) == nil, "'\(digits)'")
        }
        #expect(repetition(head.replacing("agg", with: "agh"), known) == nil)
        #expect(repetition(String(head.dropLast(1)) + "X: 1\r\n\r\n", known) == nil)
        var forgotten = known
        forgotten.forget()
        #expect(repetition(head, forgotten) == nil && repetition("", forgotten) == nil)
    }

    /// Goal: a head that the parser leaves to the router for its length is not taken because another was short.
    @Test("is not known beyond the longest head")
    func tooLong() throws {
        let fixed = "PUT /agg HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nX: \r\n\r\n"
        let head = fixed.replacing("X: ", with: "X: " + String(repeating: "x", count: PlainHead.bytesMax - fixed.utf8.count))
        let known = try known(head)
        #expect(repetition(head, known)?.byteCount == PlainHead.bytesMax)
        let longer = replaceLength(in: head, by: "10")
        #expect(repetition(longer, known) == nil)
        #expect(Array(longer.utf8).withUnsafeBytes(PlainHead.parse) == .foreign)
    }

    /// Goal: whatever is taken for a repetition, the parser would have read in the same way.
    @Test("is never read in another way than the parser's", arguments: 1...4 as ClosedRange<UInt64>)
    func mutated(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var repetitions = 0
        for _ in 0..<20_000 {
            let text = Self.heads[Int.random(in: 0..<Self.heads.count, using: &generator)]
            let known = try known(text)
            var bytes = Array((text + "{}").utf8)
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let byte = Array("0123456789\r\n \t:x".utf8).randomElement(using: &generator) ?? 0
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                if Bool.random(using: &generator) { bytes[position] = byte } else { bytes.insert(byte, at: position) }
            }
            guard let found = repetition(bytes, known) else { continue }
            repetitions += 1
            guard case .head(let head) = bytes.withUnsafeBytes(PlainHead.parse), case .head(let before) = parse(text) else {
                Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            #expect(found == .init(byteCount: head.byteCount, contentLength: head.contentLength), "seed \(seed)")
            #expect(head.key == before.key && head.contentEncoding == before.contentEncoding, "seed \(seed)")
        }
        #expect(repetitions > 100, "seed \(seed)")
    }

    private func known(_ text: String) throws -> KnownHead {
        guard case .head(let head) = parse(text) else { throw NotAHead() }
        var known = KnownHead()
        Array((text + "{}").utf8).withUnsafeBytes { known.remember(head, in: $0) }
        return known
    }

    private struct NotAHead: Error {}

    private func parse(_ text: String) -> PlainHead.Outcome { Array(text.utf8).withUnsafeBytes(PlainHead.parse) }

    private func repetition(_ text: String, _ known: KnownHead) -> KnownHead.Repetition? { repetition(Array(text.utf8), known) }

    private func repetition(_ bytes: [UInt8], _ known: KnownHead) -> KnownHead.Repetition? {
        bytes.withUnsafeBytes(known.repetition)
    }

    private func replaceLength(in head: String, by digits: String) -> String {
        guard case .head(let parsed) = parse(head) else { return head }
        var bytes = Array(head.utf8)
        bytes.replaceSubrange(parsed.lengthDigits, with: Array(digits.utf8))
        return String(decoding: bytes, as: UTF8.self)
    }
}
