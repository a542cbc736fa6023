import DattssCore
import DattssTestSupport
import Testing

@testable import DattssServer

/// Exports that are read point by point, against the plain way through the tree.
@Suite struct OTLPUsualExportTests {
    /// What a point comes down to, in every detail.
    private static func description(_ points: OTLPPoints) -> [String] {
        points.points.map { point in
            "\(point.name.series) \(point.name.path) \(point.name.original ?? "-") \(point.name.unit) \(point.start) \(point.time)"
                + " \(point.value)"
        } + points.processes.sorted() + ["\(points.rejectedCount)"]
    }

    private static func plain(_ bytes: [UInt8], sizeMax: Int) -> [String]? {
        (try? OTLPFormat.protobuf.decode(bytes, sizeMax: sizeMax)).map { description(OTLPPoints($0)) }
    }

    private static func usual(_ bytes: [UInt8], _ reader: inout OTLPUsualExport, sizeMax: Int) -> [String]? {
        bytes.withUnsafeBytes { reader.read($0, sizeMax: sizeMax) }.map(description)
    }

    @Test("what is read point by point is what the tree says, of series that are new and of those that come again")
    func sameAsPlain() throws {
        // Goal: it is only faster; a name that is taken from memory is the one that would be worked out.
        var reader = OTLPUsualExport()
        var read = 0
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            for _ in 0..<400 {
                let bytes = ProtobufExport.bytes(of: Self.metrics(&random))
                let plain = try #require(Self.plain(bytes, sizeMax: 1000))
                for _ in 0..<2 {
                    guard let usual = Self.usual(bytes, &reader, sizeMax: 1000) else { continue }
                    #expect(usual == plain, "seed \(seed)")
                    read += 1
                }
            }
        }
        #expect(read > 600)
    }

    @Test("exports of the real SDK are read point by point")
    func realExport() throws {
        // Goal: the usual form is that of the senders.
        var reader = OTLPUsualExport()
        let bytes = try OTLPTests.export("export.pb")
        for _ in 0..<2 {
            let usual = try #require(Self.usual(bytes, &reader, sizeMax: 1000))
            #expect(usual == Self.plain(bytes, sizeMax: 1000))
        }
    }

    @Test("exports that are cut or mutated are read as the tree is, or not at all", arguments: [1, 2, 3, 4] as [UInt64])
    func mutated(seed: UInt64) throws {
        // Goal: bytes come from outside; what is refused by one way is not taken in by the other, and no name is remembered for
        // bytes that make another one.
        var random = SeededGenerator(seed: seed)
        var reader = OTLPUsualExport()
        let whole = try OTLPTests.export("export.pb")
        for length in 0..<whole.count {
            let bytes = Array(whole[..<length])
            if let usual = Self.usual(bytes, &reader, sizeMax: 100) { #expect(usual == Self.plain(bytes, sizeMax: 100)) }
        }
        var read = 0
        for _ in 0..<2000 {
            var bytes = Int.random(in: 0..<2, using: &random) == 0 ? whole : ProtobufExport.bytes(of: Self.metrics(&random))
            if bytes.isEmpty { continue }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where bytes.count > 1: bytes.remove(at: place)
                case 1: bytes.insert(.random(in: 0...255, using: &random), at: place)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            guard let usual = Self.usual(bytes, &reader, sizeMax: 100) else { continue }
            #expect(usual == Self.plain(bytes, sizeMax: 100), "seed \(seed)")
            read += 1
        }
        #expect(read > 100)
    }

    @Test("what has an order, a repetition or a size of its own is left to the plain way")
    func unusual() {
        // Goal: a resource that follows its scopes, or says something twice, means what the tree makes of it.
        func message(_ field: UInt8, _ bytes: [UInt8]...) -> [UInt8] { ProtobufExport.message(field, Array(bytes.joined())) }
        let point = message(1, [0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        let (name, gauge) = (message(1, [0x61]), message(5, point))
        let metric = message(2, name, gauge)
        let process = message(1, message(1, message(1, Array("service.name".utf8)), message(2, message(1, Array("shop".utf8)))))
        var reader = OTLPUsualExport()
        for (bytes, isUsual) in [
            (message(1, process, message(2, metric)), true),
            (message(1, message(2, metric), process), false),
            (message(1, process, process, message(2, metric)), false),
            (message(1, message(2, message(1, name), metric)), true), (message(1, message(2, metric, metric)), true),
            (message(1, message(2, metric, message(1, name))), false),
            (message(1, message(2, message(2, gauge, name))), true),
            (message(1, message(2, message(2, name, name, gauge))), false),
            (message(1, message(2, message(2, name, gauge, gauge))), false),
            (message(1, message(2, message(2, name, message(11, point)))), false),
            (message(1, message(2, message(2, gauge))), false),
            (message(1, process), false), (message(1, message(2, [])), false), ([0x0A], false),
            (message(1, message(2, metric, metric, metric)), false),
        ] as [([UInt8], Bool)] {
            let usual = Self.usual(bytes, &reader, sizeMax: 2)
            #expect((usual != nil) == isUsual, "\(bytes)")
            if let usual { #expect(usual == Self.plain(bytes, sizeMax: 2)) }
        }
    }

    @Test("names that are made up fill no memory, and those behind them are read as well")
    func bounded() throws {
        // Goal: what is remembered has a bound, and beyond it all is as it was.
        var known = OTLPKnownSeries()
        let name = OTLPSeriesName(series: OTLPIdentity().key, path: "a", original: nil, unit: "")
        func identity(_ number: Int) -> [UInt8] {
            withUnsafeBytes(of: number) { Array($0) } + [UInt8](repeating: 7, count: OTLPKnownSeries.identityBytesMax - 8)
        }
        let count = OTLPKnownSeries.bytesMax / OTLPKnownSeries.identityBytesMax
        for number in 0...count { known.add(name, identity(number), OTLPKnownSeries.hash(identity(number))) }
        #expect(known.name(identity(0), OTLPKnownSeries.hash(identity(0))) == nil)
        #expect(known.name(identity(count), OTLPKnownSeries.hash(identity(count))) === name)
        // Another identity of the same hash is another series.
        #expect(known.name(identity(0), OTLPKnownSeries.hash(identity(count))) == nil)
        let long = identity(0) + [1]
        known.add(name, long, OTLPKnownSeries.hash(long))
        #expect(known.name(long, OTLPKnownSeries.hash(long)) == nil)
    }

    // MARK: Random exports

    /// They have few names, so that series come again, and are mostly of the usual form.
    private static func metrics(_ random: inout SeededGenerator) -> OTLPMetrics {
        OTLPMetrics(
            resources: several(&random) { random in
                OTLPMetrics.Resource(
                    attributes: random.oneIn(2) ? [OTLPExport.string("service.name", text(&random))] : attributes(&random),
                    scopes: several(&random) { random in
                        OTLPMetrics.Scope(
                            name: text(&random), attributes: attributes(&random), metrics: several(&random) { metric(&$0) })
                    })
            })
    }

    private static func several<Element>(
        _ random: inout SeededGenerator, _ make: (inout SeededGenerator) -> Element
    ) -> [Element] {
        (0..<Int.random(in: random.oneIn(12) ? 0...0 : 1...3, using: &random)).map { _ in make(&random) }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        random.element(of: ["a", "b", "http.server.duration", "temps réel", "a b"])
    }

    private static func attributes(_ random: inout SeededGenerator) -> [OTLPMetrics.Attribute] {
        (0..<Int.random(in: 0...2, using: &random)).map { _ in
            .init(
                key: text(&random),
                value: random.element(of: [.string("x"), .int(7), .bool(true), .double(0.5), .array([.int(1)]), .none]))
        }
    }

    private static func head(_ random: inout SeededGenerator) -> OTLPMetrics.Head {
        .init(
            attributes: attributes(&random), start: .random(in: 0...3, using: &random), time: .random(in: 0...5, using: &random),
            flags: random.oneIn(40) ? 1 : 0)
    }

    private static func metric(_ random: inout SeededGenerator) -> OTLPMetrics.Metric {
        var metric = OTLPMetrics.Metric(name: text(&random), unit: random.element(of: ["", "s", "By"]))
        let temporality: OTLPMetrics.Temporality =
            random.oneIn(40) ? .unspecified : random.element(of: [.delta, .cumulative])
        func value(_ random: inout SeededGenerator) -> Double {
            random.oneIn(40) ? .infinity : .random(in: -10...10, using: &random)
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: metric.gauge.points = several(&random) { .init(head: head(&$0), value: value(&$0)) }
        case 1:
            metric.sum = .init(
                points: several(&random) { .init(head: head(&$0), value: value(&$0)) }, temporality: temporality,
                isMonotonic: random.oneIn(2))
        case 2:
            metric.histogram = .init(
                points: several(&random) { random in
                    let counts = [UInt64.random(in: 0...3, using: &random), 2]
                    return .init(
                        head: head(&random), count: counts[0] + 2, sum: 5, bucketCounts: counts, explicitBounds: [1])
                }, temporality: temporality)
        default:
            metric.exponentialHistogram = .init(
                points: several(&random) { random in
                    let counts = [UInt64.random(in: 1...3, using: &random), 2]
                    return .init(
                        head: head(&random), count: counts[0] + 3, sum: 5, scale: 3, zeroCount: 1,
                        positive: .init(offset: .random(in: -5...5, using: &random), counts: counts))
                }, temporality: temporality)
        }
        return metric
    }
}
