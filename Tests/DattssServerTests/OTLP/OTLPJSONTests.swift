import DattssCore
import Testing

@testable import DattssServer

@Suite struct OTLPJSONTests {
    private func decode(_ text: String, sizeMax: Int = 10_000) throws -> OTLPMetrics {
        try OTLPFormat.json.decode(Array(text.utf8), sizeMax: sizeMax)
    }

    private func metric(_ text: String) throws -> OTLPMetrics.Metric {
        let metrics = try decode(#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[\#(text)]}]}]}"#)
        return try #require(metrics.resources.first?.scopes.first?.metrics.first)
    }

    @Test("integers may be text or numbers, enums names or numbers, members in either case, and what is null is absent")
    func looseForms() throws {
        // Goal: all that the JSON of protobuf allows its readers must take.
        let forms = [
            #"""
            {"name":"e","unit":"s","exponentialHistogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA","dataPoints":[
             {"startTimeUnixNano":"5","timeUnixNano":"18446744073709551615","count":"4","sum":1.5,"scale":"-2","zeroCount":"1",
              "positive":{"offset":"-3","bucketCounts":["1","2"]},"flags":"0","min":"0.5","max":"1e0"}]}}
            """#,
            #"""
            {"name":"e","unit":"s","exponential_histogram":{"aggregation_temporality":1,"data_points":[
             {"start_time_unix_nano":5,"time_unix_nano":18446744073709551615,"count":4,"sum":"1.5","scale":-2,"zero_count":1.0,
              "positive":{"offset":-3,"bucket_counts":[1,2e0]},"flags":0,"min":0.5,"max":1}]}}
            """#,
            #"""
            {"sum":null,"gauge":null,"name":"e","description":null,"unit":"s","metadata":[{"key":"k","value":null}],"future":{"a":[1,{}]},
             "exponentialHistogram":{"aggregationTemporality":"1","isMonotonic":null,"dataPoints":[
             {"startTimeUnixNano":"5","timeUnixNano":"18446744073709551615","count":4,"sum":1.5,"scale":"-2","zeroCount":"1","zeroThreshold":null,
              "negative":null,"attributes":null,"exemplars":[{"spanId":"00ff","traceId":"AP8=","asInt":"1"}],
              "positive":{"offset":-3,"bucketCounts":["1",2]},"min":0.5,"max":"1"}]}}
            """#,
        ]
        for form in forms {
            let metric = try metric(form)
            let point = try #require(metric.exponentialHistogram.points.first)
            #expect(metric.name == "e" && metric.unit == "s" && metric.exponentialHistogram.temporality == .delta)
            #expect(
                point
                    == OTLPMetrics.ExponentialPoint(
                        head: .init(start: 5, time: .max), count: 4, sum: 1.5, min: 0.5, max: 1, scale: -2, zeroCount: 1,
                        positive: .init(offset: -3, counts: [1, 2])))
        }
    }

    @Test("attributes keep their types, also in lists and maps")
    func attributes() throws {
        // Goal: "1" is not 1.
        let metric = try metric(
            #"""
            {"name":"g","gauge":{"dataPoints":[{"asInt":"-9007199254740993","attributes":[
             {"key":"s","value":{"stringValue":"1"}},{"key":"i","value":{"intValue":"1"}},{"key":"j","value":{"int_value":1}},
             {"key":"d","value":{"doubleValue":"NaN"}},{"key":"b","value":{"boolValue":false}},{"key":"y","value":{"bytesValue":"AP8="}},
             {"key":"n","value":null},{"key":"e","value":{}},
             {"key":"l","value":{"arrayValue":{"values":[{"intValue":1},{"stringValue":"1"},{"arrayValue":{}}]}}},
             {"key":"m","value":{"kvlistValue":{"values":[{"key":"a","value":{"doubleValue":1}}]}}}]}]}}
            """#)
        let point = try #require(metric.gauge.points.first)
        #expect(point.value == -9_007_199_254_740_992)
        let values = point.head.attributes.map(\.value)
        #expect(values.count == 10)
        #expect(Array(values[0...2]) == [.string("1"), .int(1), .int(1)])
        if case .double(let number) = values[3] { #expect(number.isNaN) } else { Issue.record("no double") }
        #expect(
            Array(values[4...]) == [
                .bool(false), .bytes([0, 255]), .none, .none, .array([.int(1), .string("1"), .array([])]),
                .map([.init(key: "a", value: .double(1))]),
            ])
    }

    @Test("what is no number refuses the export where an integer is asked for, and says where")
    func errors() throws {
        let bad = [
            (#"{"sum":{"dataPoints":[{},{"timeUnixNano":"x"}]}}"#, "dataPoints[1].timeUnixNano: 'x' is no integer"),
            (#"{"exponentialHistogram":{"dataPoints":[{"scale":"4294967296"}]}}"#, "scale: 4294967296 is no integer of 32 bits"),
            (#"{"sum":{"dataPoints":[{"asInt":1.5}]}}"#, "asInt: '1.5' is no integer"),
            (#"{"name":5}"#, "expected a string"),
        ]
        for (text, message) in bad {
            let error = #expect(throws: WireError.self) { try metric(text) }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("resourceMetrics[0].scopeMetrics[0].metrics[0]") == true)
        }
        // Text that is no double is a point without a value: only that one is refused.
        #expect(try metric(#"{"gauge":{"dataPoints":[{"asDouble":"half"}]}}"#).gauge.points.first?.value?.isNaN == true)
    }

    @Test("lists and maps are read as deep as the other format reads them, and no deeper")
    func depth() throws {
        func value(_ depth: Int) -> String {
            depth == 0 ? #"{"intValue":1}"# : #"{"arrayValue":{"values":[\#(value(depth - 1))]}}"#
        }
        func bytes(_ depth: Int) -> [UInt8] {
            if depth == 0 { return [0x18, 1] }
            let inner = bytes(depth - 1)
            let list = [0x0A, UInt8(inner.count)] + inner
            return [0x2A, UInt8(list.count)] + list
        }
        func wrapped(_ fields: [UInt8], in value: [UInt8]) -> [UInt8] {
            fields.reduce(value) { [$1, UInt8($0.count)] + $0 }
        }
        for depth in 0...8 {
            let json = #"{"resourceMetrics":[{"resource":{"attributes":[{"value":\#(value(depth))}]}}]}"#
            // value of an attribute of a resource of resourceMetrics
            let protobuf = wrapped([0x12, 0x0A, 0x0A, 0x0A], in: bytes(depth))
            if depth <= OTLPMetrics.AnyValue.depthMax {
                #expect(try decode(json) == OTLPFormat.protobuf.decode(protobuf, sizeMax: 10))
            } else {
                #expect(throws: WireError.self) { try decode(json) }
                #expect(throws: WireError.self) { try OTLPFormat.protobuf.decode(protobuf, sizeMax: 10) }
            }
        }
    }

    @Test("resources, scopes, metrics and points each have a largest number, in both formats")
    func sizes() throws {
        // Goal: two bytes of a body are no resource, but one.
        let parts: [(String, (Int) -> String, [UInt8], (Int) -> [UInt8])] = [
            (
                "resources", { #"{"resourceMetrics":[\#(Array(repeating: "{}", count: $0).joined(separator: ","))]}"# }, [],
                { _ in [0x0A, 0] }
            ),
            (
                "scopes",
                { #"{"resourceMetrics":[{"scopeMetrics":[\#(Array(repeating: "{}", count: $0).joined(separator: ","))]}]}"# },
                [0x0A],
                { _ in [0x12, 0] }
            ),
            (
                "metrics",
                {
                    #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[\#(Array(repeating: "{}", count: $0).joined(separator: ","))]}]}]}"#
                }, [0x12, 0x0A], { _ in [0x12, 0] }
            ),
            (
                "points",
                {
                    #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"summary":{"dataPoints":[\#(Array(repeating: "{}", count: $0).joined(separator: ","))]}}]}]}]}"#
                }, [0x5A, 0x12, 0x12, 0x0A], { _ in [0x0A, 0] }
            ),
        ]
        for (name, json, path, element) in parts {
            for count in [5, 6] {
                let elements = (0..<count).flatMap(element)
                let protobuf = path.reduce(elements) { [$1, UInt8($0.count)] + $0 }
                for (format, body) in [(OTLPFormat.json, Array(json(count).utf8)), (.protobuf, protobuf)] {
                    if count <= 5 {
                        #expect(throws: Never.self, "\(name)") { try format.decode(body, sizeMax: 5) }
                    } else {
                        let error = #expect(throws: WireError.self, "\(name)") { try format.decode(body, sizeMax: 5) }
                        #expect(error?.reason == .tooManyPartials)
                        #expect(error?.message.hasSuffix("more than 5 \(name) in an export") == true)
                    }
                }
            }
        }
    }
}
