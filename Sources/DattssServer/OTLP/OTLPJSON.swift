import DattssCore
import Foundation

/// Decodes `ExportMetricsServiceRequest` from the JSON of protobuf (https://protobuf.dev/programming-guides/json): names in
/// lowerCamelCase or as in the `.proto`, integers and enums as numbers or text, `null` for what is absent, and what is not known
/// passed over.
struct OTLPJSON {
    private var size: OTLPSize

    static func decode(_ bytes: UnsafeRawBufferPointer, sizeMax: Int) throws(WireError) -> OTLPMetrics {
        var decoder = OTLPJSON(size: OTLPSize(max: sizeMax))
        return try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            var metrics = OTLPMetrics()
            try Self.members(&cursor) { (name, cursor) throws(WireError) in
                guard name == "resourceMetrics" else { return try cursor.skipValue() }
                metrics.resources = try Self.array(&cursor, "resourceMetrics") { (cursor) throws(WireError) in
                    try decoder.resource(&cursor)
                }
            }
            return metrics
        }
    }

    // MARK: The tree

    private mutating func resource(_ cursor: inout JSONCursor) throws(WireError) -> OTLPMetrics.Resource {
        try size.add(.resources)
        var resource = OTLPMetrics.Resource()
        try Self.members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "resource":
                try Self.members(&cursor) { (name, cursor) throws(WireError) in
                    guard name == "attributes" else { return try cursor.skipValue() }
                    resource.attributes = try Self.attributes(&cursor)
                }
            case "scopeMetrics":
                resource.scopes = try Self.array(&cursor, ".\(name)") { (cursor) throws(WireError) in try scope(&cursor) }
            default: try cursor.skipValue()
            }
        }
        return resource
    }

    private mutating func scope(_ cursor: inout JSONCursor) throws(WireError) -> OTLPMetrics.Scope {
        try size.add(.scopes)
        var scope = OTLPMetrics.Scope()
        try Self.members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "scope":
                try Self.members(&cursor) { (name, cursor) throws(WireError) in
                    switch name {
                    case "name": scope.name = try cursor.string()
                    case "version": scope.version = try cursor.string()
                    case "attributes": scope.attributes = try Self.attributes(&cursor)
                    default: try cursor.skipValue()
                    }
                }
            case "metrics":
                scope.metrics = try Self.array(&cursor, ".\(name)") { (cursor) throws(WireError) in try metric(&cursor) }
            default: try cursor.skipValue()
            }
        }
        return scope
    }

    private mutating func metric(_ cursor: inout JSONCursor) throws(WireError) -> OTLPMetrics.Metric {
        try size.add(.metrics)
        var metric = OTLPMetrics.Metric()
        try Self.members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "name": metric.name = try cursor.string()
            case "unit": metric.unit = try cursor.string()
            case "gauge": metric.gauge = try points(&cursor, OTLPMetrics.NumberPoint(), Self.numberMember)
            case "sum": metric.sum = try points(&cursor, OTLPMetrics.NumberPoint(), Self.numberMember)
            case "histogram": metric.histogram = try points(&cursor, OTLPMetrics.HistogramPoint(), Self.histogramMember)
            case "exponentialHistogram":
                metric.exponentialHistogram = try points(&cursor, OTLPMetrics.ExponentialPoint(), Self.exponentialMember)
            case "summary":
                metric.summaryPointCount = try points(&cursor, 0) { (_, cursor, _) throws(WireError) in
                    try cursor.skipValue()
                }.points.count
            default: try cursor.skipValue()
            }
        }
        return metric
    }

    /// - Parameter member: reads one member of a point that is `absent` before.
    private mutating func points<Point>(
        _ cursor: inout JSONCursor, _ absent: Point,
        _ member: (String, inout JSONCursor, inout Point) throws(WireError) -> Void
    ) throws(WireError) -> OTLPMetrics.Points<Point> {
        var points = OTLPMetrics.Points<Point>()
        try Self.members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "dataPoints":
                points.points = try Self.array(&cursor, ".\(name)") { (cursor) throws(WireError) in
                    try size.add(.points)
                    var point = absent
                    try Self.members(&cursor) { (name, cursor) throws(WireError) in
                        try located(".\(name)") { () throws(WireError) in try member(name, &cursor, &point) }
                    }
                    return point
                }
            case "aggregationTemporality": points.temporality = try Self.temporality(&cursor)
            case "isMonotonic": points.isMonotonic = try cursor.bool()
            default: try cursor.skipValue()
            }
        }
        return points
    }

    // MARK: Points

    private static func headMember(
        _ name: String, _ cursor: inout JSONCursor, _ head: inout OTLPMetrics.Head
    ) throws(WireError) {
        switch name {
        case "attributes": head.attributes = try attributes(&cursor, place: "")
        case "startTimeUnixNano": head.start = try cursor.integerBits()
        case "timeUnixNano": head.time = try cursor.integerBits()
        case "flags": head.flags = try cursor.integerBits()
        default: try cursor.skipValue()
        }
    }

    private static func numberMember(
        _ name: String, _ cursor: inout JSONCursor, _ point: inout OTLPMetrics.NumberPoint
    ) throws(WireError) {
        switch name {
        case "asDouble": point.value = try cursor.numberOrNamed()
        case "asInt": point.value = Double(Int64(bitPattern: try cursor.integerBits()))
        default: try headMember(name, &cursor, &point.head)
        }
    }

    private static func histogramMember(
        _ name: String, _ cursor: inout JSONCursor, _ point: inout OTLPMetrics.HistogramPoint
    ) throws(WireError) {
        switch name {
        case "count": point.count = try cursor.integerBits()
        case "sum": point.sum = try cursor.numberOrNamed()
        case "min": point.min = try cursor.numberOrNamed()
        case "max": point.max = try cursor.numberOrNamed()
        case "bucketCounts":
            point.bucketCounts = try array(&cursor, "") { (cursor) throws(WireError) in try cursor.integerBits() }
        case "explicitBounds":
            point.explicitBounds = try array(&cursor, "") { (cursor) throws(WireError) in try cursor.numberOrNamed() }
        default: try headMember(name, &cursor, &point.head)
        }
    }

    private static func exponentialMember(
        _ name: String, _ cursor: inout JSONCursor, _ point: inout OTLPMetrics.ExponentialPoint
    ) throws(WireError) {
        switch name {
        case "count": point.count = try cursor.integerBits()
        case "sum": point.sum = try cursor.numberOrNamed()
        case "min": point.min = try cursor.numberOrNamed()
        case "max": point.max = try cursor.numberOrNamed()
        case "scale": point.scale = try cursor.integer32()
        case "zeroCount": point.zeroCount = try cursor.integerBits()
        case "zeroThreshold": point.zeroThreshold = try cursor.numberOrNamed()
        case "positive": point.positive = try buckets(&cursor)
        case "negative": point.negative = try buckets(&cursor)
        default: try headMember(name, &cursor, &point.head)
        }
    }

    private static func buckets(_ cursor: inout JSONCursor) throws(WireError) -> OTLPMetrics.Buckets {
        var buckets = OTLPMetrics.Buckets()
        try members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "offset": buckets.offset = try cursor.integer32()
            case "bucketCounts":
                buckets.counts = try array(&cursor, "") { (cursor) throws(WireError) in try cursor.integerBits() }
            default: try cursor.skipValue()
            }
        }
        return buckets
    }

    private static func temporality(_ cursor: inout JSONCursor) throws(WireError) -> OTLPMetrics.Temporality {
        guard cursor.isAtString() else { return .init(rawValue: try cursor.integerBits()) ?? .unspecified }
        switch try cursor.string() {
        case "AGGREGATION_TEMPORALITY_DELTA", "1": return .delta
        case "AGGREGATION_TEMPORALITY_CUMULATIVE", "2": return .cumulative
        default: return .unspecified
        }
    }

    // MARK: Attributes

    private static func attributes(
        _ cursor: inout JSONCursor, depth: Int = 0, place: String = ".attributes"
    ) throws(WireError) -> [OTLPMetrics.Attribute] {
        try array(&cursor, place) { (cursor) throws(WireError) in
            var attribute = OTLPMetrics.Attribute()
            try members(&cursor) { (name, cursor) throws(WireError) in
                switch name {
                case "key": attribute.key = try cursor.string()
                case "value": attribute.value = try value(&cursor, depth: depth)
                default: try cursor.skipValue()
                }
            }
            return attribute
        }
    }

    private static func value(_ cursor: inout JSONCursor, depth: Int) throws(WireError) -> OTLPMetrics.AnyValue {
        guard depth <= OTLPMetrics.AnyValue.depthMax else {
            throw WireError(.malformed, "an attribute is nested deeper than \(OTLPMetrics.AnyValue.depthMax)")
        }
        var value = OTLPMetrics.AnyValue.none
        try members(&cursor) { (name, cursor) throws(WireError) in
            switch name {
            case "stringValue": value = .string(try cursor.string())
            case "boolValue": value = .bool(try cursor.bool())
            case "intValue": value = .int(Int64(bitPattern: try cursor.integerBits()))
            case "doubleValue": value = .double(try cursor.numberOrNamed())
            case "bytesValue":
                let text = try cursor.string()
                value = .bytes(Data(base64Encoded: text).map(Array.init) ?? Array(text.utf8))
            case "arrayValue":
                value = .array([])
                try members(&cursor) { (name, cursor) throws(WireError) in
                    guard name == "values" else { return try cursor.skipValue() }
                    value = .array(
                        try array(&cursor, ".\(name)") { (cursor) throws(WireError) in
                            try Self.value(&cursor, depth: depth + 1)
                        })
                }
            case "kvlistValue":
                value = .map([])
                try members(&cursor) { (name, cursor) throws(WireError) in
                    guard name == "values" else { return try cursor.skipValue() }
                    value = .map(try attributes(&cursor, depth: depth + 1))
                }
            default: try cursor.skipValue()
            }
        }
        return value
    }

    // MARK: Structure

    /// Calls `member` with the name, in lowerCamelCase, of each member that is not `null`, of which an object may be itself.
    private static func members(
        _ cursor: inout JSONCursor, _ member: (String, inout JSONCursor) throws(WireError) -> Void
    ) throws(WireError) {
        if cursor.takeNull() { return }
        // (What is there twice, protobuf takes the last of.)
        try cursor.members { (name, cursor) throws(WireError) in
            if cursor.takeNull() { return }
            try member(lowerCamelCase(name.string), &cursor)
        }
    }

    private static func array<Element>(
        _ cursor: inout JSONCursor, _ place: String, _ element: (inout JSONCursor) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        var elements: [Element] = []
        try cursor.array { (index, cursor) throws(WireError) in
            elements.append(try located("\(place)[\(index)]") { () throws(WireError) in try element(&cursor) })
        }
        return elements
    }

    private static func lowerCamelCase(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        var bytes: [UInt8] = []
        var isNextUpper = false
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                isNextUpper = true
            } else {
                bytes.append(isNextUpper && UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte ? byte - 32 : byte)
                isNextUpper = false
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
