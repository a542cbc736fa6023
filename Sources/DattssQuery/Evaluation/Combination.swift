/// Two values become one: numbers with numbers, numbers with series, or series with those that they go with.
struct Combination {
    private let op: Operator
    private let matching: Matching
    private let count: Int

    init(_ op: Operator, _ matching: Matching, _ count: Int) { (self.op, self.matching, self.count) = (op, matching, count) }

    func combine(_ left: QueryValue, _ right: QueryValue) throws(QueryError) -> QueryValue {
        switch (left, right) {
        case (.scalar(let a), .scalar(let b)):
            guard !op.isSetOperator else { throw Self.setsNeedSeries }
            return .scalar(zip(a, b).map { op.value($0, $1).asValue })
        case (.series(let series), .scalar(let scalar)):
            guard !op.isSetOperator else { throw Self.setsNeedSeries }
            return .series(series.map { each($0) { value, at in (value, scalar[at]) } })
        case (.scalar(let scalar), .series(let series)):
            guard !op.isSetOperator else { throw Self.setsNeedSeries }
            return .series(series.map { each($0) { value, at in (scalar[at], value) } })
        case (.series(let a), .series(let b)):
            return .series(op.isSetOperator ? set(a, b) : try match(a, b))
        }
    }

    private static let setsNeedSeries = QueryError(.malformed, "and, or, unless are of series, not of scalars")

    private func each(_ series: ResultSeries, _ sides: (Double, Int) -> (Double, Double)) -> ResultSeries {
        var result = series
        if !op.keepsNames { result.labels = series.labels.withoutName }
        result.values = series.values.indices.map { at in
            let value = series.values[at]
            if value.isGap { return .gap }
            let (left, right) = sides(value, at)
            // What remains of a comparison is the value of the series.
            return op.isFilter ? (op.holds(left, right) ? value : .gap) : op.value(left, right).asValue
        }
        return result
    }

    // MARK: Series with series

    private func signature(_ series: ResultSeries) -> Labels { series.labels(in: matching.labels) }

    private func match(_ left: [ResultSeries], _ right: [ResultSeries]) throws(QueryError) -> [ResultSeries] {
        let swapped = matching.cardinality == .oneToMany
        let (many, one) = swapped ? (right, left) : (left, right)
        let ones = Dictionary(grouping: one, by: signature)
        var results: [Labels: ResultSeries] = [:]
        for (labels, group) in Dictionary(grouping: many, by: signature) {
            guard let partners = ones[labels] else { continue }
            for at in 0..<count {
                var partner: ResultSeries?
                for candidate in partners where !candidate.values[at].isGap {
                    guard partner == nil else { throw duplicate(labels, swapped ? "left" : "right") }
                    partner = candidate
                }
                guard let partner else { continue }
                var isTaken = false
                for series in group where !series.values[at].isGap {
                    if matching.cardinality == .oneToOne {
                        guard !isTaken else { throw duplicate(labels, "left") }
                        isTaken = true
                    }
                    let (a, b) = swapped ? (partner.values[at], series.values[at]) : (series.values[at], partner.values[at])
                    let value = op.isFilter ? (op.holds(a, b) ? a : .gap) : op.value(a, b).asValue
                    if value.isGap { continue }
                    let own = resultLabels(series, partner)
                    var result =
                        results[own]
                        ?? ResultSeries(
                            labels: own, values: [Double](repeating: .gap, count: count), base: op.keepsNames ? series.base : nil)
                    guard result.values[at].isGap else { throw duplicate(own, "result's") }
                    results[own] = nil
                    result.values[at] = value
                    results[own] = result
                }
            }
        }
        return Array(results.values)
    }

    private func resultLabels(_ series: ResultSeries, _ partner: ResultSeries) -> Labels {
        var labels = op.keepsNames ? series.labels : series.labels.withoutName
        if matching.cardinality == .oneToOne {
            switch matching.labels {
            case .by(let names): labels = Labels(names.map { Label($0, series.label($0)) })
            case .without(let names): labels = labels.filtered { !names.contains($0) }
            }
        }
        for name in matching.included { labels[name] = partner.label(name) }
        return labels
    }

    private func duplicate(_ labels: Labels, _ side: String) -> QueryError {
        let text = labels.all.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ")
        return QueryError(
            .invalid,
            "several series of the \(side) side match {\(text)}: say by which labels with on or ignoring, and group_left or group_right"
        )
    }

    private func set(_ left: [ResultSeries], _ right: [ResultSeries]) -> [ResultSeries] {
        let lefts = presence(left)
        let rights = presence(right)
        let kept = left.map { series in
            var series = series
            if op == .or { return series }
            let other = rights[signature(series)]
            for at in 0..<count where !series.values[at].isGap && (other?[at] ?? false) != (op == .and) { series.values[at] = .gap }
            return series
        }
        guard op == .or else { return kept.filter { !$0.values.allSatisfy(\.isGap) } }
        // A series that both have is one.
        var results = Dictionary(kept.map { ($0.labels, $0) }) { first, _ in first }
        var order = kept.map(\.labels)
        for series in right {
            let other = lefts[signature(series)]
            for at in 0..<count where !series.values[at].isGap && !(other?[at] ?? false) {
                if results[series.labels] == nil {
                    results[series.labels] = ResultSeries(
                        labels: series.labels, values: [Double](repeating: .gap, count: count), base: series.base)
                    order.append(series.labels)
                }
                results[series.labels]?.values[at] = series.values[at]
            }
        }
        return order.compactMap { results[$0] }
    }

    /// At which instants there is any series of a signature.
    private func presence(_ series: [ResultSeries]) -> [Labels: [Bool]] {
        var presence: [Labels: [Bool]] = [:]
        for one in series {
            let labels = signature(one)
            var present = presence.removeValue(forKey: labels) ?? [Bool](repeating: false, count: count)
            for at in 0..<count where !one.values[at].isGap { present[at] = true }
            presence[labels] = present
        }
        return presence
    }
}

extension Operator {
    var isFilter: Bool { if case .compare(_, isBoolean: false) = self { true } else { false } }

    func holds(_ a: Double, _ b: Double) -> Bool {
        guard case .compare(let relation, _) = self else { return false }
        return switch relation {
        case .equal: a == b
        case .unequal: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }

    func value(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: b.isInfinite && a.isFinite ? a : a.truncatingRemainder(dividingBy: b)
        case .power: Elementary.power(a, b)
        case .arcTangent: Elementary.arcTangent(a, b)
        case .percentOf: a / b * 100
        case .compare: holds(a, b) ? 1 : 0
        case .and, .or, .unless: .nan
        }
    }
}
