import DattssCore
import Synchronization

/// Reads exports of the usual form from protobuf, point by point, without building them as a tree: what the SDKs and the Collector
/// write, of series most of which were met before. For anything else, also for whatever is to be refused, it has no answer, and the
/// export is read the plain way, by ``OTLPProtobuf`` and ``OTLPPoints``. What it does read, it reads as these do.
///
///     resource ─► scope ─► metric: name, unit, one kind of points ─► point: times, value, attributes
///     └─────────────────────┬──────────────────────────────────────────────────────────┘
///              the bytes that say which series it is ─► OTLPKnownSeries ─► key and path
struct OTLPUsualExport {
    private typealias Bytes = UnsafeRawBufferPointer

    private var known = OTLPKnownSeries()
    private var latest = LatestScope()
    /// What the series of a point is found by: that of its metric, and its attributes behind it.
    private var identity: [UInt8] = []
    private var points: [OTLPPoints.Point] = []
    private var processes: Set<String> = []
    private var metricCount = 0
    private var pointCount = 0
    private var sizeMax = 0

    /// Why the plain way has to read it.
    private struct Unusual: Error {}

    /// The scope of the export before, which most senders repeat.
    private struct LatestScope {
        var resource: [UInt8] = []
        var scope: [UInt8] = []
        var digest = SHA256Digest()
        var process: String?
        var isKnown = false
    }

    /// - Parameter sizeMax: how many there may be of everything that an export has many of: see ``OTLPSize``.
    /// - Returns: nil for an export of another form.
    mutating func read(_ bytes: UnsafeRawBufferPointer, sizeMax: Int) -> OTLPPoints? {
        self.sizeMax = sizeMax
        (processes, metricCount, pointCount) = ([], 0, 0)
        defer { points = [] }
        // One of them has hardly fewer bytes.
        points.reserveCapacity(min(bytes.count / 32, sizeMax))
        do {
            var (reader, resources) = (ProtobufReader(bytes), 0)
            while let (field, value) = try reader.next() {
                guard field == 1 else { continue }
                resources += 1
                // There are no more scopes than that either, nor metrics.
                if resources > sizeMax { return nil }
                try readResource(try value.message)
            }
            let read = points
            points = []
            return OTLPPoints(read, processes: processes)
        } catch {
            return nil
        }
    }

    // MARK: The tree

    private mutating func readResource(_ bytes: Bytes) throws {
        var (reader, resource) = (ProtobufReader(bytes), Bytes?.none)
        var hasScope = false
        while let (field, value) = try reader.next() {
            if field == 1 {
                guard resource == nil, !hasScope else { throw Unusual() }
                resource = try value.message
            } else if field == 2 {
                hasScope = true
                try readScope(try value.message, in: resource ?? Bytes(rebasing: bytes[..<0]))
            }
        }
        // One without scopes has a process all the same.
        if !hasScope { throw Unusual() }
    }

    private mutating func readScope(_ bytes: Bytes, in resource: Bytes) throws {
        var (reader, scope) = (ProtobufReader(bytes), Bytes?.none)
        var hasMetric = false
        while let (field, value) = try reader.next() {
            if field == 1 {
                guard scope == nil, !hasMetric else { throw Unusual() }
                scope = try value.message
            } else if field == 2 {
                if !hasMetric { try begin(scope ?? Bytes(rebasing: bytes[..<0]), in: resource) }
                hasMetric = true
                try readMetric(try value.message)
            }
        }
        if !hasMetric { throw Unusual() }
    }

    private mutating func begin(_ scope: Bytes, in resource: Bytes) throws {
        if !latest.isKnown || !latest.resource.elementsEqual(resource) || !latest.scope.elementsEqual(scope) {
            latest.isKnown = false
            let attributes = try OTLPProtobuf.attributes(ofResource: resource)
            var read = OTLPMetrics.Scope()
            try OTLPProtobuf.read(scope, into: &read)
            latest = LatestScope(
                resource: Array(resource), scope: Array(scope),
                digest: OTLPPoints.digest(of: read, in: OTLPPoints.digest(ofResource: attributes)),
                process: OTLPPoints.process(of: attributes), isKnown: true)
        }
        if let process = latest.process { processes.insert(process) }
    }

    // MARK: Metrics

    private struct Metric {
        var name = Bytes(start: nil, count: 0)
        var unit = Bytes(start: nil, count: 0)
        /// The field that its points are in, by their kind.
        var field: UInt64 = 0
        var points = Bytes(start: nil, count: 0)
        var temporality = OTLPMetrics.Temporality.unspecified
        var isMonotonic = false
        var pointCount = 0

        var kind: OTLPPoints.Kind {
            switch field {
            case 5: .gauge
            case 7: .sum(temporality, isMonotonic: isMonotonic)
            case 9: .histogram(temporality)
            default: .exponential(temporality)
            }
        }
    }

    private mutating func readMetric(_ bytes: Bytes) throws {
        metricCount += 1
        if metricCount > sizeMax { throw Unusual() }
        var (reader, metric) = (ProtobufReader(bytes), Metric())
        while let (field, value) = try reader.next() {
            switch field {
            case 1:
                guard metric.name.isEmpty else { throw Unusual() }
                metric.name = try value.message
            case 3:
                guard metric.unit.isEmpty else { throw Unusual() }
                metric.unit = try value.message
            case 5, 7, 9, 10:
                guard metric.field == 0 else { throw Unusual() }
                (metric.field, metric.points) = (field, try value.message)
            case 11: throw Unusual()
            default: break
            }
        }
        if metric.field == 0 { return }
        try readKind(of: &metric)
        identity.removeAll(keepingCapacity: true)
        latest.digest.withUnsafeBytes { identity.append(contentsOf: $0) }
        identity.append(UInt8(metric.field) << 4 | UInt8(metric.temporality.rawValue) << 1 | (metric.isMonotonic ? 1 : 0))
        append(metric.name)
        append(metric.unit)
        try readPoints(of: metric)
    }

