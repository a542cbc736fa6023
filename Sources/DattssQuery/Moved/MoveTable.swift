import DattssCore

/// The bins of all statistics that are compared, one row for each number that is taken of one.
final class MoveTable: PointTable {
    struct Row {
        var figure: MoveFigure
        var values: [Float]
        /// By what the values are to be divided; empty where they are to be taken as they are.
        var weights: [Float]
    }

    let question: MoveQuestion
    private(set) var keys: [StatisticKey] = []
    /// For each statistic, in the order of ``MoveQuestion/figures(of:)``.
    private(set) var rows: [[Row]] = []
    /// Whether hours were met where minutes are needed.
    private(set) var hasHours = false
    private let limits: QueryLimits
    private var numbers = 0
    /// Which of the reads is going on: points of another one are already in.
    private var reading: Range<Minute>

    init(_ question: MoveQuestion, _ limits: QueryLimits) {
        (self.question, self.limits) = (question, limits)
        reading = question.layout.window
    }

    /// The points of these minutes come now.
    func begin(_ minutes: Range<Minute>) { reading = minutes }

    func slot(of key: StatisticKey) throws(QueryError) -> Int? {
        guard question.kinds.contains(key.kind), question.pattern.matches(key.path) else { return nil }
        guard keys.count < limits.series else {
            throw QueryError(.limit, "more than \(limits.series) statistics, the limit of series: take a pattern")
        }
        let figures = question.figures(of: key.kind)
        numbers += figures.reduce(0) { $0 + ($1.isCounted ? 1 : 2) } * question.layout.binCount
        guard numbers <= limits.numbers * Self.numbersFactor else {
            throw QueryError(
                .limit,
                "\(keys.count + 1) statistics of \(question.layout.binCount) points are more than \(limits.numbers * Self.numbersFactor) "
                    + "numbers, the limit of numbers: take a pattern, or a shorter window")
        }
        keys.append(key)
        rows.append(figures.map { Row(figure: $0, values: [], weights: []) })
        return keys.count - 1
    }

    /// So many times as many numbers as a query of another kind holds, because these have 4 bytes, and there is one such table: 168 MB.
    /// 20,000 timers with two figures each, over two hours, fit.
    private static let numbersFactor = 7

    func add(_ point: borrowing MinutePoint, isHour: Bool, to slot: Int) {
        let minute = Minute(point.minute.index)
        if isHour {
            hasHours = hasHours || question.layout.window.overlaps(minute..<minute.advanced(by: 60))
            return
        }
        guard reading.contains(minute) else { return }
        let kind = keys[slot].kind
        for position in rows[slot].indices {
            guard let (value, weight) = rows[slot][position].figure.value(of: point.aggregate, kind) else { continue }
            if rows[slot][position].values.isEmpty { makeRoom(slot, position) }
            question.layout.forEachBin(of: minute) { bin in
                rows[slot][position].add(Float(value), Float(weight), to: bin)
            }
        }
    }

    private func makeRoom(_ slot: Int, _ position: Int) {
        let count = question.layout.binCount
        rows[slot][position].values = [Float](repeating: .nan, count: count)
        if rows[slot][position].figure.isCounted { return }
        rows[slot][position].weights = [Float](repeating: 0, count: count)
    }

    func setTotal(of slot: Int, sum: Double) {}
    func checkMemory() throws(QueryError) {}

    /// Forgets the points of the read that is going on.
    func removePoints() {
        for slot in rows.indices {
            for position in rows[slot].indices where !rows[slot][position].values.isEmpty {
                question.layout.forEachBin(in: reading) { bin in rows[slot][position].remove(bin) }
            }
        }
    }

    /// The values of a row, as they are judged.
    func values(_ slot: Int, _ position: Int) -> [Float] {
        let row = rows[slot][position]
        guard row.weights.isEmpty else { return zip(row.values, row.weights).map { $0 / $1 } }
        let minutes = Float(question.layout.binMinutes)
        return minutes == 1 ? row.values : row.values.map { $0 / minutes }
    }
}

extension MoveTable.Row {
    @inline(__always)
    fileprivate mutating func add(_ value: Float, _ weight: Float, to bin: Int) {
        let known = values[bin]
        values[bin] = known.isNaN ? value : known + value
        if !weights.isEmpty { weights[bin] += weight }
    }

    fileprivate mutating func remove(_ bin: Int) {
        values[bin] = .nan
        if !weights.isEmpty { weights[bin] = 0 }
    }
}
