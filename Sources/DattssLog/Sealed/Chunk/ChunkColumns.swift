internal import DattssCore

/// The points of a chunk as columns, but for their sketches.
struct ChunkColumns {
    /// The minutes from the origin to the first point.
    private let minute: Int64
    private let origin: Minute
    /// From each point to the next.
    private let steps: [Int64]
    private let flags: [AggregateFlags]
    private let numbers: ChunkNumbers
    /// The fractions of those rows that have one, as ordered bits.
    private let fractions: [Int64]

    private static let minuteParameter = 8
    /// No sum of so many of them overflows.
    private static let stepMax: Int64 = 1 << 48

    init(_ points: [HistorySlice.Point], _ origin: Minute) {
        self.origin = origin
        minute = (points.first?.minute.index ?? 0) &- origin.index
        // Through a buffer: out of an array a point would be copied, to look at one of its numbers.
        (steps, flags, fractions, numbers) = points.withUnsafeBufferPointer { points in
            let rows = points.indices
            let flags = rows.map { AggregateFlags(ofRow: points[$0].aggregate) }
            return (
                rows.dropFirst().map { points[$0].minute.index &- points[$0 - 1].minute.index }, flags,
                rows.filter { flags[$0].contains(.fraction) }.map { OrderedBits.of(points[$0].aggregate.fraction) },
                ChunkNumbers(points)
            )
        }
    }

    func write(to writer: inout ColumnWriter) {
        writer.bits.writeSigned(minute, parameter: Self.minuteParameter)
        writer.write(steps)
        writer.write(flags.map { Int64($0.rawValue) })
        numbers.write(flags, to: &writer)
        writer.write(fractions, [.none, .previous])
    }

    init(_ count: Int, _ origin: Minute, from reader: inout ColumnReader) throws(LogError) {
        self.origin = origin
        minute = reader.bits.readSigned(parameter: Self.minuteParameter)
        steps = try reader.read(count - 1)
        // So that no minute lies outside the first and the last, however many steps there are.
        guard steps.allSatisfy({ 0...Self.stepMax ~= $0 }) else { throw ColumnReader.malformed("ascending minutes") }
        flags = try reader.read(count).map { AggregateFlags(rawValue: UInt8(truncatingIfNeeded: $0)) }
        numbers = try ChunkNumbers(flags, from: &reader)
        fractions = try reader.read(flags.count { $0.contains(.fraction) })
    }

    /// What is known of the sketches, of those rows that have one.
    var sketchRows: [SketchColumn.Row] {
        flags.indices.filter { flags[$0].contains(.sketch) }.map { numbers.sketchRow($0) }
    }

    func hasSketch(_ row: Int) -> Bool { flags[row].contains(.sketch) }

    /// Appends the points.
    /// - Parameter sketches: of those rows that have one; or none.
    func append(_ sketches: [PackedSketch], to all: inout [HistorySlice.Point]) {
        let start = all.count
        let first = HistorySlice.Point(minute: Minute(origin.index &+ minute), aggregate: Aggregate(sample: 0))
        all.append(addingCapacity: flags.count) { points in
            points.withUnsafeMutableBufferPointer { points, count in
                points[..<flags.count].initialize(repeating: first)
                count = flags.count
                let points = UnsafeMutableBufferPointer(rebasing: points[..<count])
                for row in 1..<max(1, count) { points[row].minute.index = points[row - 1].minute.index &+ steps[row - 1] }
                numbers.fill(points)
            }
        }
        guard flags.contains(where: { $0.saysMoreThanNumbers }) else { return }
        all.withUnsafeMutableBufferPointer { all in
            var (nextFraction, nextSketch) = (0, 0)
            for row in flags.indices where flags[row].saysMoreThanNumbers {
                let (flags, place) = (flags[row], start + row)
                all[place].aggregate.isEmphasised = flags.contains(.emphasised)
                all[place].aggregate.isApproximate = flags.contains(.approximate)
                if flags.contains(.fraction) {
                    all[place].aggregate.fraction = OrderedBits.double(fractions[nextFraction])
                    nextFraction += 1
                }
                if flags.contains(.sketch), nextSketch < sketches.count {
                    all[place].aggregate.packedSketch = sketches[nextSketch]
                    nextSketch += 1
                }
            }
        }
    }
}

extension AggregateFlags {
    /// The flags of a row of a chunk, which says neither the kind nor that a product is one of ones.
    fileprivate init(ofRow aggregate: Aggregate) {
        self.init(.counter, aggregate, hasSketch: aggregate.packedSketch != nil)
        if layout == .ones { layout = .product }
    }

    fileprivate var saysMoreThanNumbers: Bool { !isDisjoint(with: [.emphasised, .approximate, .sketch, .fraction]) }
}
