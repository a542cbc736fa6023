import DattssCore
import DattssTestSupport
import Foundation
import Testing

@testable import DattssServer

/// The same export in both formats, written by writers of the tests' own.
@Suite struct OTLPFormatsTests {
    @Test("any export says the same in protobuf and in JSON", arguments: [1, 2, 3, 4] as [UInt64])
    func bothFormats(seed: UInt64) throws {
        // Goal: a member that one decoder reads and the other one not, or reads otherwise, is found.
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let metrics = Self.metrics(&generator)
            let protobuf = try OTLPFormat.protobuf.decode(ProtobufExport.bytes(of: metrics), sizeMax: 1000)
            let json = try OTLPFormat.json.decode(JSONExport(&generator).bytes(of: metrics), sizeMax: 1000)
            #expect(protobuf == metrics, "seed \(seed)")
            #expect(json == metrics, "seed \(seed)")
        }
    }

    // MARK: Random exports

    private static func metrics(_ random: inout SeededGenerator) -> OTLPMetrics {
        OTLPMetrics(
            resources: several(&random) { random in
                OTLPMetrics.Resource(
                    attributes: attributes(&random),
                    scopes: several(&random) { random in
                        OTLPMetrics.Scope(
                            name: text(&random), version: text(&random), attributes: attributes(&random),
                            metrics: several(&random) { metric(&$0) })
                    })
            })
    }

    private static func several<Element>(
        _ random: inout SeededGenerator, _ make: (inout SeededGenerator) -> Element
    ) -> [Element] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in make(&random) }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        random.element(of: ["", "a", "http.server.duration", "é\u{1F600}", "a \"quoted\"\\\n", String(repeating: "x", count: 200)])
    }

    private static func integer(_ random: inout SeededGenerator) -> UInt64 {
        random.element(of: [0, 1, 127, 128, 1 << 53 + 1, .max, UInt64.random(in: 0...(.max), using: &random)])
    }

    private static func double(_ random: inout SeededGenerator) -> Double {
        random.element(of: [0, -0.0, 1.5, -1e300, .infinity, -.infinity, 0.1, Double.random(in: -1e6...1e6, using: &random)])
    }

    private static func attributes(_ random: inout SeededGenerator, depth: Int = 0) -> [OTLPMetrics.Attribute] {
        several(&random) { .init(key: text(&$0), value: value(&$0, depth: depth)) }
    }

    private static func value(_ random: inout SeededGenerator, depth: Int) -> OTLPMetrics.AnyValue {
        switch Int.random(in: 0..<(depth < 3 ? 8 : 6), using: &random) {
        case 0: .none
        case 1: .string(text(&random))
        case 2: .bool(random.oneIn(2))
        case 3: .int(Int64(bitPattern: integer(&random)))
        case 4: .double(double(&random))
        case 5: .bytes(Array(text(&random).utf8))
        case 6: .array(several(&random) { value(&$0, depth: depth + 1) })
        default: .map(attributes(&random, depth: depth + 1))
        }
    }

    private static func head(_ random: inout SeededGenerator) -> OTLPMetrics.Head {
        .init(
            attributes: attributes(&random), start: integer(&random), time: integer(&random), flags: UInt64(random.oneIn(2) ? 1 : 0)
        )
    }

    private static func metric(_ random: inout SeededGenerator) -> OTLPMetrics.Metric {
        var metric = OTLPMetrics.Metric(name: text(&random), unit: text(&random))
        let temporality = random.element(of: [OTLPMetrics.Temporality.unspecified, .delta, .cumulative])
        func optional(_ random: inout SeededGenerator) -> Double? { random.oneIn(2) ? double(&random) : nil }
        func buckets(_ random: inout SeededGenerator) -> OTLPMetrics.Buckets {
            .init(offset: .random(in: (.min)...(.max), using: &random), counts: several(&random) { integer(&$0) })
        }
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
            metric.gauge.points = several(&random) {
                .init(head: head(&$0), value: $0.oneIn(2) ? double(&$0) : Double(Int32.random(in: (.min)...(.max), using: &$0)))
            }
        case 1:
            metric.sum = .init(
                points: several(&random) { .init(head: head(&$0), value: optional(&$0)) }, temporality: temporality,
                isMonotonic: random.oneIn(2))
        case 2:
            metric.histogram = .init(
                points: several(&random) {
                    .init(
                        head: head(&$0), count: integer(&$0), sum: optional(&$0), min: optional(&$0), max: optional(&$0),
                        bucketCounts: several(&$0) { integer(&$0) }, explicitBounds: several(&$0) { double(&$0) })
                }, temporality: temporality)
        case 3:
            metric.exponentialHistogram = .init(
                points: several(&random) {
                    .init(
                        head: head(&$0), count: integer(&$0), sum: optional(&$0), min: optional(&$0), max: optional(&$0),
                        scale: .random(in: (.min)...(.max), using: &$0), zeroCount: integer(&$0), zeroThreshold: double(&$0),
                        positive: buckets(&$0), negative: buckets(&$0))
                }, temporality: temporality)
        default: metric.summaryPointCount = Int.random(in: 0...3, using: &random)
        }
        return metric
    }
}

