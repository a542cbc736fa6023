import DattssCore
import DattssPipeline

/// How statuses, series and days are written as JSON.
enum StatusJSON {
    /// - Parameters:
    ///   - unusual: what is said of those that are; a live stream says nothing of it.
    ///   - step: of a moment that is over, how many minutes the numbers are of; then there are no totals.
    static func write(
        _ statistics: [StatisticStatus], unusual: [StatisticKey: UnusualSummary] = [:], at time: Timestamp,
        stepMinutes step: Int64? = nil
    ) -> JSONWriter {
        var json = JSONWriter(capacity: 64 + statistics.count * 128)
        json.object { json in
            json.member("at", time.seconds)
            if let step { json.member("step", step) }
            json.array("c") { write(statistics, .counter, unusual, hasTotals: step == nil, &$0) }
            json.array("g") { write(statistics, .gauge, unusual, &$0) }
            json.array("ms") { write(statistics, .timer, unusual, &$0) }
        }
        return json
    }

    private static func write(
        _ statistics: [StatisticStatus], _ kind: Kind, _ unusual: [StatisticKey: UnusualSummary], hasTotals: Bool = true,
        _ json: inout JSONWriter
    ) {
        for status in statistics where status.key.kind == kind {
            json.object { json in
                json.member("typ", kind.symbol)
                json.member("pth", status.key.path)
                switch kind {
                case .counter:
                    json.member("sum", hasTotals ? status.sum : nil)
                    if let since = status.since { json.member("since", since.start.seconds) }
                case .gauge: json.member("lst", status.last)
                case .timer: break
                }
                json.member("avg", status.window.average(of: kind))
                if kind != .counter {
                    // Infinite, and so null, when nothing came in the last minute.
                    json.member("max", status.window.max)
                    json.member("min", status.window.min)
                }
                if kind == .timer { json.markedPercentiles(status.percentiles) }
                json.member("emp", status.isEmphasised)
                json.member("seen", status.seen.seconds)
                if !unusual.isEmpty, let summary = unusual[status.key] { json.object("unusual") { write(summary, &$0) } }
            }
        }
    }

    private static func write(_ summary: UnusualSummary, _ json: inout JSONWriter) {
        json.member("score", summary.score)
        json.member("since", summary.since.minute.start.seconds)
        json.member("difference", summary.difference)
    }

    static func write(silent statistics: [UserCheckpoint.StatisticTotals], at time: Timestamp) -> JSONWriter {
        var json = JSONWriter(capacity: 64 + statistics.count * 96)
        json.object { json in
            json.member("at", time.seconds)
            json.array("statistics") { json in
                for statistic in statistics {
                    json.object { json in
                        json.member("typ", statistic.key.kind.symbol)
                        json.member("pth", statistic.key.path)
                        json.member("seen", statistic.totals.seen.seconds)
                    }
                }
            }
        }
        return json
    }

    static func write(_ points: [Series.Point], of key: StatisticKey, stepMinutes: Int64) -> JSONWriter {
        var json = JSONWriter(capacity: 64 + points.count * 160)
        json.object { json in
            json.member("typ", key.kind.symbol)
            json.member("pth", key.path)
            json.member("step", stepMinutes)
            json.array("points") { json in
                for point in points {
                    json.object { json in
                        json.member("at", point.start.start.seconds)
                        json.aggregate(point.aggregate)
                    }
                }
            }
        }
        return json
    }

