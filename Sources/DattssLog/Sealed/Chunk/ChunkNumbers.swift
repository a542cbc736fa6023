internal import DattssCore

/// The eight numbers of a chunk's rows, column by column, in this order:
///
///     scale of values (5 bits) │ scale of sums (5 bits) │ counts │ last
///     first min max bottom top     of the rows that are not equal
///     combination │ sum            of the rows whose sum is no product
///
/// A column of doubles is its integers, then a bit that says whether its ulps follow. A column without rows is nothing.
struct ChunkNumbers {
    var counts: [Int64] = []
    var sum: [Double] = []
    var last: [Double] = []
    var first: [Double] = []
    var min: [Double] = []
    var max: [Double] = []
    var bottom: [Double] = []
    var top: [Double] = []

    init(_ points: UnsafeBufferPointer<HistorySlice.Point>) {
        let rows = points.indices
        counts = rows.map { points[$0].aggregate.count }
        sum = rows.map { points[$0].aggregate.sum }
        last = rows.map { points[$0].aggregate.last }
        first = rows.map { points[$0].aggregate.first }
        min = rows.map { points[$0].aggregate.min }
        max = rows.map { points[$0].aggregate.max }
        bottom = rows.map { points[$0].aggregate.bottom }
        top = rows.map { points[$0].aggregate.top }
    }

    /// Puts the numbers into as many points.
    func fill(_ points: UnsafeMutableBufferPointer<HistorySlice.Point>) {
        // Spans, because the length of an array is looked up again at each access.
        let counts = counts.span
        let sum = sum.span
        let last = last.span
        let first = first.span
        let min = min.span
        let max = max.span
        let bottom = bottom.span
        let top = top.span
        for row in points.indices {
            points[row].aggregate.sum = sum[row]
            points[row].aggregate.count = counts[row]
            points[row].aggregate.max = max[row]
            points[row].aggregate.min = min[row]
            points[row].aggregate.first = first[row]
            points[row].aggregate.last = last[row]
            points[row].aggregate.bottom = bottom[row]
            points[row].aggregate.top = top[row]
        }
    }

    func sketchRow(_ row: Int) -> SketchColumn.Row {
        SketchColumn.Row(count: counts[row], min: min[row], max: max[row])
    }
}

extension ChunkNumbers {
    func write(_ flags: [AggregateFlags], to writer: inout ColumnWriter) {
        let varied = RowSelection(flags, without: AggregateFlags.equal)
        let summed = RowSelection(flags, without: AggregateFlags.product)
        let columns = [first, min, max, bottom, top].map { varied.gather($0) }
        let sums = summed.gather(sum)
        let (scale, sumScale) = (NumberScale(fitting: [last] + columns), NumberScale(fitting: [sums]))
        writer.bits.write(UInt64(scale.code), bits: NumberScale.codeBits)
        writer.bits.write(UInt64(sumScale.code), bits: NumberScale.codeBits)
        writer.write(counts, [.none, .mean(shift: 3), .mean(shift: 6)])

        let last = writer.write(last, scale, [.none, .previous, .mean(shift: 6)])
        var rows = RowIntegers(counts: counts, last: last, varied)
        rows.first = writer.write(columns[0], scale, [.none, .mean(shift: 6), .reference], rows.firstReference)
        rows.min = writer.write(columns[1], scale, [.none, .mean(shift: 6), .reference], rows.minReference)
        rows.max = writer.write(columns[2], scale, [.none, .mean(shift: 6), .reference], rows.maxReference)
        rows.bottom = writer.write(columns[3], scale, [.none, .mean(shift: 6), .reference], rows.min)
        rows.top = writer.write(columns[4], scale, [.none, .mean(shift: 6), .reference], rows.max)

        if sums.isEmpty { return }
        let features = rows.features(of: summed)
        let combination = SumCombination(fitting: sumScale.split(sums).integers, features)
        combination.write(to: &writer.bits)
        _ = writer.write(sums, sumScale, [.reference, .previous], combination.predicted(from: features))
    }

    init(_ flags: [AggregateFlags], from reader: inout ColumnReader) throws(LogError) {
        let varied = RowSelection(flags, without: AggregateFlags.equal)
        let summed = RowSelection(flags, without: AggregateFlags.product)
        guard let scale = NumberScale(code: UInt16(reader.bits.read(NumberScale.codeBits))),
            let sumScale = NumberScale(code: UInt16(reader.bits.read(NumberScale.codeBits)))
        else { throw ColumnReader.malformed("scales") }
        counts = try reader.read(flags.count)
        guard counts.allSatisfy({ $0 >= 1 }) else { throw ColumnReader.malformed("counts of at least 1") }

        let last = try reader.read(flags.count, scale)
        self.last = last.doubles
        var rows = RowIntegers(counts: counts, last: last.integers, varied)
        let first = try reader.read(varied.count, scale, rows.firstReference)
        rows.first = first.integers
        let min = try reader.read(varied.count, scale, rows.minReference)
        rows.min = min.integers
        let max = try reader.read(varied.count, scale, rows.maxReference)
        rows.max = max.integers
        let bottom = try reader.read(varied.count, scale, rows.min)
        rows.bottom = bottom.integers
        let top = try reader.read(varied.count, scale, rows.max)
        rows.top = top.integers
        self.first = varied.scatter(first.doubles, over: last.doubles)
        self.min = varied.scatter(min.doubles, over: last.doubles)
        self.max = varied.scatter(max.doubles, over: last.doubles)
        self.bottom = varied.scatter(bottom.doubles, over: last.doubles)
        self.top = varied.scatter(top.doubles, over: last.doubles)

        var sums: [Double] = []
        if summed.count > 0 {
            guard let combination = SumCombination(&reader.bits) else { throw ColumnReader.malformed("a combination") }
            let predicted = combination.predicted(from: rows.features(of: summed))
            sums = try reader.read(summed.count, sumScale, predicted).doubles
        }
        let isAllSummed = summed.count == flags.count
        let products = isAllSummed ? [] : zip(last.doubles, counts).map { EqualSamples.sum($0, $1) }
        sum = summed.scatter(sums, over: products)
    }
}

/// The integers of the rows that are not equal, as far as they are known, and what they say about those that are not
/// known yet.
private struct RowIntegers {
    private let allCounts: [Int64]
    private let allLast: [Int64]
    private let varied: RowSelection
    private let last: [Int64]
    var first: [Int64] = []
    var min: [Int64] = []
    var max: [Int64] = []
    var bottom: [Int64] = []
    var top: [Int64] = []

    init(counts: [Int64], last: [Int64], _ varied: RowSelection) {
        allCounts = counts
        allLast = last
        self.varied = varied
        self.last = varied.gather(last)
    }

    /// A gauge walks: its first sample lies on the way from the last one of the row before to the last one.
    var firstReference: [Int64] {
        if varied.count == 0 { return [] }
        var previous = allLast.first ?? 0
        return varied.gather(
            zip(allLast, allCounts).map { last, count in
                defer { previous = last }
                return previous &+ (last &- previous) / Swift.max(1, count)
            })
    }

    var minReference: [Int64] { zip(first, last).map { Swift.min($0, $1) } }
    var maxReference: [Int64] { zip(first, last).map { Swift.max($0, $1) } }

    func features(of summed: RowSelection) -> SumFeatures {
        let column = { (entries: [Int64]) in summed.gather(varied.scatter(entries, over: allLast)) }
        return SumFeatures(
            counts: summed.gather(allCounts), last: summed.gather(allLast), first: column(first), min: column(min),
            max: column(max), bottom: column(bottom), top: column(top))
    }
}
