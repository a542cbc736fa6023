import DattssCore
import DattssTestSupport
import Testing

@testable import DattssLog

/// Goal: the quick way to read sketches finds what the plain one finds, in sound bytes and in damaged ones: the same points or the same
/// error.
@Suite struct SketchReadingTests {
    @Test("sketches of every kind of statistic are read alike", arguments: ChunkValues.Kind.allCases)
    func kinds(_ kind: ChunkValues.Kind) {
        var values = ChunkValues(seed: 21)
        for count in [1, 2, 24, 400] { expectAlike(ChunkCodec.encode(values.day(kind, count: count), origin: midnight), "\(kind)") }
    }

    @Test("sketches of few samples and of many, narrow and wide, are read alike", arguments: 1...40 as ClosedRange<UInt64>)
    func shapes(seed: UInt64) {
        var values = SketchValues(seed: seed)
        expectAlike(ChunkCodec.encode(values.points(count: 150), origin: midnight), "seed \(seed)")
    }

    @Test("arbitrary aggregates are read alike", arguments: 1...4 as ClosedRange<UInt64>)
    func arbitrary(seed: UInt64) {
        var values = ChunkValues(seed: seed)
        for count in [1, 3, 24, 200] {
            expectAlike(ChunkCodec.encode(values.arbitrary(count: count), origin: midnight), "seed \(seed)")
        }
    }

    @Test("damaged bytes are read alike, or refused alike")
    func damage() {
        #if DEBUG
            let mutationsEach = 20
        #else
            let mutationsEach = 1000
        #endif
        var (values, shapes) = (ChunkValues(seed: 31), SketchValues(seed: 32))
        var (read, refused) = (0, 0)
        for round in 0..<100 {
            let points = round % 2 == 0 ? shapes.points(count: 10) : values.day(.timer, count: 10)
            let bytes = ChunkCodec.encode(points, origin: midnight)
            // Only where the sketches are: what is in front of them is read in one way alone.
            let start = ChunkCodec.encode(points.map(\.withoutSketch), origin: midnight).count
            for _ in 0..<mutationsEach {
                let mutated = Array(bytes[..<start]) + values.mutated(Array(bytes[start...]))
                if expectAlike(mutated, "round \(round)") { read += 1 } else { refused += 1 }
            }
        }
        #expect(read > mutationsEach && refused > 5 * mutationsEach, "\(read) read, \(refused) refused")
    }

    @Test("those of a span of minutes, added up as they are read, are what they come to one by one")
    func merged() {
        var (withSketchesCount, withoutCount) = (0, 0)
        for seed in 1...30 as ClosedRange<UInt64> {
            var (shapes, values) = (SketchValues(seed: seed), ChunkValues(seed: seed))
            for points in [shapes.points(count: 150), values.day(.timer, count: 200), values.arbitrary(count: 20)] {
                for minutes in [1, 7, 60, 10_000] as [Int64] {
                    if expectMerged(points, minutes, withSketches: true, seed) { withSketchesCount += 1 }
                    if expectMerged(points, minutes, withSketches: false, seed) { withoutCount += 1 }
                }
            }
        }
        #expect(withSketchesCount >= 40 && withoutCount == 30 * 3 * 4, "\(withSketchesCount), \(withoutCount)")
    }

