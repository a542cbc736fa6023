import DattssCore
import DattssLog
import DattssTestSupport
import Testing

/// Goal: a chunk gives back what went in, bit by bit, for every aggregate the model allows; it is small; and no bytes make
/// the decoder trap or allocate beyond the caps.
@Suite struct ChunkCodecTests {
    // MARK: Round trips

    @Test("arbitrary aggregates round-trip, with and without their sketches", arguments: 1...2 as ClosedRange<UInt64>)
    func arbitrary(seed: UInt64) throws {
        var values = ChunkValues(seed: seed)
        for round in 0..<60 {
            let points = values.arbitrary(count: [1, 2, 3, 24, 200][round % 5])
            try expectRoundTrip(points, "seed \(seed)")
        }
    }

    @Test("a day of each kind of statistic round-trips", arguments: ChunkValues.Kind.allCases)
    func day(_ kind: ChunkValues.Kind) throws {
        var values = ChunkValues(seed: 5)
        try expectRoundTrip(values.day(kind, count: 1440), "\(kind)")
    }

    @Test("24 hours round-trip")
    func hours() throws {
        var values = ChunkValues(seed: 7)
        for kind in ChunkValues.Kind.allCases { try expectRoundTrip(values.day(kind, count: 24, step: 60), "\(kind)") }
    }

    @Test("numbers that are hard to store round-trip alone and in every pair")
    func extremes() throws {
        let numbers: [Double] = [
            0, -0.0, 1, -1, 0.1, 0.1 + 0.2, 1 / 3, 0x1p53, -0x1p53, 0x1p53 + 2, 0x1p63, 0x1p-1074, 0x1p-1022, 5e-5, 1e15 + 0.5,
            .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .pi, 123_456_789.012_345, .infinity, -.infinity,
        ]
        for first in numbers {
            for second in numbers {
                let points = [first, second, first].enumerated().map { minute, value in
                    HistorySlice.Point(
                        minute: midnight.advanced(by: Int64(minute)),
                        aggregate: Aggregate(
                            sum: second, count: 3, max: first, min: second, first: value, last: first, bottom: value,
                            top: second))
                }
                try expectRoundTrip(points, "\(first) and \(second)")
                try expectRoundTrip([points[0]], "\(first) and \(second)")
            }
        }
    }

    @Test("minutes far apart, before the origin, and repeated round-trip in order")
    func minutes() throws {
        let minutes: [Int64] = [-(1 << 40), -5, -5, 0, 1, 1, 1, 1439, 1 << 40]
        let points = minutes.enumerated().map { position, minute in
            HistorySlice.Point(minute: Minute(minute), aggregate: Aggregate(sample: Double(position)))
        }
        try expectRoundTrip(points, "minutes")
    }

    @Test("a chunk of descending minutes is refused")
    func descendingMinutes() {
        // Goal: readers compare only the first and the last minute with the index; in between there may not be another day.
        let points = [0, 5, 3, 9].map { HistorySlice.Point(minute: midnight.advanced(by: $0), aggregate: Aggregate(sample: 1)) }
        let bytes = ChunkCodec.encode(points, origin: midnight)
        #expect(throws: LogError.self) { try ChunkCodec.decode(bytes, origin: midnight) }
    }

    @Test("sketches that their rows do not describe round-trip too")
    func irregularSketches() throws {
        var collapsed = Sketch()
        for exponent in -300...300 { collapsed.add(Double(sign: .plus, exponent: exponent, significand: 1.5)) }
        var mixed = Sketch()
        for value in [-3.0, -3, -0.5, 0, 0, 0.5, 7, 7, 7] { mixed.add(value) }
        var heavy = Sketch()
        heavy.add(1, weight: Aggregate.countMax - 1)
        heavy.add(9)
        let sketches = [
            Sketch(), collapsed, mixed, heavy, mixed,
            Sketch(zeroCount: .max, positive: collapsed.positive, negative: collapsed.positive),
        ]
        let points = sketches.enumerated().flatMap { position, sketch in
            [(-3.0, 7.0), (1, 9), (0, 0), (-1, 1)].map { min, max in
                HistorySlice.Point(
                    minute: midnight.advanced(by: Int64(position)),
                    aggregate: Aggregate(
                        sum: 30, count: Swift.max(1, min == 0 ? 12 : sketch.count), max: max, min: min, first: min, last: max,
                        bottom: min, top: max, sketch: sketch))
            }
        }
        try expectRoundTrip(points, "irregular")
        for point in points { try expectRoundTrip([point], "irregular, alone") }
    }

    // MARK: Size

    @Test("a day of a counter of ones takes a byte a minute, of a constant nearly nothing")
    func smallness() {
        var values = ChunkValues(seed: 11)
        #expect(ChunkCodec.encode(values.day(.ones, count: 1440), origin: midnight).count < 1440)
        let constant = (0..<1440).map {
            HistorySlice.Point(minute: midnight.advanced(by: $0), aggregate: Aggregate(sample: 21.5))
        }
        #expect(ChunkCodec.encode(constant, origin: midnight).count < 40)
    }

    @Test("a sketch takes less than a byte a bucket: by itself it takes two and more")
    func sketchSmallness() {
        var values = ChunkValues(seed: 12)
        let points = values.day(.timer, count: 500)
        let bare = points.map { point in
            var point = point
            point.aggregate.sketch = nil
            return point
        }
        let buckets = points.reduce(0) { $0 + ($1.aggregate.sketch?.positive.indices.count ?? 0) }
        let sketches =
            ChunkCodec.encode(points, origin: midnight).count - ChunkCodec.encode(bare, origin: midnight).count
        #expect(sketches < buckets)
    }

