internal import DattssCore

/// The points of a chunk as columns, but for their sketches.
struct ChunkColumns {
    /// Of the first point, since the origin.
    private let minute: Int64
    private let origin: Minute
    /// From each point to the next.
    private let steps: [Int64]
    private let flags: [Int64]
    private let numbers: NumberColumns
    /// Ordered bits, of those rows that have one.
    private let fractions: [Int64]

    private static let minuteParameter = 8

    init(_ points: [HistorySlice.Point], _ origin: Minute) {
        self.origin = origin
        minute = (points.first?.minute.index ?? 0) &- origin.index
        steps = zip(points.dropFirst(), points).map { $0.minute.index &- $1.minute.index }
        flags = points.map { ChunkFlags.of($0.aggregate) }
        numbers = NumberColumns(points)
        fractions = zip(points, flags).filter { $0.1 & ChunkFlags.fraction != 0 }
            .map { OrderedBits.of($0.0.aggregate.fraction) }
    }

    func write(to writer: inout ColumnWriter) {
        writer.bits.writeSigned(minute, parameter: Self.minuteParameter)
        writer.write(steps)
        writer.write(flags)
        numbers.write(flags, to: &writer)
        writer.write(fractions, [.none, .previous])
    }

    init(_ count: Int, _ origin: Minute, from reader: inout ColumnReader) throws(LogError) {
        self.origin = origin
        minute = reader.bits.readSigned(parameter: Self.minuteParameter)
        steps = try reader.read(count - 1)
        flags = try reader.read(count)
        numbers = try NumberColumns(flags, from: &reader)
        fractions = try reader.read(flags.count { $0 & ChunkFlags.fraction != 0 })
    }

    /// What is known of the sketches, of those rows that have one.
    var sketchRows: [SketchColumn.Row] {
        flags.indices.filter { flags[$0] & ChunkFlags.sketch != 0 }.map { numbers.sketchRow($0) }
    }

    /// - Parameter sketches: of those rows that have one; or none.
    func points(_ sketches: [Sketch]) -> [HistorySlice.Point] {
        let count = flags.count
        let first = HistorySlice.Point(minute: Minute(origin.index &+ minute), aggregate: Aggregate(sample: 0))
        var points = [HistorySlice.Point](repeating: first, count: count)
        // Number by number into place: to copy whole points takes longer than to decode them.
        points.withUnsafeMutableBufferPointer { points in
            for row in 1..<max(1, count) { points[row].minute.index = points[row - 1].minute.index &+ steps[row - 1] }
            numbers.fill(points)
            var (nextFraction, nextSketch) = (0, 0)
            for row in 0..<count where flags[row] & ChunkFlags.besidesNumbers != 0 {
                let flags = flags[row]
                points[row].aggregate.isEmphasised = flags & ChunkFlags.emphasised != 0
                points[row].aggregate.isApproximate = flags & ChunkFlags.approximate != 0
                if flags & ChunkFlags.fraction != 0 {
                    points[row].aggregate.fraction = OrderedBits.double(fractions[nextFraction])
                    nextFraction += 1
                }
                if flags & ChunkFlags.sketch != 0, nextSketch < sketches.count {
                    points[row].aggregate.sketch = sketches[nextSketch]
                    nextSketch += 1
                }
            }
        }
        return points
    }
}
