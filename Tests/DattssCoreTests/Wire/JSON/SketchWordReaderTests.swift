import DattssTestSupport
import Testing

@testable import DattssCore

/// Reading usual sketches by the word against the way that reads every sketch: same partial, or same error.
@Suite struct SketchWordReaderTests {
    @Test(
        "a sketch is read alike both ways",
        arguments: [
            #"{"p":[0,2]}"#, #"{"p":[-3,1,1,1]}"#, #"{"p":[-34369,1,32767,1]}"#, #"{"p":[-34370,2]}"#, #"{"p":[32768,2]}"#,
            #"{"p":[5,1,5,1]}"#, #"{"p":[5,1,4,1]}"#, #"{"p":[5,0,6,2]}"#, #"{"p":[5,-1,6,3]}"#, #"{"p":[5]}"#, #"{"p":[]}"#,
            #"{"p":[5,2,]}"#, #"{"p":[5,2}"#, #"{"p":[5,2]"#, #"{"p":[5,2],"z":0}"#, #"{"z":1,"p":[5,1]}"#, #"{"p":[05,2]}"#,
            #"{"p":[5,02]}"#, #"{"p":[-0,2]}"#, #"{"p":[5.0,2]}"#, #"{"p":[5,2e0]}"#, #"{"p":[ 5,2]}"#, #"{"p":[5,2] }"#,
            #"{"p":[12345678,2]}"#, #"{"p":[5,12345678]}"#, #"{"p":[5,9007199254740992]}"#, #"{"p":["5",2]}"#, #"{"n":[5,2]}"#,
            #"{"p":[9,1,10,1]}"#, #"{"p":[1,9,22,10,333,2]}"#, #"{"p":[32767,2]}"#, #"{"p":[032767,2]}"#, #"{"p":[5,2;6,2]}"#,
            #"{"p":[100000,1]}"#, #"{"p":[5,0]}"#, #"{"p":[5,2}]"#,
        ])
    func table(sketch: String) {
        var paths = NameCache()
        expectAgreement(on: Self.body(sketch, count: 2), &paths)
        expectAgreement(on: Self.body(sketch, count: 12_345_678), &paths)
    }

    @Test("sketches of all sizes are read alike both ways, and taken whole", arguments: seeds)
    func sizes(seed: UInt64) {
        // Goal: up to the buckets that the reader has room for, and beyond; gaps and counts of all lengths.
        var generator = SeededGenerator(seed: seed)
        var paths = NameCache()
        for size in [1, 2, 63, 64, 127, 128, 129, 300] {
            let lowest = generator.element(of: [-34369, 0, 900, 9_900])
            var (index, total, pairs) = (Int.random(in: lowest...max(0, lowest + 99), using: &generator), 0, [String]())
            for _ in 0..<size {
                let count = Int.random(in: 1...generator.element(of: [9, 12, 130, 9_999_999]), using: &generator)
                pairs.append("\(index),\(count)")
                total += count
                index += Int.random(in: 1...(generator.oneIn(9) ? 200 : 2), using: &generator)
            }
            let body = Self.body("{\"p\":[\(pairs.joined(separator: ","))]}", count: total)
            expectAgreement(on: body, &paths, "seed \(seed)")
            #expect(BothWays(body, &paths).isDecoded, "seed \(seed), \(size) buckets")
        }
    }

    private static func body(_ sketch: String, count: Int) -> [UInt8] {
        // Wide enough for all buckets here.
        let timer =
            #"{"pth":"a","sum":\#(Double(count) * 1.5),"cnt":\#(count),"max":1e200,"min":0,"top":2,"bot":1,"fst":1,"lst":2,"skt":\#(sketch),"emp":false}"#
        return Array(Bodies.body(ms: timer).utf8)
    }

    private static let seeds: [UInt64] = Array(1...20)
}