    // MARK: Damage

    @Test("a chunk that is cut anywhere is refused")
    func truncation() {
        var values = ChunkValues(seed: 3)
        for kind in ChunkValues.Kind.allCases {
            let bytes = ChunkCodec.encode(values.day(kind, count: 60), origin: midnight)
            for length in 0..<bytes.count {
                #expect(throws: LogError.self, "\(kind) cut at \(length) of \(bytes.count)") {
                    try ChunkCodec.decode(Array(bytes.prefix(length)), origin: midnight)
                }
            }
            #expect(throws: LogError.self) { try ChunkCodec.decode(bytes + [0], origin: midnight) }
        }
    }

    @Test("a chunk of a later version, of no points or of too many is told from a damaged one")
    func refusals() throws {
        func code(_ bytes: [UInt8]) -> LogError.Code? {
            #expect(throws: LogError.self) { try ChunkCodec.decode(bytes, origin: midnight) }?.code
        }
        #expect(code([2, 1]) == .unsupportedVersion)
        #expect(code([1, 0]) == .overLimit)
        var many = ByteWriter()
        many.append(1)
        many.appendVarint(ChunkCodec.pointsMax + 1)
        #expect(code(many.bytes) == .overLimit)
        #expect(code([]) == .malformed)
    }

    @Test("200,000 mutations (in debug builds, 4,000): decoded or refused, never a trap, never more points than the cap")
    func mutations() throws {
        #if DEBUG
            let mutationsEach = 10
        #else
            let mutationsEach = 500
        #endif
        let seed: UInt64 = 20_261_122
        var values = ChunkValues(seed: seed)
        var (decoded, refused) = (0, 0)
        for round in 0..<400 {
            let kind = ChunkValues.Kind.allCases[round % ChunkValues.Kind.allCases.count]
            let points = round % 3 == 0 ? values.arbitrary(count: 6) : values.day(kind, count: 12)
            let bytes = ChunkCodec.encode(points, origin: midnight)
            for _ in 0..<mutationsEach {
                let mutated = values.mutated(bytes)
                do {
                    let points = try ChunkCodec.decode(mutated, origin: midnight)
                    decoded += 1
                    if !(1...ChunkCodec.pointsMax ~= points.count) { Issue.record("\(points.count) points, seed \(seed)") }
                } catch {
                    refused += 1
                }
            }
        }
        // Neither all refused nor all decoded: the mutations reach deep into the decoder.
        #expect(decoded > 40 * mutationsEach && refused > 40 * mutationsEach, "\(decoded) decoded, \(refused) refused")
    }

    private func expectRoundTrip(_ points: [HistorySlice.Point], _ what: String) throws {
        let bytes = ChunkCodec.encode(points, origin: midnight)
        let decoded = try ChunkCodec.decode(bytes, origin: midnight)
        #expect(decoded == points, "\(what)")
        #expect(decoded.map { bits($0.aggregate) } == points.map { bits($0.aggregate) }, "\(what)")
        let bare = try ChunkCodec.decode(bytes, origin: midnight, withSketches: false)
        let expected = points.map { point in
            var point = point
            point.aggregate.sketch = nil
            return point
        }
        #expect(bare == expected, "\(what)")
        #expect(bare.map { bits($0.aggregate) } == points.map { bits($0.aggregate) }, "\(what)")
    }
}

/// Points of one statistic, seeded.
struct ChunkValues {
    enum Kind: CaseIterable {
        case ones, amounts, timer, gauge, ratio
    }

    private var values: RandomValues

    init(seed: UInt64) { values = RandomValues(seed: seed) }

    /// Anything that the model allows, and some minutes more than once.
    mutating func arbitrary(count: Int) -> [HistorySlice.Point] {
        var minute = Int64(values.int(0...500))
        return (0..<count).map { _ in
            minute += Int64(values.random.element(of: [0, 1, 1, 1, 1, 2, 60, 900]))
            return HistorySlice.Point(minute: midnight.advanced(by: minute), aggregate: values.aggregate())
        }
    }

    /// What a server would make of samples.
    mutating func day(_ kind: Kind, count: Int, step: Int64 = 1) -> [HistorySlice.Point] {
        var level = 500.0
        return (0..<count).map { position in
            var accumulator = SampleAccumulator()
            for _ in 0..<values.int(1...40) {
                switch kind {
                case .ones: accumulator.add(1)
                case .amounts: accumulator.add(Double(values.int(-3...20)))
                case .timer: accumulator.add(Double(values.int(0...30) * values.int(1...30)))
                case .gauge:
                    level += Double(values.int(-200...200)) / 100
                    accumulator.add((level * 100).rounded() / 100, isEmphasised: values.random.oneIn(200))
                case .ratio: accumulator.add(Double.random(in: 0..<1, using: &values.random))
                }
            }
            let aggregate = accumulator.partial(of: kind == .timer ? .timer : .gauge) ?? Aggregate(sample: 0)
            return HistorySlice.Point(minute: midnight.advanced(by: Int64(position) * step), aggregate: aggregate)
        }
    }

    /// Flips, overwrites, inserts, deletes or cuts, up to three times.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<values.int(1...3) where !bytes.isEmpty {
            let position = values.int(0...bytes.count - 1)
            switch values.int(0...7) {
            case 0...3: bytes[position] ^= 1 << UInt8(values.int(0...7))
            case 4: bytes[position] = values.random.element(of: [0, 1, 0x7F, 0x80, 0xFF])
            case 5: bytes.insert(UInt8(values.int(0...255)), at: position)
            case 6: bytes.remove(at: position)
            default: bytes.removeSubrange(position...)
            }
        }
        return bytes
    }
}
