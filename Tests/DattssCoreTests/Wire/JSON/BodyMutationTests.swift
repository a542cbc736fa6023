import DattssTestSupport
import Foundation
import Testing

@testable import DattssCore

@Suite struct BodyMutationTests {
    /// `DATTSS_MUTATIONS=1000000` takes about a minute.
    private static let rounds = (ProcessInfo.processInfo.environment["DATTSS_MUTATIONS"].flatMap { Int($0) } ?? 100_000) / 10

    @Test("mutated bodies never trap, and are JSON for us where they are JSON for Foundation", arguments: Array(1...10) as [UInt64])
    func mutations(seed: UInt64) {
        // Goal: a hundred thousand or a million bodies that nobody would write. Pure syntax has to agree with JSONSerialization, but for what we
        // refuse on purpose (numbers beyond a double, deep nesting) and what Foundation takes in (a comma before a closing
        // bracket, other encodings than UTF-8).
        var generator = SeededGenerator(seed: seed)
        let originals = [
            Bodies.body(ms: Bodies.timer, rest: #","nam":"a\u0070i","é":"\n""#),
            Bodies.body(c: Bodies.counter + "," + Bodies.counter, rest: #","nam":"api""#),
            Bodies.body(g: Bodies.gauge, rest: #","cid":"x","seq":1"#),
        ]
        .map { Array($0.utf8) }
        var accepted = 0
        var paths = NameCache()
        for _ in 0..<Self.rounds {
            var body = generator.element(of: originals)
            for _ in 0..<Int.random(in: 1...3, using: &generator) { mutate(&body, &generator) }
            let batch = try? BatchDecoder.decode(body)
            let syntax = syntaxError(in: body)
            if let batch {
                accepted += 1
                #expect(syntax == nil, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
                // What was mended is sound when it comes again, so its mark is not.
                let again = try? BatchDecoder.decode(BatchEncoder.encode(batch))
                #expect(again?.unmarked == batch.unmarked, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            }
            let cached = try? body.withUnsafeBytes { try BatchDecoder.decode($0, paths: &paths) }
            #expect(cached == batch, "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            expectAgreement(on: body, &paths, "seed \(seed):")
            guard !isException(body, syntax) else { continue }
            let tree = try? JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)
            #expect((tree != nil) == (syntax == nil), "seed \(seed): \(String(decoding: body, as: UTF8.self))")
            if let batch { #expect(agrees(batch, tree), "seed \(seed): \(String(decoding: body, as: UTF8.self))") }
        }
        #expect(accepted > 100)
    }

    @Test("random bytes never trap", arguments: seeds)
    func randomBytes(seed: UInt64) {
        // Goal: bodies that are no JSON at all.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let body = (0..<Int.random(in: 0...40, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(throws: WireError.self, "seed \(seed)") { try BatchDecoder.decode(body) }
        }
    }

    /// Whether the numbers of a batch are those of the general decoder's tree, to the last bit. (`min` and `max` are widened on
    /// purpose, and of members that are there twice each decoder may take another.)
    private func agrees(_ batch: Batch, _ tree: Any?) -> Bool {
        guard let kinds = (tree as? [String: Any])?["prt"] as? [String: Any] else { return false }
        return Kind.allCases.allSatisfy { kind in
            guard var expected = kinds[kind.symbol] as? [[String: Any]] else { return false }
            expected.removeAll { ($0["cnt"] as? NSNumber)?.doubleValue == 0 }
            let decoded = batch.partials.filter { $0.key.kind == kind }
            return decoded.count == expected.count
                && zip(decoded, expected).allSatisfy { partial, members in
                    // Foundation makes a decimal of a number with many digits, and not always the nearest double of that.
                    func number(_ name: String) -> Double? {
                        if let decimal = members[name] as? NSDecimalNumber { return Double(decimal.stringValue) }
                        return (members[name] as? NSNumber)?.doubleValue
                    }
                    let aggregate = partial.aggregate
                    return number("sum") == aggregate.sum && number("cnt") == Double(aggregate.count)
                        && number("fst") == aggregate.first && number("lst") == aggregate.last
                        && number("bot") == aggregate.bottom && number("top") == aggregate.top
                        && (number("pct") ?? Aggregate.defaultFraction) == aggregate.fraction
                        && (number("min") ?? .infinity) >= aggregate.min && (number("max") ?? -.infinity) <= aggregate.max
                }
        }
    }

    private static let tokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "-", "0", "1e5", "1E+2", ".5", "1e999", "\\u00e9",
        "\\ud83d\\ude00", "\\ud83d", "é", " ", "\t", "\u{1}", "\"sum\"", "\"c\":[]", "{\"a\":1}", "00", "-0", "9007199254740993",
        "/*x*/",
    ].map { Array($0.utf8) }

    private func mutate(_ body: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !body.isEmpty else { return }
        let position = Int.random(in: 0..<body.count, using: &generator)
        let end = min(body.count, position + Int.random(in: 1...8, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: body[position] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 1: body[position] = UInt8.random(in: 0...255, using: &generator)
        case 2: body.removeSubrange(position..<end)
        case 3: body.insert(contentsOf: body[position..<end], at: position)
        case 4: body.replaceSubrange(position..<position + 1, with: generator.element(of: Self.tokens))
        case 5: body[position] = generator.element(of: body)
        default: body.insert(contentsOf: generator.element(of: Self.tokens), at: position)
        }
    }

    private func syntaxError(in body: [UInt8]) -> WireError? {
        body.withUnsafeBytes { bytes in
            do throws(WireError) {
                try JSONCursor.read(bytes) { (cursor) throws(WireError) in try cursor.skipValue() }
                return nil
            } catch {
                return error
            }
        }
    }

    private func hasTrailingComma(_ body: [UInt8]) -> Bool {
        let solid = body.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return zip(solid, solid.dropFirst()).contains {
            $0 == UInt8(ascii: ",") && ($1 == UInt8(ascii: "]") || $1 == UInt8(ascii: "}"))
        }
    }

    private func isException(_ body: [UInt8], _ error: WireError?) -> Bool {
        if let error, error.message.contains("beyond the range") || error.message.contains("nested deeper") { return true }
        if error != nil, hasTrailingComma(body) { return true }
        // UTF-16 or UTF-32, or a byte order mark.
        return body.prefix(4).contains(0) || body.starts(with: [0xEF, 0xBB]) || body.first == 0xFE || body.first == 0xFF
    }
}

extension Batch {
    fileprivate var unmarked: Batch {
        var batch = self
        for place in batch.partials.indices { batch.partials[place].aggregate.isApproximate = false }
        return batch
    }
}
