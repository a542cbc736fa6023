import DattssCore
import DattssQuery
import Foundation
import Testing

@testable import DattssServer

/// Goal: what the page takes for the address of a plot is what the server takes for one, so that whatever is put on a board is answered by
/// its link, too.
@Suite("The address of a plot")
struct PlotAddressTests {
    private struct Vectors: Decodable {
        struct Good: Decodable {
            var address: String
            /// Kind, pattern, fold, groups, top.
            var queries: [[Part?]]
        }
        enum Part: Decodable, Equatable {
            case text(String), number(Int)

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Int.self) {
                    self = .number(number)
                } else {
                    self = .text(try value.decode(String.self))
                }
            }
        }
        var good: [Good]
        var bad: [[String]]
    }

    private static func vectors() throws -> Vectors {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Fixtures/boards/addresses.json")
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))
    }

    @Test("asks what the page asks")
    func good() throws {
        let vectors = try Self.vectors().good
        #expect(vectors.count >= 5)
        for vector in vectors {
            let plot = try Board.plot(vector.address)
            guard plot.heatmap == nil else {
                #expect(plot.questions.map(\.figure) == [.quantile(0.5), .quantile(0.95), .quantile(0.99)], "\(vector.address)")
                #expect(plot.questions.allSatisfy { $0.fold == .merge && $0.pattern == plot.heatmap }, "\(vector.address)")
                continue
            }
            let asked = plot.questions.map { question -> [Vectors.Part?] in
                [
                    .text(question.kind.symbol), .text(question.pattern.text), .text(question.fold.rawValue),
                    question.component.map { .text($0) },
                    question.top == PlotAddress.linesMax ? nil : question.top.map { .number($0) },
                ]
            }
            #expect(asked == vector.queries, "\(vector.address)")
        }
    }

    @Test("that is wrong is refused with the same words")
    func bad() throws {
        let vectors = try Self.vectors().bad
        #expect(vectors.count >= 25)
        for vector in vectors {
            #expect(throws: QueryError.self, "\(vector[0])") { try Board.plot(vector[0]) }
            do { _ = try Board.plot(vector[0]) } catch { #expect(error.message.contains(vector[1]), "\(vector[0]): \(error)") }
        }
    }

    @Test("compares with the days that it says, and with none where a ratio is drawn")
    func daysBefore() throws {
        #expect(try Board.plot("q=c:a").daysBefore.isEmpty)
        #expect(try Board.plot("q=c:a&vs=day").daysBefore == [1])
        #expect(try Board.plot("q=c:a&vs=week").daysBefore == [7])
        #expect(try Board.plot("q=c:a&vs=usual").daysBefore == [1, 2, 3, 4, 5, 6, 7])
        #expect(try Board.plot("q=c:a&q=c:b&ratio=1&vs=day").daysBefore.isEmpty)
        #expect(try Board.plot("q=c:a&q=ms:b.*&q=c:c").keys == [StatisticKey(.counter, "a"), StatisticKey(.counter, "c")])
    }

    @Test("with broken escapes, without a query, or longer than a plot needs is none")
    func broken() throws {
        for address in [
            "", "q=c:a&title=%", "q=c:a&title=%zz", "q=c:a&title=%ff", "range=3h",
            "q=c:a&title=" + String(repeating: "%20", count: 2000),
        ] {
            #expect(throws: QueryError.self, "\(address.prefix(30))") { try Board.plot(address) }
        }
    }
}
