import DattssCore
import Foundation
import Testing

@testable import DattssQuery
@testable import DattssServer

/// Goal: whatever somebody asks, or sets, costs time in proportion to its length: four times as much takes about four times as long,
/// and not sixteen.
///
/// What is counted is the processor time of this thread, the least of some repetitions.
@Suite(.serialized) struct GrowthTests {
    /// Between four, which is linear, and sixteen, which is quadratic.
    private static let most = 9.0

    private func expectLinear(_ what: String, from small: Int, _ work: (Int) -> Void) {
        func seconds(_ size: Int) -> Double {
            (0..<5).map { _ in
                let before = ProcessorTime.seconds()
                work(size)
                return ProcessorTime.seconds() - before
            }.min() ?? 0
        }
        var ratio = Double.infinity
        for _ in 0..<4 where ratio > Self.most { ratio = min(ratio, seconds(4 * small) / seconds(small)) }
        #expect(ratio <= Self.most, "\(what): four times as much takes \(ratio) times as long")
    }

    @Test("reading expressions", arguments: ["a{", "x,", "(", "{", "\"a\",", "1+", "a[", "-", "sum(", "a:b ", "# ", "a.b.", "*"])
    func expressions(_ piece: String) {
        expectLinear("PromQL", from: 4000 / piece.utf8.count) { count in
            _ = try? PromQL.expression(String(repeating: piece, count: count))
        }
        expectLinear("Graphite", from: 4000 / piece.utf8.count) { count in
            _ = try? GraphiteParser.target(String(repeating: piece, count: count))
        }
    }

    @Test("replacing and listing rules of alerts")
    func rules() throws {
        func rules(_ count: Int) throws -> [AlertRule] {
            let all = (0..<count).map { "{\"id\":\"r\($0)\",\"match\":\"x\($0)\",\"measure\":\"value\",\"above\":1}" }
            let text = "{\"rules\":[\(all.joined(separator: ","))]}"
            return try Array(text.utf8).withUnsafeBytes { bytes throws(WireError) in try Routes.rules(bytes) }
        }
        let known = [500: try rules(500), 2000: try rules(2000)]
        expectLinear("rules", from: 500) { count in
            guard let rules = known[count] else { return }
            var book = AlertBook(rules)
            _ = book.setRules(rules, at: 0)
            _ = AlertJSON.overview(book, usualOmitted: 0, messagesInHour: 0, at: Timestamp(seconds: 0))
            _ = AlertJSON.difference(from: book, to: rules, nil)
        }
    }
}
