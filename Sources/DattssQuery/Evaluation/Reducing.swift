extension Reducer {
    /// One series for each group.
    func reduce(_ series: [ResultSeries], _ grouping: Grouping, _ count: Int) -> [ResultSeries] {
        var groups: [Labels: [Int]] = [:]
        for (position, one) in series.enumerated() { groups[one.labels(in: grouping), default: []].append(position) }
        return groups.map { labels, members in
            var values: [Double] = []
            values.reserveCapacity(count)
            var present: [Double] = []
            for at in 0..<count {
                present.removeAll(keepingCapacity: true)
                for member in members where !series[member].values[at].isGap { present.append(series[member].values[at]) }
                values.append(present.isEmpty ? .gap : reduce(present).asValue)
            }
            return ResultSeries(labels: labels, values: values)
        }
    }

    /// - Parameter values: at least one.
    private func reduce(_ values: [Double]) -> Double {
        switch self {
        case .sum: values.reduce(0, +)
        case .mean: values.reduce(0, +) / Double(values.count)
        case .min: values.dropFirst().reduce(values[0]) { $1 < $0 || $0.isNaN ? $1 : $0 }
        case .max: values.dropFirst().reduce(values[0]) { $1 > $0 || $0.isNaN ? $1 : $0 }
        case .count: Double(values.count)
        case .group: 1
        case .deviation: values.variance.squareRoot()
        case .variance: values.variance
        case .quantile(let quantile): values.interpolatedQuantile(quantile)
        }
    }
}

extension Choice {
    func choose(_ series: [ResultSeries], _ grouping: Grouping, _ count: Int) -> [ResultSeries] {
        if self.count <= 0 { return [] }
        var groups: [Labels: [ResultSeries]] = [:]
        for one in series { groups[one.labels(in: grouping), default: []].append(one) }
        return groups.sorted { $0.key < $1.key }.flatMap { group in
            rank.map { chosen(group.value, by: $0) } ?? chosenAtEach(group.value, count)
        }
    }

    private func chosen(_ series: [ResultSeries], by rank: Rank) -> [ResultSeries] {
        let ranked = series.compactMap { one in rank.of(one.values).map { (one, $0) } }
        let sorted = ranked.enumerated().sorted { a, b in
            let (x, y) = (a.element.1, b.element.1)
            return x == y ? a.offset < b.offset : isHighest ? x > y : x < y
        }
        return sorted.prefix(count).map(\.element.0)
    }

    private func chosenAtEach(_ series: [ResultSeries], _ instants: Int) -> [ResultSeries] {
        var chosen = series
        for position in chosen.indices { chosen[position].values = [Double](repeating: .gap, count: instants) }
        for at in 0..<instants {
            let order = Self.order(series, at: at, highestFirst: isHighest)
            for position in order.prefix(count) { chosen[position].values[at] = series[position].values[at] }
        }
        chosen.removeAll { $0.values.allSatisfy(\.isGap) }
        return instants == 1 ? Self.sorted(chosen, at: 0, highestFirst: isHighest) : chosen
    }

    static func sorted(_ series: [ResultSeries], at instant: Int, highestFirst: Bool) -> [ResultSeries] {
        order(series, at: instant, highestFirst: highestFirst).map { series[$0] }
    }

    /// Those that are there, and no number last.
    private static func order(_ series: [ResultSeries], at instant: Int, highestFirst: Bool) -> [Int] {
        series.indices.filter { !series[$0].values[instant].isGap }.sorted { a, b in
            let (x, y) = (series[a].values[instant], series[b].values[instant])
            if x.isNaN || y.isNaN { return !x.isNaN || (y.isNaN && a < b) }
            if x == y { return a < b }
            return highestFirst ? x > y : x < y
        }
    }
}

extension Choice.Rank {
    /// nil when there is no value.
    func of(_ values: [Double]) -> Double? {
        let present = values.filter { !$0.isGap && !$0.isNaN }
        guard let last = present.last else { return nil }
        switch self {
        case .mean: return present.reduce(0, +) / Double(present.count)
        case .sum: return present.reduce(0, +)
        case .max: return present.max()
        case .min: return present.min()
        case .last: return last
        }
    }
}