    /// What the points have in common stands behind them.
    private mutating func readKind(of metric: inout Metric) throws {
        var reader = ProtobufReader(metric.points)
        while let (field, value) = try reader.next() {
            switch field {
            case 1: metric.pointCount += 1
            case 2: metric.temporality = OTLPMetrics.Temporality(rawValue: try value.number) ?? .unspecified
            case 3: metric.isMonotonic = try value.number != 0
            default: break
            }
        }
        pointCount += metric.pointCount
        if pointCount > sizeMax { throw Unusual() }
    }

    private mutating func append(_ part: Bytes) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.count)) { identity.append(contentsOf: $0) }
        identity.append(contentsOf: part)
    }

    // MARK: Points

    private mutating func readPoints(of metric: Metric) throws {
        let kind = metric.kind
        let metricBytes = identity.count
        var reader = ProtobufReader(metric.points)
        while let (field, value) = try reader.next() {
            guard field == 1 else { continue }
            let point = try value.message
            identity.removeSubrange(metricBytes...)
            switch kind {
            case .gauge, .sum: try readNumber(point, kind, metric)
            case .histogram: try readHistogram(point, kind, metric)
            case .exponential: try readExponential(point, kind, metric)
            }
        }
    }

    private mutating func readNumber(_ bytes: Bytes, _ kind: OTLPPoints.Kind, _ metric: Metric) throws {
        var (reader, point) = (ProtobufReader(bytes), OTLPMetrics.NumberPoint())
        while let (field, value) = try reader.next() {
            switch field {
            case 2: point.head.start = try value.number
            case 3: point.head.time = try value.number
            case 4: point.value = try value.double
            case 6: point.value = Double(Int64(bitPattern: try value.number))
            case 7: append(try value.message)
            case 8: point.head.flags = try value.number
            default: break
            }
        }
        let value = if case .gauge = kind { OTLPPoints.value(ofGauge: point) } else { kind.value(ofSum: point) }
        try add(point.head, value, kind, metric) { () throws(WireError) in
            try OTLPProtobuf.numberPoint(bytes).head.attributes
        }
    }

    private mutating func readHistogram(_ bytes: Bytes, _ kind: OTLPPoints.Kind, _ metric: Metric) throws {
        try appendAttributes(of: bytes, field: 9)
        let point = try OTLPProtobuf.histogramPoint(bytes)
        try add(point.head, kind.value(OTLPHistogram(point)), kind, metric) { point.head.attributes }
    }

    private mutating func readExponential(_ bytes: Bytes, _ kind: OTLPPoints.Kind, _ metric: Metric) throws {
        try appendAttributes(of: bytes, field: 1)
        let point = try OTLPProtobuf.exponentialPoint(bytes)
        try add(point.head, kind.value(OTLPHistogram(point)), kind, metric) { point.head.attributes }
    }

    private mutating func appendAttributes(of bytes: Bytes, field attributeField: UInt64) throws {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            if field == attributeField { append(try value.message) }
        }
    }

    /// - Parameter attributes: read only for a series that was not met lately.
    private mutating func add(
        _ head: OTLPMetrics.Head, _ value: OTLPPoints.Value?, _ kind: OTLPPoints.Kind, _ metric: Metric,
        _ attributes: () throws(WireError) -> [OTLPMetrics.Attribute]
    ) throws {
        guard let value, head.flags & OTLPPoints.noValueFlag == 0 else { throw Unusual() }
        let hash = OTLPKnownSeries.hash(identity)
        let name: OTLPSeriesName
        if let met = known.name(identity, hash) {
            name = met
        } else {
            let text = String(decoding: metric.name, as: UTF8.self)
            let unit = String(decoding: metric.unit, as: UTF8.self)
            guard let metric = OTLPMetricName(text, unit: unit, kind: kind.name, of: latest.digest) else { throw Unusual() }
            let attributes = try attributes()
            var path = metric.path
            guard path.append(attributes) else { throw Unusual() }
            name = metric.series(attributes, path)
            known.add(name, identity, hash)
        }
        points.append(OTLPPoints.Point(name: name, start: head.start, time: head.time, value: value))
    }
}

/// An ``OTLPUsualExport`` for each of those who read exports at a time, with the series that it met lately.
final class OTLPReaders: Sendable {
    private let free = Mutex<[Reader]>([])

    // Whoever took one out of `free` has it alone until it is put back.
    private final class Reader: @unchecked Sendable {
        var usual = OTLPUsualExport()
    }

    /// The points of an export, whatever its form.
    /// - Parameter sizeMax: see ``OTLPSize``.
    func points(_ body: [UInt8], _ format: OTLPFormat, sizeMax: Int) throws(WireError) -> OTLPPoints {
        try body.withUnsafeBufferPointer { body throws(WireError) in
            try points(UnsafeRawBufferPointer(body), format, sizeMax: sizeMax)
        }
    }

    func points(_ body: UnsafeRawBufferPointer, _ format: OTLPFormat, sizeMax: Int) throws(WireError) -> OTLPPoints {
        if format == .protobuf {
            // The last one that was put back knows the most.
            let reader = free.withLock { $0.popLast() } ?? Reader()
            defer { free.withLock { $0.append(reader) } }
            if let points = reader.usual.read(body, sizeMax: sizeMax) { return points }
        }
        return OTLPPoints(try format.decode(body, sizeMax: sizeMax))
    }
}