    static func write(
        _ day: DayView, _ bands: UsualBands, of key: StatisticKey, date: CalendarDate, zone: String, stepMinutes: Int64
    ) -> JSONWriter {
        var json = JSONWriter(capacity: 64 + (day.today.count + day.usual.count) * 160)
        json.object { json in
            json.member("typ", key.kind.symbol)
            json.member("pth", key.path)
            json.member("date", date.description)
            json.member("tz", zone)
            json.member("step", stepMinutes)
            json.array("clocks") { json in
                for change in day.changes {
                    json.object { json in
                        json.member("at", change.at.start.seconds)
                        json.member("from", change.from)
                        json.member("to", change.to)
                    }
                }
            }
            json.array("today") { json in
                for point in day.today {
                    json.object { json in
                        json.member("minute", point.minute)
                        json.member("at", point.start.start.seconds)
                        if point.isRepeated { json.member("repeated", true) }
                        json.aggregate(point.aggregate)
                    }
                }
            }
            json.array("usual") { json in
                for point in day.usual { json.object { $0.usual(point) } }
            }
            json.array("band") { json in
                for minute in bands.bands.keys.sorted() {
                    guard let band = bands.bands[minute] else { continue }
                    json.object { $0.band(band, minute, score: bands.scores[minute]) }
                }
            }
            json.array("silent") { json in
                for run in day.silent {
                    json.object { json in
                        json.member("from", run.minutes.lowerBound)
                        json.member("to", run.minutes.upperBound)
                        if run.isRepeated { json.member("repeated", true) }
                    }
                }
            }
        }
        return json
    }

    /// - Parameter count: of how many lines they are the latest.
    static func write(_ rewritings: NameRewritings, of count: Int) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.member("count", Int64(count))
            json.array("names") { json in
                for rewriting in rewritings.all.reversed() {
                    json.object { json in
                        json.member("name", rewriting.originalText)
                        json.member("path", rewriting.path)
                    }
                }
            }
        }
        return json
    }

    static func write(_ processes: [ProcessRegistry.Process]) -> JSONWriter {
        var json = JSONWriter()
        json.object { json in
            json.array("processes") { json in
                for process in processes {
                    json.object { json in
                        json.member("name", process.name)
                        json.member("up", process.isUp)
                        json.member("since", process.since.seconds)
                        json.member("seen", process.seen.seconds)
                        json.member("uptime", process.uptimeSeconds)
                        json.member("stopping", process.isStopping)
                        json.member("stop", process.stop?.rawValue)
                        json.member("ended", process.hasEnded)
                        json.array("restarts") { json in for restart in process.restarts { json.value(restart.seconds) } }
                        json.member("polls", process.isPolling)
                    }
                }
            }
        }
        return json
    }
}

extension JSONWriter {
    fileprivate mutating func aggregate(_ aggregate: Aggregate) {
        member("sum", aggregate.sum)
        member("cnt", aggregate.count)
        member("max", aggregate.max)
        member("min", aggregate.min)
        member("top", aggregate.top)
        member("bot", aggregate.bottom)
        member("fst", aggregate.first)
        member("lst", aggregate.last)
        percentiles(aggregate.percentiles)
        if aggregate.isApproximate { member("exact", false) }
    }

    fileprivate mutating func usual(_ point: DayView.UsualPoint) {
        member("minute", point.minute)
        member("sum", point.sum)
        member("cnt", point.count)
        member("minutes", point.minutes)
        member("max", point.means?.max)
        member("min", point.means?.min)
        member("top", point.means?.top)
        member("bot", point.means?.bottom)
        member("fst", point.means?.first)
        member("lst", point.means?.last)
        markedPercentiles(point.means?.percentiles)
        member("days", Int64(point.days))
    }

    fileprivate mutating func band(_ band: UsualBand, _ minute: Int64, score: Double?) {
        member("minute", minute)
        member("usual", band.centre)
        member("low", band.low)
        member("high", band.high)
        member("basis", band.basis.rawValue)
        if let score { member("score", score) }
    }

    fileprivate mutating func markedPercentiles(_ percentiles: StatisticStatus.Percentiles?) {
        self.percentiles(percentiles)
        if percentiles?.areApproximate == true { member("exact", false) }
    }

    fileprivate mutating func percentiles(_ percentiles: StatisticStatus.Percentiles?) {
        member("p50", percentiles?.p50)
        member("p95", percentiles?.p95)
        member("p99", percentiles?.p99)
    }
}