/// Writes protobuf. A field that has its default is written all the same.
enum ProtobufExport {
    static func bytes(of metrics: OTLPMetrics) -> [UInt8] {
        metrics.resources.flatMap { resource in
            message(
                1,
                message(1, resource.attributes.flatMap { message(1, attribute($0)) })
                    + resource.scopes.flatMap { message(2, scope($0)) })
        }
    }

    private static func scope(_ scope: OTLPMetrics.Scope) -> [UInt8] {
        message(1, text(1, scope.name) + text(2, scope.version) + scope.attributes.flatMap { message(3, attribute($0)) })
            + scope.metrics.flatMap { message(2, metric($0)) }
    }

    private static func metric(_ metric: OTLPMetrics.Metric) -> [UInt8] {
        var bytes = text(1, metric.name) + text(2, "a description") + text(3, metric.unit)
        bytes += points(5, metric.gauge) {
            head($0.head, attributes: 7, flags: 8) + ($0.value.map { fixed(4, $0.bitPattern) } ?? [])
        }
        bytes += points(7, metric.sum) { head($0.head, attributes: 7, flags: 8) + ($0.value.map { fixed(4, $0.bitPattern) } ?? []) }
        bytes += points(9, metric.histogram) { point in
            head(point.head, attributes: 9, flags: 10) + fixed(4, point.count) + numbers(5, point.sum) + numbers(11, point.min)
                + numbers(12, point.max) + message(6, point.bucketCounts.flatMap(little))
                + message(7, point.explicitBounds.flatMap { little($0.bitPattern) })
        }
        bytes += points(10, metric.exponentialHistogram) { point in
            head(point.head, attributes: 1, flags: 10) + fixed(4, point.count) + numbers(5, point.sum) + numbers(12, point.min)
                + numbers(13, point.max) + varint(6, zigzag(point.scale)) + fixed(7, point.zeroCount)
                + fixed(14, point.zeroThreshold.bitPattern) + message(8, buckets(point.positive))
                + message(9, buckets(point.negative))
        }
        if metric.summaryPointCount > 0 {
            bytes += message(11, (0..<metric.summaryPointCount).flatMap { _ in message(1, fixed(2, 5)) })
        }
        return bytes
    }

    private static func points<Point>(
        _ field: UInt8, _ points: OTLPMetrics.Points<Point>, _ point: (Point) -> [UInt8]
    ) -> [UInt8] {
        if points == OTLPMetrics.Points() { return [] }
        return message(
            field,
            points.points.flatMap { message(1, point($0)) } + varint(2, points.temporality.rawValue)
                + varint(3, points.isMonotonic ? 1 : 0))
    }

    private static func head(_ head: OTLPMetrics.Head, attributes: UInt8, flags: UInt8) -> [UInt8] {
        fixed(2, head.start) + fixed(3, head.time) + varint(flags, head.flags)
            + head.attributes.flatMap { message(attributes, attribute($0)) }
    }

    private static func buckets(_ buckets: OTLPMetrics.Buckets) -> [UInt8] {
        varint(1, zigzag(buckets.offset)) + message(2, buckets.counts.flatMap(varint))
    }

    private static func attribute(_ attribute: OTLPMetrics.Attribute) -> [UInt8] {
        text(1, attribute.key) + message(2, value(attribute.value))
    }

    private static func value(_ value: OTLPMetrics.AnyValue) -> [UInt8] {
        switch value {
        case .none: []
        case .string(let string): text(1, string)
        case .bool(let isTrue): varint(2, isTrue ? 1 : 0)
        case .int(let number): varint(3, UInt64(bitPattern: number))
        case .double(let number): fixed(4, number.bitPattern)
        case .array(let values): message(5, values.flatMap { message(1, self.value($0)) })
        case .map(let attributes): message(6, attributes.flatMap { message(1, attribute($0)) })
        case .bytes(let bytes): message(7, bytes)
        }
    }

    private static func zigzag(_ number: Int32) -> UInt64 { UInt64(UInt32(bitPattern: number << 1 ^ number >> 31)) }
    private static func little(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
    private static func numbers(_ field: UInt8, _ number: Double?) -> [UInt8] { number.map { fixed(field, $0.bitPattern) } ?? [] }
    private static func fixed(_ field: UInt8, _ number: UInt64) -> [UInt8] { [field << 3 | 1] + little(number) }
    private static func varint(_ field: UInt8, _ number: UInt64) -> [UInt8] { [field << 3] + varint(number) }
    private static func text(_ field: UInt8, _ text: String) -> [UInt8] { message(field, Array(text.utf8)) }

    static func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] { [field << 3 | 2] + varint(UInt64(bytes.count)) + bytes }

