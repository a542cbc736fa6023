import DattssCore
import Testing

@testable import DattssServer

/// Nothing costs more than in proportion to the body's bytes.
@Suite struct OTLPCostTests {
    private struct Attack: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// A body of about so many bytes.
        var body: @Sendable (Int) -> [UInt8]
    }

    private static func wrapped(_ fields: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        fields.reversed().reduce(bytes) { ProtobufExport.message($1, $0) }
    }

    private static func text(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: count) }

    private static func many(_ count: Int, _ bytes: [UInt8]) -> [UInt8] {
        Array((0..<count).map { _ in bytes }.joined())
    }

    /// A point of a gauge, and one of a sum.
    private static let point: [UInt8] = [0x0A, 9, 0x21, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]

    private static let attacks = [
        Attack(testDescription: "a long name of many points") { size in
            wrapped(
                [1, 2, 2], ProtobufExport.message(1, text(size - size / 8)) + ProtobufExport.message(5, many(size / 8 / 11, point)))
        },
        Attack(testDescription: "a long name of one character") { size in
            let combining = many(size / 4, [0xCC, 0x81])
            return wrapped(
                [1, 2, 2], ProtobufExport.message(1, [0x61] + combining) + ProtobufExport.message(5, many(size / 4 / 11, point)))
        },
        Attack(testDescription: "a long scope of many metrics") { size in
            let metric = ProtobufExport.message(2, ProtobufExport.message(1, [0x61]) + ProtobufExport.message(5, point))
            return wrapped([1, 2], wrapped([1, 1], text(size / 2)) + many(min(9000, size / 2 / metric.count), metric))
        },
        Attack(testDescription: "a long resource of many scopes") { size in
            wrapped([1], wrapped([1, 1, 1], text(size / 2)) + many(min(9000, size / 4), [0x12, 0]))
        },
        Attack(testDescription: "many metrics of one point") { size in
            let metric = ProtobufExport.message(2, ProtobufExport.message(1, [0x61]) + ProtobufExport.message(5, point))
            return wrapped([1, 2], many(min(9900, size / metric.count), metric))
        },
        Attack(testDescription: "many empty resources") { size in many(size / 2, [0x0A, 0]) },
        Attack(testDescription: "many empty metrics") { size in wrapped([1, 2], many(size / 2, [0x12, 0])) },
        Attack(testDescription: "many empty points") { size in wrapped([1, 2, 2, 5], many(size / 2, [0x0A, 0])) },
        Attack(testDescription: "many empty attributes of a resource") { size in wrapped([1, 1], many(size / 2, [0x0A, 0])) },
        Attack(testDescription: "attributes with a long beginning in common") { size in
            wrapped([1, 1], (0..<64).flatMap { ProtobufExport.message(1, ProtobufExport.message(1, text(size / 64) + [$0])) })
        },
        Attack(testDescription: "many long attributes of a point") { size in
            let attribute = ProtobufExport.message(7, ProtobufExport.message(1, text(200)))
            let points = many(size / 13_000, ProtobufExport.message(1, many(60, attribute)))
            return wrapped([1, 2, 2], ProtobufExport.message(1, [0x61]) + ProtobufExport.message(5, points))
        },
        Attack(testDescription: "a list of many values") { size in
            wrapped([1, 1, 1, 2, 5], many(size / 2, [0x0A, 0]))
        },
        Attack(testDescription: "histograms of many buckets") { size in
            let buckets = wrapped([8], ProtobufExport.message(2, [UInt8](repeating: 100, count: 1000)))
            let point = ProtobufExport.message(
                1, [0x21] + (0..<8).map { UInt8(truncatingIfNeeded: 100_000 >> ($0 * 8)) } + [0x30, 1] + buckets)
            return wrapped(
                [1, 2, 2],
                ProtobufExport.message(1, [0x61])
                    + ProtobufExport.message(10, many(size / point.count, point) + [0x10, 1]))
        },
        Attack(testDescription: "many fields that nobody knows") { size in many(size / 2, [0x78, 0]) },
        Attack(testDescription: "JSON of many empty resources") { size in
            Array(("{\"resourceMetrics\":[" + String(repeating: "{},", count: size / 3) + "{}]}").utf8)
        },
        Attack(testDescription: "JSON of many members") { size in
            Array(("{" + String(repeating: "\"resource_metrics\":[],", count: size / 22) + "\"a\":[]}").utf8)
        },
        Attack(testDescription: "JSON of a long name of many points") { size in
            let points = String(repeating: "{\"asInt\":1},", count: size / 8 / 12)
            let name = String(repeating: "x", count: size - size / 8)
            return Array(
                "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"\(name)\",\"gauge\":{\"dataPoints\":[\(points){}]}}]}]}]}"
                    .utf8)
        },
    ]

    /// Seconds of the processor, the best of three.
    private func cost(_ body: [UInt8]) -> Double {
        let format = body.first == UInt8(ascii: "{") ? OTLPFormat.json : .protobuf
        return (0..<3).map { _ in
            let intake = OTLPIntake(startedAt: Timestamp(seconds: 0))
            let before = ProcessorTime.seconds()
            // What is refused has to be refused at the same cost.
            if let metrics = try? format.decode(body, sizeMax: Limits().partialsPerBatch) {
                _ = intake.plan(metrics, of: .local, at: Moment(Timestamp(seconds: 1_795_330_000)), limits: Limits())
            }
            return ProcessorTime.seconds() - before
        }.min() ?? 0
    }

    @Test("eight times the bytes cost some eight times as much, and no attack much more than plain exports", arguments: attacks)
    private func linear(_ attack: Attack) {
        // Goal: 969 bytes of gzip stop nobody. A name, a scope or a resource is looked at once, and not for each of its points.
        let (small, large) = (attack.body(64_000), attack.body(512_000))
        let (few, many) = (cost(small), cost(large))
        #expect(many < 8 * few * 5 + 0.05, "\(small.count) bytes in \(few) s, \(large.count) bytes in \(many) s")
        let metrics = (0..<1500).map { number in
            OTLPExport.sum("http.requests.\(number)", (1, 2, 3), attributes: [OTLPExport.string("method", "GET")])
        }
        let plain = ProtobufExport.bytes(of: OTLPMetrics(resources: [.init(scopes: [.init(metrics: metrics)])]))
        let ratio = (many / Double(large.count)) / (cost(plain) / Double(plain.count))
        // (What shares a cache with others takes some more now and then; quadratic cost would be hundreds of times as much.)
        #expect(ratio < 30, "\(ratio) times what a plain export costs a byte")
    }
}
