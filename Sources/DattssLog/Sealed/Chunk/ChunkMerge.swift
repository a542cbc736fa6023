internal import DattssCore

/// The points of a chunk of which those of one span of minutes are one: their sketches are added up as they are read, bucket by bucket,
/// instead of made one by one and taken apart again.
///
/// What is asked of merged points is what does not depend on their order: sum, count, extremes, and percentiles. Where sketches are
/// wanted, points without one stay by themselves, so that no sketch is mixed with less.
struct ChunkMerge {
    private(set) var points: [HistorySlice.Point] = []
    /// How many points there were, and the minutes of the first and the last, whether asked for or not.
    let count: Int
    let first: Minute
    let last: Minute

    /// - Parameters:
    ///   - origin: the one that the points were encoded with.
    ///   - minutes: those that are asked for.
    /// - Returns: nil for what is rare or damaged: it has to be decoded point by point.
    init?(
        _ bytes: [UInt8], origin: Minute, withSketches: Bool, _ spans: MinuteSpans, in minutes: Range<Minute>
    ) {
        var reader = ByteReader(bytes)
        guard let columns = try? ChunkCodec.columns(&reader, origin) else { return nil }
        var all: [HistorySlice.Point] = []
        columns.append([], to: &all)
        guard let first = all.first?.minute, let last = all.last?.minute else { return nil }
        (count, self.first, self.last) = (all.count, first, last)
        let rows = MergedRows(all, columns, withSketches: withSketches, spans, minutes)
        if withSketches {
            guard let sketches = try? SketchColumn.merged(columns.sketchRows, rows.sketchGroups, &reader),
                reader.remaining == 0
            else { return nil }
            points = Self.points(all, rows, sketches)
        } else {
            points = Self.points(all, rows, nil)
        }
    }

    private static func points(
        _ all: [HistorySlice.Point], _ rows: MergedRows, _ sketches: [PackedSketch]?
    ) -> [HistorySlice.Point] {
        var points: [HistorySlice.Point] = []
        points.reserveCapacity(rows.groupCount + rows.aloneCount)
        var (place, group) = (0, MergedRows.notAsked)
        // Through a buffer: out of an array a point would be copied, to look at one of its numbers.
        all.withUnsafeBufferPointer { all in
            for (row, own) in rows.groups.enumerated() where own != MergedRows.notAsked {
                if own == MergedRows.alone {
                    points.append(all[row])
                } else if own == group {
                    points[place].aggregate.mergeNumbers(of: all[row].aggregate)
                } else {
                    (place, group) = (points.count, own)
                    points.append(all[row])
                    if let sketches { points[place].aggregate.packedSketch = sketches[Int(own)] }
                }
            }
        }
        return points
    }
}

/// Which rows of a chunk become one point.
private struct MergedRows {
    /// The number of each row's group; or that it stays by itself, or is not asked for.
    private(set) var groups: [Int32] = []
    private(set) var groupCount = 0
    private(set) var aloneCount = 0
    /// The group of each row that has a sketch, or one below zero.
    private(set) var sketchGroups: [Int32] = []

    static let notAsked: Int32 = -1
    static let alone: Int32 = -2

    init(
        _ points: [HistorySlice.Point], _ columns: ChunkColumns, withSketches: Bool, _ spans: MinuteSpans, _ minutes: Range<Minute>
    ) {
        groups.reserveCapacity(points.count)
        if withSketches { sketchGroups.reserveCapacity(points.count) }
        // The span that the last group is of ends here.
        var end = Int64.min
        for row in points.indices {
            let minute = points[row].minute
            let hasSketch = withSketches && columns.hasSketch(row)
            var group = Self.notAsked
            if minutes.contains(minute) {
                if withSketches, !hasSketch {
                    group = Self.alone
                    aloneCount += 1
                } else {
                    if minute.index >= end || groupCount == 0 {
                        groupCount += 1
                        end = spans.end(of: minute)
                    }
                    group = Int32(groupCount - 1)
                }
            }
            groups.append(group)
            if hasSketch { sketchGroups.append(group) }
        }
    }
}