    static func varint(_ number: UInt64) -> [UInt8] {
        var (rest, bytes) = (number, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// Writes JSON, each name and number in one of the ways that are allowed.
struct JSONExport {
    private let isSnake: Bool
    private let areNumbersText: Bool
    private let hasNull: Bool

    init(_ random: inout SeededGenerator) {
        (isSnake, areNumbersText, hasNull) = (random.oneIn(2), random.oneIn(2), random.oneIn(2))
    }

    func bytes(of metrics: OTLPMetrics) -> [UInt8] {
        Array(object(["resourceMetrics": list(metrics.resources.map(resource))]).utf8)
    }

    private func resource(_ resource: OTLPMetrics.Resource) -> String {
        object([
            "resource": object(["attributes": attributes(resource.attributes)]), "scopeMetrics": list(resource.scopes.map(scope)),
        ])
    }

    private func scope(_ scope: OTLPMetrics.Scope) -> String {
        object([
            "scope": object(["name": text(scope.name), "version": text(scope.version), "attributes": attributes(scope.attributes)]),
            "metrics": list(scope.metrics.map(metric)),
        ])
    }

    private func metric(_ metric: OTLPMetrics.Metric) -> String {
        var members = ["name": text(metric.name), "unit": text(metric.unit), "description": text("of \"no\" use")]
        let number = { (point: OTLPMetrics.NumberPoint) in
            head(point.head, point.value.map { ["asDouble": double($0)] } ?? [:])
        }
        members["gauge"] = points(metric.gauge, number)
        members["sum"] = points(metric.sum, number)
        members["histogram"] = points(metric.histogram) { point in
            head(
                point.head,
                range(
                    point.sum, point.min, point.max,
                    [
                        "count": integer(point.count), "bucketCounts": list(point.bucketCounts.map(integer)),
                        "explicitBounds": list(point.explicitBounds.map(double)),
                    ]))
        }
        members["exponentialHistogram"] = points(metric.exponentialHistogram) { point in
            head(
                point.head,
                range(
                    point.sum, point.min, point.max,
                    [
                        "count": integer(point.count), "scale": signed(Int64(point.scale)), "zeroCount": integer(point.zeroCount),
                        "zeroThreshold": double(point.zeroThreshold), "positive": buckets(point.positive),
                        "negative": buckets(point.negative),
                    ]))
        }
        if metric.summaryPointCount > 0 {
            members["summary"] = object(["dataPoints": list(Array(repeating: "{}", count: metric.summaryPointCount))])
        }
        return object(members)
    }

    private func points<Point>(_ points: OTLPMetrics.Points<Point>, _ point: (Point) -> String) -> String? {
        if points == OTLPMetrics.Points() { return hasNull ? "null" : nil }
        return object([
            "dataPoints": list(points.points.map(point)), "aggregationTemporality": signed(Int64(points.temporality.rawValue)),
            "isMonotonic": "\(points.isMonotonic)",
        ])
    }

    private func head(_ head: OTLPMetrics.Head, _ more: [String: String]) -> String {
        object(
            more.merging([
                "attributes": attributes(head.attributes), "startTimeUnixNano": integer(head.start),
                "timeUnixNano": integer(head.time), "flags": integer(head.flags),
            ]) { $1 })
    }

    private func range(_ sum: Double?, _ min: Double?, _ max: Double?, _ more: [String: String]) -> [String: String] {
        var members = more
        for (name, value) in [("sum", sum), ("min", min), ("max", max)] {
            members[name] = value.map(double) ?? (hasNull ? "null" : nil)
        }
        return members
    }

    private func buckets(_ buckets: OTLPMetrics.Buckets) -> String {
        object(["offset": signed(Int64(buckets.offset)), "bucketCounts": list(buckets.counts.map(integer))])
    }

    private func attributes(_ attributes: [OTLPMetrics.Attribute]) -> String {
        list(attributes.map { object(["key": text($0.key), "value": value($0.value)]) })
    }

    private func value(_ value: OTLPMetrics.AnyValue) -> String {
        switch value {
        case .none: hasNull ? "null" : "{}"
        case .string(let string): object(["stringValue": text(string)])
        case .bool(let isTrue): object(["boolValue": "\(isTrue)"])
        case .int(let number): object(["intValue": signed(number)])
        case .double(let number): object(["doubleValue": double(number)])
        case .bytes(let bytes): object(["bytesValue": text(Data(bytes).base64EncodedString())])
        case .array(let values): object(["arrayValue": object(["values": list(values.map(self.value))])])
        case .map(let attributes): object(["kvlistValue": object(["values": self.attributes(attributes)])])
        }
    }

    private func object(_ members: [String: String]) -> String {
        let written = members.sorted { $0.key < $1.key }.map { name, value in
            let name = isSnake ? name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined() : name
            return "\"\(name)\": \(value)"
        }
        return "{" + written.joined(separator: ", ") + "}"
    }

    private func list(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }
    private func integer(_ number: UInt64) -> String { areNumbersText ? "\"\(number)\"" : "\(number)" }
    private func signed(_ number: Int64) -> String { areNumbersText ? "\"\(number)\"" : "\(number)" }

    private func double(_ number: Double) -> String {
        if !number.isFinite { return number > 0 ? "\"Infinity\"" : "\"-Infinity\"" }
        return areNumbersText ? "\"\(number)\"" : "\(number)"
    }

    private func text(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : "\($0)" }.joined() + "\""
    }
}
