import DattssClient
import DattssMetrics
import Foundation
import Metrics
import Testing

/// What people copy first compiles: the first examples of the documentation are the bodies of functions here, which nobody calls,
/// because they would look for a server.
@Suite("Landing pages of the libraries")
struct LandingPageTests {
    private func client(_ handle: () async throws -> Int) async throws -> Int {
        let stats = Dattss(auth: "KEY", process: "api")
        stats.start()
        stats.count("orders")
        stats.count("bytes.sent", by: 512)
        stats.time("query.time", milliseconds: 153)
        stats.gauge("queue.length", 23)
        let answer = try await stats.measure("handler.time") { try await handle() }
        return answer
    }

    private func metrics() {
        let stats = Dattss(auth: "KEY", process: "api")
        stats.start()
        MetricsSystem.bootstrap(DattssMetrics(stats))
        Counter(label: "orders", dimensions: [("shop", "north")]).increment()
        Timer(label: "query.time").recordMilliseconds(153)
    }

    @Test("the first example of each page is code that compiles", arguments: ["DattssClient", "DattssMetrics"])
    func firstExamplesCompile(library: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appending(path: "Sources/\(library)/\(library).docc/\(library).md"), encoding: .utf8)
        let fenced = page.split(separator: "```", omittingEmptySubsequences: false)
        let example = try #require(fenced.count > 2 ? fenced[1] : nil, "the page has an example")
        let code = Self.lines(example.dropFirst("swift".count)).filter { !$0.hasPrefix("import ") }
        let compiled = Self.lines(try String(contentsOfFile: #filePath, encoding: .utf8)[...])
        #expect(compiled.contains(code), "\(code)")
        #expect(code.count > 3)
    }

    private static func lines(_ text: Substring) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
}