    /// - Returns: whether they can be added up as they are read.
    private func expectMerged(_ points: [HistorySlice.Point], _ minutes: Int64, withSketches: Bool, _ seed: UInt64) -> Bool {
        let spans = MinuteSpans(from: midnight.advanced(by: Int64(seed)), minutes: minutes)
        let range = midnight.advanced(by: Int64(seed % 3 * 20))..<midnight.advanced(by: 140)
        let bytes = ChunkCodec.encode(points, origin: midnight)
        guard let merge = ChunkMerge(bytes, origin: midnight, withSketches: withSketches, spans, in: range) else { return false }
        #expect(merge.count == points.count && merge.first == points.first?.minute && merge.last == points.last?.minute)
        let asked = points.filter { range.contains($0.minute) }
        let all = withSketches ? asked : asked.map(\.withoutSketch)
        let isSame = SpanTotals.of(merge.points, spans).isSame(as: SpanTotals.of(all, spans), withSketches: withSketches)
        #expect(isSame, "seed \(seed), \(minutes) minutes, with sketches: \(withSketches)")
        let spanCount = Set(all.map { spans.number(of: $0.minute) }).count
        let alone = withSketches ? all.count { $0.aggregate.packedSketch == nil } : 0
        #expect(merge.points.count <= spanCount + alone, "what is of one span is one point")
        return true
    }

    @Test("what is damaged is not added up, unless each by itself can be read, too")
    func mergedDamage() throws {
        var (values, shapes, mergedCount) = (ChunkValues(seed: 41), SketchValues(seed: 42), 0)
        let spans = MinuteSpans(from: midnight, minutes: 4)
        for _ in 0..<60 {
            let points = shapes.points(count: 12)
            let bytes = ChunkCodec.encode(points, origin: midnight)
            let start = ChunkCodec.encode(points.map(\.withoutSketch), origin: midnight).count
            for _ in 0..<80 {
                let mutated = Array(bytes[..<start]) + values.mutated(Array(bytes[start...]))
                let range = midnight.advanced(by: -1 << 40)..<midnight.advanced(by: 1 << 40)
                guard let merge = ChunkMerge(mutated, origin: midnight, withSketches: true, spans, in: range) else { continue }
                mergedCount += 1
                let plain = try ChunkCodec.decode(mutated, origin: midnight, isPlain: true)
                #expect(SpanTotals.of(merge.points, spans).isSame(as: SpanTotals.of(plain, spans)))
            }
        }
        #expect(mergedCount > 10, "\(mergedCount) were read")
    }

    /// - Returns: whether both read it.
    @discardableResult private func expectAlike(_ bytes: [UInt8], _ what: String) -> Bool {
        let (quick, plain) = (outcome(bytes, isPlain: false), outcome(bytes, isPlain: true))
        #expect(quick == plain, "\(what)")
        return quick.problem == nil
    }

    private struct Outcome: Equatable {
        var points: [HistorySlice.Point] = []
        var problem: String?
    }

    private func outcome(_ bytes: [UInt8], isPlain: Bool) -> Outcome {
        do throws(LogError) {
            return Outcome(points: try ChunkCodec.decode(bytes, origin: midnight, isPlain: isPlain))
        } catch {
            return Outcome(problem: "\(error)")
        }
    }
}

extension HistorySlice.Point {
    fileprivate var withoutSketch: Self {
        var point = self
        point.aggregate.sketch = nil
        return point
    }
}

/// Timers whose samples are spread in many ways, seeded.
private struct SketchValues {
    private var values: RandomValues

    init(seed: UInt64) { values = RandomValues(seed: seed) }

    mutating func points(count: Int) -> [HistorySlice.Point] {
        let samplesMax = values.random.element(of: [1, 2, 5, 60, 500, 3000])
        let (width, hasZeros) = (values.random.element(of: [1, 4, 40, 400]), values.random.oneIn(3))
        return (0..<count).map { minute in
            var accumulator = SampleAccumulator()
            for _ in 0..<values.int(1...samplesMax) {
                let octaves = Double(values.int(0...width)) * Double(values.int(0...100)) / 1000
                accumulator.add(hasZeros && values.random.oneIn(4) ? 0 : SketchIndex.representative(of: Int32(octaves * 32)))
            }
            let aggregate = accumulator.partial(of: .timer) ?? Aggregate(sample: 0)
            return HistorySlice.Point(minute: midnight.advanced(by: Int64(minute)), aggregate: aggregate)
        }
    }
}
