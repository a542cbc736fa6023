internal import DattssCore

/// The rows of a day, statistic after statistic: first those that were spilled, then those still in memory.
struct RowMerge {
    private let names: [StatisticNumbers.Name]
    private let order: [Int]
    private let runs: [RowRun]
    private let buffer: RowBuffer
    private var position = 0

    init(_ numbers: inout StatisticNumbers, runs: [RowRun], buffer: RowBuffer) {
        order = numbers.inOrder()
        names = numbers.names
        self.runs = runs
        self.buffer = buffer
        skipEmpty()
    }

    /// The statistic whose rows come next.
    var next: StatisticNumbers.Name? { position < order.count ? names[order[position]] : nil }

    /// Hands out the rows of ``next`` by minute, then in the order in which they were written, and goes on to the one after.
    mutating func take(
        day: Int64, _ body: (SealOrigin, HistorySlice.Point) throws(LogError) -> Void
    ) throws(LogError) {
        let number = order[position]
        for run in runs where run.next?.number == number {
            var reader = ByteReader(try run.take())
            var point = HistorySlice.Point(minute: SealedStep.origin(ofDay: day), aggregate: Aggregate(sample: 0))
            while !reader.isAtEnd { try body(try reader.row(into: &point, day: day), point) }
        }
        try buffer.forEachRow(of: number, day: day, body)
        position += 1
        skipEmpty()
    }

    private mutating func skipEmpty() {
        while position < order.count {
            let number = order[position]
            if buffer.has(number) || runs.contains(where: { $0.next?.number == number }) { return }
            position += 1
        }
    }
}
