internal import DattssCore

/// Rows in memory, in the order in which they came, linked together by statistic:
///
///     bytes   │ row 0 │ row 1 │ row 2 │ row 3 │ …          one after the other
///     rows      next: 2   none    3       none             of the same statistic
///     ends      statistic 0: rows 0 to 3, 1: row 1
struct RowBuffer {
    private let capacityBytes: Int
    private var bytes: ByteWriter
    private var rows: [Row] = []
    /// By number of a statistic.
    private var ends: [Ends] = []

    private struct Row {
        var start: UInt32
        var next: UInt32
    }

    private struct Ends {
        var first: UInt32
        var last: UInt32
    }

    private static let none = UInt32.max

    init(capacityBytes: Int) {
        self.capacityBytes = min(capacityBytes, Int(Int32.max))
        bytes = ByteWriter(capacity: self.capacityBytes)
    }

    var isEmpty: Bool { rows.isEmpty }
    var isFull: Bool { bytes.count + rows.count * MemoryLayout<Row>.stride >= capacityBytes }

    mutating func append(_ aggregate: Aggregate, _ origin: SealOrigin, of number: Int) {
        let position = UInt32(rows.count)
        while ends.count <= number { ends.append(Ends(first: Self.none, last: Self.none)) }
        if ends[number].first == Self.none {
            ends[number].first = position
        } else {
            rows[Int(ends[number].last)].next = position
        }
        ends[number].last = position
        rows.append(Row(start: UInt32(bytes.count), next: Self.none))
        bytes.append(aggregate, behind: origin.code)
    }

    func has(_ number: Int) -> Bool { number < ends.count && ends[number].first != Self.none }

    /// The rows of a statistic, in the order in which they came.
    func forEachRow(
        of number: Int, day: Int64, _ body: (SealOrigin, HistorySlice.Point) throws(LogError) -> Void
    ) throws(LogError) {
        guard has(number) else { return }
        var point = HistorySlice.Point(minute: SealedStep.origin(ofDay: day), aggregate: Aggregate(sample: 0))
        var position = ends[number].first
        while position != Self.none {
            let row = rows[Int(position)]
            var reader = ByteReader(bytes.bytes, Int(row.start)..<bytes.count)
            try body(try reader.row(into: &point, day: day), point)
            position = row.next
        }
    }

    /// The bytes of all rows of a statistic.
    func section(of number: Int) -> [UInt8] {
        var section: [UInt8] = []
        var position = has(number) ? ends[number].first : Self.none
        while position != Self.none {
            section += bytes.bytes[range(Int(position))]
            position = rows[Int(position)].next
        }
        return section
    }

    private func range(_ position: Int) -> Range<Int> {
        let end = position + 1 < rows.count ? Int(rows[position + 1].start) : bytes.count
        return Int(rows[position].start)..<end
    }

    mutating func removeAll() {
        bytes = ByteWriter(capacity: capacityBytes)
        rows.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
}
