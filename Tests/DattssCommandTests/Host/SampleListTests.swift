import DattssCore
import Testing

@testable import dattss

@Suite struct SampleListTests {
    @Test("pairs of path and sample become one partial each; equal paths add up")
    func pairs() throws {
        let partials = try SampleList.partials(of: ["backup.size", "512g", "backup.runs", "1c", "backup.runs", "2c"])
        #expect(partials.map(\.key) == [StatisticKey(.gauge, "backup.size"), StatisticKey(.counter, "backup.runs")])
        #expect(partials.map(\.aggregate.sum) == [512, 3])
    }

    @Test("several samples behind one path are all its own")
    func onePath() throws {
        let partials = try SampleList.partials(of: ["query.time", "12ms", "15ms", "11ms!"])
        #expect(partials.count == 1 && partials[0].aggregate.count == 3 && partials[0].aggregate.isEmphasised)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ([], "expected a path"), (["a"], "expected a path"), (["a", "1x"], "'1x' is no sample of 'a'"),
            (["a b", "1c"], "'a b' is no path"), (["a", "1c", "b"], "'b' has no sample"),
            (["a", "1c", "b", "c"], "'c' is no sample of 'b'"),
        ] as [([String], String)])
    func errors(words: [String], expected: String) {
        do {
            _ = try SampleList.partials(of: words)
            Issue.record("\(words) was taken")
        } catch {
            #expect(error.message.contains(expected))
        }
    }
}
