import Testing

@testable import DattssCore

/// Goal: a partial whose sketch speaks of other samples than its numbers do is taken by nobody; what a client may round is let be.
@Suite("A sketch and the smallest and the largest sample")
struct SketchRangeTests {
    /// A body with one timer, of so many samples with a mean in the middle.
    private static func body(_ sketch: String, min: Double, max: Double, count: Int) -> String {
        let middle = (min + max) / 2
        let ends = #""max":\#(max),"min":\#(min),"top":\#(max),"bot":\#(min),"fst":\#(min),"lst":\#(max)"#
        let sum = middle * Double(count)
        return Bodies.body(ms: #"{"pth":"t","sum":\#(sum),"cnt":\#(count),\#(ends),"skt":\#(sketch)}"#)
    }

    @Test(
        "a bucket that lies outside them is refused, with what it holds",
        arguments: [
            // (2, 2.04], and two further up; and as a client writes it that has negative samples, too.
            (#"{"p":[-1,1,33,1]}"#, 1, 2, "has samples from 2.0437"),
            (#"{"p":[-1,1,33,1],"n":[]}"#, 1, 2, "has samples from 2.0437"),
            (#"{"p":[-3,1,31,1]}"#, 1, 2, "has samples from 0.937"),
            (#"{"p":[-34369,1,31,1]}"#, 1, 2, "has samples from"),
            (#"{"p":[31,1,32767,1]}"#, 1, 2, "has samples from"), (#"{"z":1,"p":[31,1]}"#, 1, 2, "has samples from 0.0 to 0.0"),
            (#"{"p":[31,1],"n":[-1,1]}"#, 1, 2, "has samples from -1.0 to -0.978"),
            (#"{"n":[-1,1,33,1]}"#, -2, -1, "has samples from -2.088"), (#"{"n":[-3,1,31,1]}"#, -2, -1, "has samples from -0.95"),
            (#"{"z":1,"n":[31,1]}"#, -2, -1, "has samples from 0.0 to 0.0"),
            (#"{"p":[-1,1],"n":[31,1]}"#, -2, -1, "has samples from"),
            (#"{"p":[-1,1],"z":1}"#, 0, 0, "has samples from"), (#"{"n":[-1,1],"z":1}"#, 0, 0, "has samples from -1.0"),
            (#"{"n":[-1,1],"z":1}"#, 0, 1, "has samples from -1.0"), (#"{"p":[-1,1],"z":1}"#, -1, 0, "has samples from 0.978"),
        ] as [(String, Double, Double, String)])
    func outside(sketch: String, min: Double, max: Double, message: String) {
        let error = #expect(throws: WireError.self) { try BatchDecoder.decode(Self.body(sketch, min: min, max: max, count: 2)) }
        #expect(error?.reason == .badValue)
        #expect(error?.message.hasPrefix("prt.ms[0].skt: \(message)") == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("but min is \(min) and max is \(max)") == true, "\(error?.message ?? "")")
    }

    @Test(
        "what lies between them, or a bucket beside them, is taken",
        arguments: [
            (#"{"p":[-1,1,31,1]}"#, 1, 2), (#"{"p":[-2,1,32,1]}"#, 1, 2), (#"{"p":[5,2]}"#, 1, 2), (#"{"z":2}"#, 0, 0),
            (#"{"z":2}"#, -1, 1), (#"{"n":[-2,1,32,1]}"#, -2, -1), (#"{"n":[-1,1],"p":[31,1]}"#, -1, 2),
            (#"{"z":1,"n":[31,1]}"#, -2, 0),
            (#"{"p":[-34369,1,32767,1]}"#, .leastNonzeroMagnitude, .greatestFiniteMagnitude),
        ] as [(String, Double, Double)])
    func inside(sketch: String, min: Double, max: Double) throws {
        #expect(try BatchDecoder.decode(Self.body(sketch, min: min, max: max, count: 2)).partials.count == 1)
    }

    @Test("what our own accumulator makes of any samples is taken", arguments: UInt64(1)...50)
    func ownSketches(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var accumulator = SampleAccumulator()
        for _ in 0..<Int.random(in: 1...900, using: &random) {
            let magnitude = exp2Of(Double.random(in: -40...40, using: &random))
            accumulator.add(Bool.random(using: &random) ? magnitude : seed.isMultiple(of: 3) ? -magnitude : 0)
        }
        let partial = Partial(StatisticKey(.timer, "t"), try #require(accumulator.partial(of: .timer)))
        let bytes = BatchEncoder.encode(Batch(partials: [partial]))
        let decoded = try BatchDecoder.decode(bytes)
        #expect(decoded.partials.first?.aggregate.packedSketch == partial.aggregate.packedSketch, "seed \(seed)")
    }

    private func exp2Of(_ value: Double) -> Double { Double(sign: .plus, exponent: Int(value.rounded(.down)), significand: 1.37) }
}
