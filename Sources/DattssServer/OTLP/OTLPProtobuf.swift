import DattssCore

/// Decodes `ExportMetricsServiceRequest` from protobuf. Nesting is as deep as these functions call each other, so that no
/// message can make it deeper.
struct OTLPProtobuf {
    private typealias Value = ProtobufReader.Value

    private var size: OTLPSize

    static func decode(_ bytes: UnsafeRawBufferPointer, sizeMax: Int) throws(WireError) -> OTLPMetrics {
        var decoder = OTLPProtobuf(size: OTLPSize(max: sizeMax))
        var metrics = OTLPMetrics()
        try Self.forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 { metrics.resources.append(try decoder.resource(try value.message)) }
        }
        return metrics
    }

    private static func forEach(
        _ bytes: UnsafeRawBufferPointer, _ body: (UInt64, Value) throws(WireError) -> Void
    ) throws(WireError) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() { try body(field, value) }
    }

    // MARK: Pieces

    /// A resource's attributes, from its message.
    static func attributes(ofResource bytes: UnsafeRawBufferPointer) throws(WireError) -> [OTLPMetrics.Attribute] {
        var attributes: [OTLPMetrics.Attribute] = []
        try forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 { attributes.append(try attribute(try value.message)) }
        }
        return attributes
    }

    /// A scope without its metrics, from the message that says which it is.
    static func read(_ bytes: UnsafeRawBufferPointer, into scope: inout OTLPMetrics.Scope) throws(WireError) {
        try forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 1: scope.name = try value.text
            case 2: scope.version = try value.text
            case 3: scope.attributes.append(try attribute(try value.message))
            default: break
            }
        }
    }

    // MARK: The tree

    private mutating func resource(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.Resource {
        try size.add(.resources)
        var resource = OTLPMetrics.Resource()
        try Self.forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 {
                resource.attributes += try Self.attributes(ofResource: try value.message)
            } else if field == 2 {
                resource.scopes.append(try scope(try value.message))
            }
        }
        return resource
    }

    private mutating func scope(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.Scope {
        try size.add(.scopes)
        var scope = OTLPMetrics.Scope()
        try Self.forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 {
                try Self.read(try value.message, into: &scope)
            } else if field == 2 {
                scope.metrics.append(try metric(try value.message))
            }
        }
        return scope
    }

    private mutating func metric(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.Metric {
        try size.add(.metrics)
        var metric = OTLPMetrics.Metric()
        try Self.forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 1: metric.name = try value.text
            case 3: metric.unit = try value.text
            case 5: metric.gauge = try points(try value.message, Self.numberPoint)
            case 7: metric.sum = try points(try value.message, Self.numberPoint)
            case 9: metric.histogram = try points(try value.message, Self.histogramPoint)
            case 10: metric.exponentialHistogram = try points(try value.message, Self.exponentialPoint)
            case 11: metric.summaryPointCount = try points(try value.message) { (_) throws(WireError) in 0 }.points.count
            default: break
            }
        }
        return metric
    }

    private mutating func points<Point>(
        _ bytes: UnsafeRawBufferPointer, _ point: (UnsafeRawBufferPointer) throws(WireError) -> Point
    ) throws(WireError) -> OTLPMetrics.Points<Point> {
        var points = OTLPMetrics.Points<Point>()
        try Self.forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 1:
                try size.add(.points)
                points.points.append(try point(try value.message))
            case 2: points.temporality = .init(rawValue: try value.number) ?? .unspecified
            case 3: points.isMonotonic = try value.number != 0
            default: break
            }
        }
        return points
    }

    // MARK: Points

    static func numberPoint(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.NumberPoint {
        var point = OTLPMetrics.NumberPoint()
        try forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 2: point.head.start = try value.number
            case 3: point.head.time = try value.number
            case 4: point.value = try value.double
            case 6: point.value = Double(Int64(bitPattern: try value.number))
            case 7: point.head.attributes.append(try attribute(try value.message))
            case 8: point.head.flags = try value.number
            default: break
            }
        }
        return point
    }

    static func histogramPoint(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.HistogramPoint {
        var point = OTLPMetrics.HistogramPoint()
        var bounds: [UInt64] = []
        try forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 2: point.head.start = try value.number
            case 3: point.head.time = try value.number
            case 4: point.count = try value.number
            case 5: point.sum = try value.double
            case 6: try value.append(to: &point.bucketCounts, areFixed: true)
            case 7: try value.append(to: &bounds, areFixed: true)
            case 9: point.head.attributes.append(try attribute(try value.message))
            case 10: point.head.flags = try value.number
            case 11: point.min = try value.double
            case 12: point.max = try value.double
            default: break
            }
        }
        point.explicitBounds = bounds.map { Double(bitPattern: $0) }
        return point
    }

    static func exponentialPoint(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.ExponentialPoint {
        var point = OTLPMetrics.ExponentialPoint()
        try forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 1: point.head.attributes.append(try attribute(try value.message))
            case 2: point.head.start = try value.number
            case 3: point.head.time = try value.number
            case 4: point.count = try value.number
            case 5: point.sum = try value.double
            case 6: point.scale = try value.zigzag
            case 7: point.zeroCount = try value.number
            case 8: point.positive = try buckets(try value.message)
            case 9: point.negative = try buckets(try value.message)
            case 10: point.head.flags = try value.number
            case 12: point.min = try value.double
            case 13: point.max = try value.double
            case 14: point.zeroThreshold = try value.double
            default: break
            }
        }
        return point
    }

    private static func buckets(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> OTLPMetrics.Buckets {
        var buckets = OTLPMetrics.Buckets()
        try forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 { buckets.offset = try value.zigzag }
            if field == 2 { try value.append(to: &buckets.counts, areFixed: false) }
        }
        return buckets
    }

    // MARK: Attributes

    static func attribute(
        _ bytes: UnsafeRawBufferPointer, depth: Int = 0
    ) throws(WireError) -> OTLPMetrics.Attribute {
        var attribute = OTLPMetrics.Attribute()
        try forEach(bytes) { (field, value) throws(WireError) in
            if field == 1 { attribute.key = try value.text }
            if field == 2 { attribute.value = try anyValue(try value.message, depth: depth) }
        }
        return attribute
    }

    private static func anyValue(_ bytes: UnsafeRawBufferPointer, depth: Int) throws(WireError) -> OTLPMetrics.AnyValue {
        guard depth <= OTLPMetrics.AnyValue.depthMax else {
            throw WireError(.malformed, "an attribute is nested deeper than \(OTLPMetrics.AnyValue.depthMax)")
        }
        var any = OTLPMetrics.AnyValue.none
        try forEach(bytes) { (field, value) throws(WireError) in
            switch field {
            case 1: any = .string(try value.text)
            case 2: any = .bool(try value.number != 0)
            case 3: any = .int(Int64(bitPattern: try value.number))
            case 4: any = .double(try value.double)
            case 5:
                var values: [OTLPMetrics.AnyValue] = []
                try forEach(try value.message) { (field, value) throws(WireError) in
                    if field == 1 { values.append(try anyValue(try value.message, depth: depth + 1)) }
                }
                any = .array(values)
            case 6:
                var attributes: [OTLPMetrics.Attribute] = []
                try forEach(try value.message) { (field, value) throws(WireError) in
                    if field == 1 { attributes.append(try attribute(try value.message, depth: depth + 1)) }
                }
                any = .map(attributes)
            case 7: any = .bytes(Array(try value.message))
            default: break
            }
        }
        return any
    }
}
