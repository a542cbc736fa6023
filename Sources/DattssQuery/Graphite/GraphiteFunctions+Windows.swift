import DattssCore

extension GraphiteFunctions {
    /// Those that look at other times, or at several values of a series at once.
    static let windows: [String: GraphiteFunction] = [
        "movingAverage": moving(.average), "movingMedian": moving(.median), "movingSum": moving(.sum), "movingMin": moving(.min),
        "movingMax": moving(.max),
        "movingWindow": GraphiteFunction(["seriesList", "windowSize", "func?", "xFilesFactor?"]) { call in
            let aggregation = try call.aggregation(2, "func", .average)
            return try await moving(call, aggregation, try call.string(2, "func") ?? "average", try call.number(3, "xFilesFactor"))
        },
        "timeShift": GraphiteFunction(["seriesList", "timeShift", "resetEnd?", "alignDST?"]) { call in
            var text = try call.requiredString(1, "timeShift")
            if let first = text.utf8.first, 48...57 ~= first { text = "-" + text }
            guard let seconds = GraphiteTime.offset(text) else {
                throw QueryError(.malformed, "timeShift: is '\(text.prefix(24))', expected a duration such as 1d")
            }
            if try call.boolean(3, "alignDST") { throw QueryError(.unsupported, "timeShift: alignDST is not supported") }
            let resetsEnd = call.arguments.count > 2 || call.named["resetEnd"] != nil ? try call.boolean(2, "resetEnd") : true
            guard let first = try await call.series().first else { return [] }
            return try await call.series(0, call.context.shifted(by: seconds)).map { one in
                var one = one
                one.name = "timeShift(\(one.name), \"\(text)\")"
                one.end = resetsEnd ? first.end : one.end - one.start + first.start
                one.start = first.start
                return one
            }
        },
        "summarize": GraphiteFunction(["seriesList", "intervalString", "func?", "alignToFrom?"]) { call in
            let interval = try call.interval(1, "intervalString")
            let aggregation = try call.aggregation(2, "func", .sum)
            let (function, aligns) = (try call.string(2, "func") ?? "sum", try call.boolean(3, "alignToFrom"))
            let ending = "\"\(call.text(1, "intervalString"))\", \"\(function)\"\(aligns ? ", true" : ""))"
            return try await call.series().map { one in
                try summarized(one, interval, aggregation, alignsToFrom: aligns, "summarize(\(one.name), \(ending)", call)
            }
        },
        "hitcount": GraphiteFunction(["seriesList", "intervalString", "alignToInterval?"]) { call in
            let (interval, aligns) = (try call.interval(1, "intervalString"), try call.boolean(2, "alignToInterval"))
            let ending = "\"\(call.text(1, "intervalString"))\"\(aligns ? ", true" : ""))"
            var context = call.context
            if aligns {
                let unit = interval >= 86_400 ? 86_400 : interval >= 3600 ? 3600 : interval >= 60 ? 60 : 1
                let start = context.range.lowerBound.flooredQuotient(by: unit) * unit
                context.range = start..<context.range.upperBound
            }
            return try await call.series(0, context).map { one in
                var one = one
                if aligns { one.end = one.start + (one.end - one.start) / interval * interval + interval }
                return try hits(one, interval, "hitcount(\(one.name), \(ending)", call)
            }
        },
    ]

    private static func moving(_ aggregation: GraphiteAggregation) -> GraphiteFunction {
        GraphiteFunction(["seriesList", "windowSize", "xFilesFactor?"]) { call in
            try await moving(call, aggregation, aggregation.rawValue, try call.number(2, "xFilesFactor"))
        }
    }

