import DattssCore

extension Transform {
    func apply(to value: QueryValue, on grid: TimeGrid) -> QueryValue {
        switch value {
        case .scalar(let values): return .scalar(apply(to: values, on: grid))
        case .series(let series):
            return .series(
                series.map { one in
                    ResultSeries(
                        labels: keepsNames ? one.labels : one.labels.withoutName, values: apply(to: one.values, on: grid),
                        base: one.base)
                })
        }
    }

    private var keepsNames: Bool {
        switch self {
        case .fill, .keepLast, .removeAbove, .removeBelow: true
        default: false
        }
    }

    private func apply(to values: [Double], on grid: TimeGrid) -> [Double] {
        switch self {
        case .integral:
            var total = 0.0
            return values.map { value in
                if value.isGap { return .gap }
                total += value
                return total.asValue
            }
        case .difference: return Self.steps(values) { $0 }
        case .perSecond: return Self.steps(values) { $0 < 0 ? .gap : $0 * 1000 / Double(grid.stepMilliseconds) }
        case .nonNegativeDifference: return Self.steps(values) { $0 < 0 ? .gap : $0 }
        case .fill(let filling): return values.map { $0.isGap ? filling : $0 }
        case .keepLast(let instants): return Self.kept(values, instants)
        case .removeAbove(let limit): return values.map { !$0.isGap && $0 > limit ? .gap : $0 }
        case .removeBelow(let limit): return values.map { !$0.isGap && $0 < limit ? .gap : $0 }
        case .timestamp:
            return values.indices.map { values[$0].isGap ? .gap : Double(grid.instant($0).milliseconds) / 1000 }
        default: return values.map { $0.isGap ? .gap : apply(to: $0).asValue }
        }
    }

    private func apply(to value: Double) -> Double {
        switch self {
        case .scale(let factor): value * factor
        case .offset(let addend): value + addend
        case .absolute: abs(value)
        case .ceiling: value.rounded(.up)
        case .floor: value.rounded(.down)
        case .exponential: Elementary.exp(value)
        case .squareRoot: value.squareRoot()
        case .sign: value > 0 ? 1 : value < 0 ? -1 : value
        case .naturalLogarithm: Elementary.log(value)
        case .binaryLogarithm: Elementary.log2(value)
        case .decimalLogarithm: Elementary.log10(value)
        case .rounded(let unit): Self.rounded(value, unit)
        case .clamped(let lower, let upper): lower > upper || value.isNaN ? .nan : Swift.max(lower, Swift.min(upper, value))
        case .negated: -value
        default: value
        }
    }

    /// Halves go up, as in Prometheus, which multiplies by the inverse, because that is exact for decimal fractions.
    private static func rounded(_ value: Double, _ unit: Double) -> Double {
        let inverse = 1 / unit
        return (value * inverse + 0.5).rounded(.down) / inverse
    }

    private static func steps(_ values: [Double], _ body: (Double) -> Double) -> [Double] {
        var previous = Double.gap
        return values.map { value in
            defer { previous = value }
            return value.isGap || previous.isGap ? .gap : body(value - previous)
        }
    }

    private static func kept(_ values: [Double], _ instants: Int) -> [Double] {
        var (last, age) = (Double.gap, 0)
        return values.map { value in
            if !value.isGap {
                (last, age) = (value, 0)
                return value
            }
            age += 1
            return age <= instants ? last : .gap
        }
    }
}

extension MovingFunction {
    /// - Parameter series: with `instants` − 1 more in front than wanted.
    func apply(to series: ResultSeries, instants: Int) -> ResultSeries {
        var result = series
        result.labels = series.labels.withoutName
        let values = series.values
        switch self {
        case .sum, .mean, .min, .max:
            let counts = RangeTree(values.map { $0.isGap ? 0 : 1 }, longest: instants, nothing: 0, +)
            let nothing: Double = self == .min ? .infinity : self == .max ? -.infinity : 0
            let merge: (Double, Double) -> Double =
                self == .min ? { Swift.min($0, $1) } : self == .max ? { Swift.max($0, $1) } : { $0 + $1 }
            let tree = RangeTree(values.map { $0.isGap ? nothing : $0 }, longest: instants, nothing: nothing, merge)
            result.values = (0...(values.count - instants)).map { start in
                let count = counts.of(start..<start + instants)
                if count == 0 { return .gap }
                let merged = tree.of(start..<start + instants)
                return (self == .mean ? merged / count : merged).asValue
            }
        case .median:
            result.values = (0...(values.count - instants)).map { start in
                let present = values[start..<start + instants].filter { !$0.isGap }
                return present.isEmpty ? .gap : present.interpolatedQuantile(0.5).asValue
            }
        }
        return result
    }
}
