import Testing

@testable import DattssCore

/// A day view by its definition: every minute is looked up in the zone, and everything is kept.
struct DayOracle {
    private struct Placed {
        var day: Int64
        var minuteOfDay: Int64
        /// How often the clocks had shown it before.
        var before: Int
    }

    private let date: CalendarDate
    private let kind: Kind
    private let step: Int64
    private var place: [Minute: Placed] = [:]
    private let points: [MinutePoint]
    private let active: [Minute]

    init(_ zone: any TimeZoneRules, _ date: CalendarDate, _ kind: Kind, _ points: [MinutePoint], _ active: [Minute], _ step: Int64)
    {
        (self.date, self.kind, self.step, self.points, self.active) = (date, kind, step, points, active)
        var times: [Int64: Int] = [:]
        for minute in DayView.minutes(for: date) {
            let shown = minute.index + zone.secondsFromUTC(at: minute.start).flooredQuotient(by: 60)
            let day = shown.flooredQuotient(by: 1440)
            place[minute] = Placed(day: day, minuteOfDay: shown - day * 1440, before: times[shown, default: 0])
            times[shown, default: 0] += 1
        }
    }

    func expect(_ view: DayView, _ comment: Comment) {
        expectToday(view, comment)
        expectUsual(view, comment)
    }

    private func expectToday(_ view: DayView, _ comment: Comment) {
        /// A step, and whether it is the one that comes again.
        struct Cell: Hashable, Comparable {
            var start: Int64
            var isRepeated: Bool
            static func < (a: Cell, b: Cell) -> Bool { (a.start, a.isRepeated ? 1 : 0) < (b.start, b.isRepeated ? 1 : 0) }
        }
        func cell(_ placed: Placed) -> Cell {
            Cell(start: placed.minuteOfDay / step * step, isRepeated: placed.before > 0)
        }
        var starts: [Cell: Minute] = [:]
        for (minute, placed) in place where placed.day == date.dayNumber {
            starts[cell(placed)] = min(starts[cell(placed)] ?? minute, minute)
        }
        let today = Dictionary(grouping: points.filter { place[$0.minute]!.day == date.dayNumber }) { cell(place[$0.minute]!) }
            .sorted { $0.key < $1.key }
        #expect(view.today.map(\.minute) == today.map(\.key.start), comment)
        #expect(view.today.map(\.isRepeated) == today.map(\.key.isRepeated), comment)
        #expect(view.today.map(\.start) == today.map { starts[$0.key] }, comment)
        #expect(view.today.map(\.aggregate.sum) == today.map { $0.value.map(\.aggregate.sum).reduce(0, +) }, comment)
        #expect(view.today.map(\.aggregate.count) == today.map { $0.value.map(\.aggregate.count).reduce(0, +) }, comment)
        #expect(view.today.map(\.aggregate.first) == today.map { $0.value.first!.aggregate.first }, comment)
        #expect(view.today.map(\.aggregate.last) == today.map { $0.value.last!.aggregate.last }, comment)
    }

    private func expectUsual(_ view: DayView, _ comment: Comment) {
        let usualDays = (date.dayNumber - 7)..<date.dayNumber
        func isUsual(_ minute: Minute) -> Bool { usualDays.contains(place[minute]!.day) }
        let counting = (kind == .counter ? active : points.map(\.minute)).filter(isUsual)
        // The minutes of UTC that count for a minute of the wall: on some days two, on some none.
        let times = Dictionary(grouping: counting) { place[$0]!.minuteOfDay }
        let data = Dictionary(grouping: points.filter { isUsual($0.minute) }) { place[$0.minute]!.minuteOfDay }
        var left = view.usual[...]
        for start in stride(from: Int64(0), to: 1440, by: Int(step)) {
            let minutes = (start..<min(start + step, 1440)).filter { times[$0] != nil }
            if minutes.isEmpty { continue }
            guard let point = left.popFirst() else {
                Issue.record(comment)
                return
            }
            #expect(point.minute == start, comment)
            #expect(point.days == Set(minutes.flatMap { times[$0]! }.map { place[$0]!.day }).count, comment)
            var (sum, count) = (0.0, 0.0)
            for minute in minutes {
                let aggregates = (data[minute] ?? []).map(\.aggregate)
                sum += aggregates.map(\.sum).reduce(0, +) / Double(times[minute]!.count)
                count += Double(aggregates.map(\.count).reduce(0, +)) / Double(times[minute]!.count)
            }
            #expect((point.sum - sum).magnitude < 1e-9, comment)
            #expect((point.count - count).magnitude < 1e-9, comment)
            expectMeans(point.means, minutes.flatMap { data[$0] ?? [] }, comment)
        }
        #expect(left.isEmpty, comment)
    }

    /// - Parameter points: of all days that have the step.
    private func expectMeans(_ means: DayView.Means?, _ points: [MinutePoint], _ comment: Comment) {
        let days = Dictionary(grouping: points.sorted { $0.minute < $1.minute }) { place[$0.minute]!.day }.values
        #expect((means == nil) == days.isEmpty, comment)
        guard let means else { return }
        func mean(_ value: ([MinutePoint]) -> Double) -> Double { days.map(value).reduce(0, +) / Double(days.count) }
        #expect((means.max - mean { $0.map(\.aggregate.max).max()! }).magnitude < 1e-9, comment)
        #expect((means.min - mean { $0.map(\.aggregate.min).min()! }).magnitude < 1e-9, comment)
        #expect((means.first - mean { $0.first!.aggregate.first }).magnitude < 1e-9, comment)
        #expect((means.last - mean { $0.last!.aggregate.last }).magnitude < 1e-9, comment)
        let areKnown =
            kind == .timer
            || days.allSatisfy { day in Set(day.flatMap { [$0.aggregate.min, $0.aggregate.max] }).count == 1 }
        #expect((means.percentiles != nil) == areKnown, comment)
    }
}