    private static func moving(
        _ call: GraphiteCall, _ aggregation: GraphiteAggregation, _ function: String, _ factor: Double?
    ) async throws -> [GraphiteSeries] {
        let isText = if case .string = call.arguments.dropFirst().first ?? call.named["windowSize"] { true } else { false }
        let preview: Int
        var window = 0
        if isText {
            preview = try call.interval(1, "windowSize")
        } else {
            window = try call.requiredInteger(1, "windowSize")
            guard 1...100_000 ~= window else { throw QueryError(.malformed, "\(call.name): windowSize is not from 1 to 100000") }
            let own = try await call.series()
            preview = (own.map(\.step).max() ?? 60) * window
        }
        let title = "moving" + function.prefix(1).uppercased() + function.dropFirst().lowercased()
        let size = isText ? "\"\(call.text(1, "windowSize"))\"" : call.text(1, "windowSize")
        return try await call.series(0, call.context.extended(back: preview)).map { one in
            let width = isText ? preview / one.step : window
            let values = one.points
            try call.evaluator.take(values.count)
            let moved: [Double] =
                width + 1 > values.count || width < 1 && aggregation != .sum
                ? [] : try movingValues(values, width, aggregation, factor ?? one.xFilesFactor, call)
            return one.replaced("\(title)(\(one.name),\(size))", start: one.start + preview, moved)
        }
    }

    private static func movingValues(
        _ values: [Double], _ width: Int, _ aggregation: GraphiteAggregation, _ factor: Double, _ call: GraphiteCall
    ) throws -> [Double] {
        var moved: [Double] = []
        for end in (width + 1)..<(values.count + 1) {
            if end % 64 == 0 { try call.evaluator.check() }
            let present = values[(end - width)..<end].filter { !$0.isNaN }
            moved.append(GraphiteAggregation.suffices(present.count, of: width, factor) ? aggregation.of(present) : .gap)
        }
        return moved
    }

    private static func summarized(
        _ one: GraphiteSeries, _ interval: Int, _ aggregation: GraphiteAggregation, alignsToFrom: Bool, _ name: String,
        _ call: GraphiteCall
    ) throws -> GraphiteSeries {
        let start = alignsToFrom ? one.start : one.start.flooredQuotient(by: interval) * interval
        let end = alignsToFrom ? one.end : one.end.flooredQuotient(by: interval) * interval + interval
        guard (end - start) / interval <= 1_000_000 else { throw QueryError(.limit, "\(call.name): more than 1000000 intervals") }
        let points = one.points
        let count = min(points.count, max(0, (one.end - one.start + one.step - 1) / one.step))
        let needed = Double(interval) / Double(one.step)
        var (values, index, time): ([Double], Int, Int) = ([], 0, start)
        while time < end {
            var (first, present) = (index, 0)
            while index < count, one.start + index * one.step < time + interval {
                let at = one.start + index * one.step
                if at <= time { first = index }
                if at >= time, !points[index].isNaN { present += 1 }
                index += 1
            }
            let suffices = present > 0 && Double(present) / needed >= one.xFilesFactor
            values.append(suffices ? aggregation.of(points[first..<index]) : .gap)
            time += interval
        }
        try call.evaluator.take(values.count)
        return one.replaced(name, start: start, end: alignsToFrom ? time : end, step: interval, values)
    }

    /// How often something happened that is known by the second.
    private static func hits(
        _ one: GraphiteSeries, _ interval: Int, _ name: String, _ call: GraphiteCall
    ) throws -> GraphiteSeries {
        let count = (one.end - one.start + interval - 1) / interval
        guard 0...1_000_000 ~= count else { throw QueryError(.limit, "\(call.name): more than 1000000 intervals") }
        let start = one.end - count * interval
        var values = [Double](repeating: .gap, count: count)
        func add(_ value: Double, _ bucket: Int) {
            if values.indices.contains(bucket) { values[bucket] = values[bucket].isNaN ? value : values[bucket] + value }
        }
        for (index, value) in one.points.enumerated() where !value.isNaN && count > 0 {
            let from = one.start + index * one.step - start
            var (last, lastPart) = ((from + one.step).flooredQuotient(by: interval), (from + one.step) % interval)
            let (first, firstPart) = (from.flooredQuotient(by: interval), from - from.flooredQuotient(by: interval) * interval)
            if last >= count { (last, lastPart) = (count - 1, interval) }
            if first == last {
                add(value * Double(lastPart - firstPart), first)
            } else {
                add(value * Double(interval - firstPart), first)
                for bucket in (first + 1)..<max(first + 1, last) { add(value * Double(interval), bucket) }
                if lastPart > 0 { add(value * Double(lastPart), last) }
            }
        }
        try call.evaluator.take(values.count)
        return one.replaced(name, start: start, step: interval, values)
    }
}
