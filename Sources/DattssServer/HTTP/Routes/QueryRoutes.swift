import DattssCore
import DattssPipeline
import Foundation
import HTTPTypes
import Hummingbird

/// What several may ask at the same time: one answer is worked out for those who do, in a turn that is theirs.
struct StatusQuestion: Hashable {
    var user: UserID
    /// See ``Viewer/asker``.
    var asker: UserID
}

extension Routes {
    /// `GET /api/v1/status?at`
    func status(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        if let time = try time(request, "at") { return try await pastStatus(for: viewer, at: time, context) }
        let (queries, unusual, unsent, user) = (pipeline.queries, pipeline.unusual, memory.unsent, viewer.user)
        let question = StatusQuestion(user: user, asker: viewer.asker)
        return try await statuses.value(of: question, isWanted: context.isConnected) { group in
            try await queries.inTurn(of: question.asker, isWanted: group.isWanted) {
                group.begin()
                let (at, statistics) = await queries.status(of: user)
                return try Rendering(StatusJSON.write(statistics, unusual: unusual.summary(of: user), at: at), within: unsent)
            }
        }.response()
    }

    /// `GET /api/v1/silent`
    func silent(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let (queries, user) = (pipeline.queries, viewer.user)
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let (at, statistics) = await queries.silent(of: user, atMost: Self.silentMax)
            return Response(json: StatusJSON.write(silent: statistics, at: at))
        }
    }

    private static let silentMax = 200

    /// `GET /api/v1/series/{kind}/{path}?from&to&step`
    func series(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let (user, key) = (viewer.user, try statistic(context))
        let step = try step(request, default: 1)
        let to = try time(request, "to") ?? clock.now().advanced(byMilliseconds: 1)
        let from = try time(request, "from") ?? to.advanced(byMilliseconds: -86_400_000)
        guard from < to else { throw ErrorAnswer(.badRequest, .badValue, "from: is not before to") }
        guard to.milliseconds - from.milliseconds <= Self.rangeMillisecondsMax else {
            throw ErrorAnswer(.badRequest, .badValue, "from: is more than 400 days before to")
        }
        // Whole steps, so that a point never shows a part of one.
        let first = from.minute.index.flooredQuotient(by: step) * step
        let last = to.advanced(byMilliseconds: -1).minute.index.flooredQuotient(by: step) * step + step
        let (queries, unsent) = (pipeline.queries, memory.unsent)
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let minutes = try await queries.minutes(of: key, user: user, in: Minute(first)..<Minute(last))
            let points = Series.points(minutes.aggregates, stepMinutes: step)
            return try Rendering(StatusJSON.write(points, of: key, stepMinutes: step), within: unsent)
        }.response()
    }

    private static let rangeMillisecondsMax: Int64 = 400 * 86_400_000

    /// `GET /api/v1/day/{kind}/{path}?date&tz&step`
    func day(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let (user, key) = (viewer.user, try statistic(context))
        let step = try step(request, default: 5)
        let zoneName = request.uri.queryParameters["tz"].map(String.init) ?? "UTC"
        let zone = try NamedTimeZone(zoneName)
        let date = try date(request) ?? zone.date(at: clock.now())
        let (queries, unsent) = (pipeline.queries, memory.unsent)
        let clockOfServer = key.kind == .counter && web.settings.keepsOwnStatistics ? OwnStatistics.everyMinute : nil
        let now = clock.now().minute
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            let minutes = try await queries.minutes(of: key, user: user, in: DayView.minutes(for: date))
            var active = minutes.active
            let range = DayView.minutes(for: date)
            // A user who sends in every minute is asked no more about.
            if let clockOfServer, let first = active.runs.first, first.upperBound < min(now, range.upperBound) {
                // The server's own statistics say when it was up. From the user's first minute on it would have heard the user.
                let up = try await queries.minutes(of: clockOfServer, user: .dattss, in: range).active
                active.formUnion(up.clamped(to: first.lowerBound..<range.upperBound))
            }
            let day = DayView(
                of: key.kind, on: date, in: zone, minutes: minutes.aggregates, active: active, stepMinutes: step)
            var earlier: [Int64: [MinutePoint]] = [:]
            for age in UsualBands.earlierDays {
                let range = UsualBands.minutes(of: date, age: age)
                earlier[age] = try await queries.minutes(of: key, user: user, in: range).aggregates
            }
            let bands = UsualBands(
                of: key.kind, on: date, in: zone, minutes: minutes.aggregates, earlier: earlier, active: active, stepMinutes: step,
                now: now)
            let json = StatusJSON.write(day, bands, of: key, date: date, zone: zoneName, stepMinutes: step)
            return try Rendering(json, within: unsent)
        }.response()
    }

    // MARK: Parameters

    private func statistic(_ context: Context) throws -> StatisticKey {
        let kindName = try decoded("kind", context)
        let path = try decoded("path", context)
        let kind = try kind(kindName)
        guard Name.isValidPath(path.utf8) else {
            throw ErrorAnswer(
                .badRequest, .badPath, "path: expected 1 to \(Name.pathBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        return StatisticKey(kind, path)
    }

    /// The kind of this name.
    func kind(_ name: String) throws(ErrorAnswer) -> Kind {
        guard let kind = Kind(symbol: name) else {
            throw ErrorAnswer(.badRequest, .badKind, "kind: is '\(name.prefix(16))', expected c, ms or g")
        }
        return kind
    }

    /// A part of the request's path with its percent escapes resolved.
    func decoded(_ name: String, _ context: Context) throws -> String {
        let raw = try context.parameters.require(name)
        guard let decoded = raw.removingPercentEncoding else {
            throw ErrorAnswer(.badRequest, .badValue, "\(name): has a bad percent escape")
        }
        return decoded
    }

    private func step(_ request: Request, default standard: Int64) throws -> Int64 {
        guard let text = request.uri.queryParameters["step"] else { return standard }
        guard let step = Int64(text), 1...Minute.perDay ~= step else {
            throw ErrorAnswer(.badRequest, .badValue, "step: is '\(text.prefix(16))', expected minutes from 1 to 1440")
        }
        return step
    }

    /// A moment that a parameter names; nil where there is none.
    func time(_ request: Request, _ name: Substring) throws -> Timestamp? {
        try request.uri.queryParameters[name].map { try TimeParameter.parse($0, String(name)) }
    }

    private func date(_ request: Request) throws -> CalendarDate? {
        guard let text = request.uri.queryParameters["date"] else { return nil }
        guard let date = CalendarDate(text) else {
            throw ErrorAnswer(.badRequest, .badValue, "date: is '\(text.prefix(16))', expected YYYY-MM-DD")
        }
        return date
    }
}
