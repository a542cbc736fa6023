/// Decodes `ExportMetricsServiceRequest` from protobuf. Nesting is as deep as these functions call each other, so that no
/// message can make it deeper.
enum OTLPProtobuf {
    typealias Malformed = ProtobufReader.Malformed
    private typealias Value = ProtobufReader.Value

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics {
        var resources: [OTLPMetrics.Resource] = []
        try forEach(bytes) { (field, value) throws(Malformed) in
            if field == 1 { resources.append(try resource(try value.message)) }
        }
        return OTLPMetrics(resourceMetrics: resources)
    }

    private static func forEach(
        _ bytes: UnsafeRawBufferPointer, _ body: (UInt64, Value) throws(Malformed) -> Void
    ) throws(Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() { try body(field, value) }
    }

    private static func resource(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.Resource {
        var attributes: [OTLPMetrics.Attribute] = []
        var scopes: [OTLPMetrics.Scope] = []
        try forEach(bytes) { (field, value) throws(Malformed) in
            if field == 1 {
                try forEach(try value.message) { (field, value) throws(Malformed) in
                    if field == 1 { attributes.append(try attribute(try value.message)) }
                }
            } else if field == 2 {
                scopes.append(try scope(try value.message))
            }
        }
        return OTLPMetrics.Resource(resource: .init(attributes: attributes), scopeMetrics: scopes)
    }

    private static func scope(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.Scope {
        var scope = OTLPMetrics.Scope(metrics: [])
        try forEach(bytes) { (field, value) throws(Malformed) in
            if field == 1 {
                try forEach(try value.message) { (field, value) throws(Malformed) in
                    if field == 1 { scope.scope = .init(name: try value.text) }
                }
            } else if field == 2 {
                scope.metrics?.append(try metric(try value.message))
            }
        }
        return scope
    }

    private static func metric(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.Metric {
        var metric = OTLPMetrics.Metric()
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 1: metric.name = try value.text
            case 3: metric.unit = try value.text
            case 5: metric.gauge = try points(try value.message, numberPoint)
            case 7: metric.sum = try points(try value.message, numberPoint)
            case 9: metric.histogram = try points(try value.message, histogramPoint)
            case 10: metric.exponentialHistogram = try points(try value.message, exponentialPoint)
            case 11: metric.summary = try points(try value.message) { (_) throws(Malformed) in OTLPMetrics.OtherPoint() }
            default: break
            }
        }
        return metric
    }

    private static func points<Point>(
        _ bytes: UnsafeRawBufferPointer, _ point: (UnsafeRawBufferPointer) throws(Malformed) -> Point
    ) throws(Malformed) -> OTLPMetrics.Points<Point> {
        var points = OTLPMetrics.Points<Point>(dataPoints: [])
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 1: points.dataPoints?.append(try point(try value.message))
            case 2: points.aggregationTemporality = .init(rawValue: Int(truncatingIfNeeded: try value.number))
            case 3: points.isMonotonic = try value.number != 0
            default: break
            }
        }
        return points
    }

    private static func numberPoint(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.NumberPoint {
        var point = OTLPMetrics.NumberPoint(attributes: [])
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 2: point.startTimeUnixNano = .init(bits: try value.number)
            case 3: point.timeUnixNano = .init(bits: try value.number)
            case 4: point.asDouble = try real(value)
            case 6: point.asInt = .init(bits: try value.number)
            case 7: point.attributes?.append(try attribute(try value.message))
            case 8: point.flags = UInt32(truncatingIfNeeded: try value.number)
            default: break
            }
        }
        return point
    }

    private static func histogramPoint(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.HistogramPoint {
        var point = OTLPMetrics.HistogramPoint(attributes: [])
        var (counts, bounds): ([UInt64], [UInt64]) = ([], [])
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 2: point.startTimeUnixNano = .init(bits: try value.number)
            case 3: point.timeUnixNano = .init(bits: try value.number)
            case 4: point.count = .init(bits: try value.number)
            case 5: point.sum = try real(value)
            case 6: try value.append(to: &counts, areFixed: true)
            case 7: try value.append(to: &bounds, areFixed: true)
            case 9: point.attributes?.append(try attribute(try value.message))
            case 10: point.flags = UInt32(truncatingIfNeeded: try value.number)
            case 11: point.min = try real(value)
            case 12: point.max = try real(value)
            default: break
            }
        }
        point.bucketCounts = counts.map { .init(bits: $0) }
        point.explicitBounds = bounds.map { .init(value: Double(bitPattern: $0)) }
        return point
    }

    private static func exponentialPoint(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.ExponentialPoint {
        var point = OTLPMetrics.ExponentialPoint(attributes: [])
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 1: point.attributes?.append(try attribute(try value.message))
            case 2: point.startTimeUnixNano = .init(bits: try value.number)
            case 3: point.timeUnixNano = .init(bits: try value.number)
            case 4: point.count = .init(bits: try value.number)
            case 5: point.sum = try real(value)
            case 6: point.scale = try value.zigzag
            case 7: point.zeroCount = .init(bits: try value.number)
            case 8: point.positive = try buckets(try value.message)
            case 9: point.negative = try buckets(try value.message)
            case 10: point.flags = UInt32(truncatingIfNeeded: try value.number)
            case 12: point.min = try real(value)
            case 13: point.max = try real(value)
            default: break
            }
        }
        return point
    }

    private static func buckets(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.Buckets {
        var offset: Int32 = 0
        var counts: [UInt64] = []
        try forEach(bytes) { (field, value) throws(Malformed) in
            if field == 1 { offset = try value.zigzag }
            if field == 2 { try value.append(to: &counts, areFixed: false) }
        }
        return OTLPMetrics.Buckets(offset: offset, bucketCounts: counts.map { .init(bits: $0) })
    }

    private static func attribute(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.Attribute {
        var attribute = OTLPMetrics.Attribute()
        try forEach(bytes) { (field, value) throws(Malformed) in
            if field == 1 { attribute.key = try value.text }
            if field == 2 { attribute.value = try anyValue(try value.message) }
        }
        return attribute
    }

    private static func anyValue(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> OTLPMetrics.AnyValue {
        var any = OTLPMetrics.AnyValue()
        try forEach(bytes) { (field, value) throws(Malformed) in
            switch field {
            case 1: any.stringValue = try value.text
            case 2: any.boolValue = try value.number != 0
            case 3: any.intValue = .init(bits: try value.number)
            case 4: any.doubleValue = try real(value)
            default: break
            }
        }
        return any
    }

    private static func real(_ value: Value) throws(Malformed) -> OTLPMetrics.RealNumber {
        .init(value: Double(bitPattern: try value.number))
    }
}
