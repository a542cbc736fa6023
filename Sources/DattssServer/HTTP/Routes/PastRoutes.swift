import DattssCore
import DattssLog
import DattssPipeline
import Hummingbird

/// What a page that travels in time asks: the same as of now, with `at`.
extension Routes {
    /// `GET /api/v1/status?at`
    func pastStatus(for viewer: Viewer, at time: Timestamp, _ context: Context) async throws -> Response {
        let user = viewer.user
        let minute = try pastMinute(at: time, of: user)
        return try await lookingBack(for: viewer, context) { watch in
            let past = try await past(of: user, before: minute, watch)
            return StatusJSON.write(past.statistics, at: past.at, stepMinutes: past.stepMinutes)
        }
    }

    /// `GET /api/v1/unusual?at`
    func pastUnusual(for viewer: Viewer, at time: Timestamp, _ context: Context) async throws -> Response {
        let user = viewer.user
        let minute = try pastMinute(at: time, of: user)
        return try await lookingBack(for: viewer, context) { watch in
            let keys = try await past(of: user, before: minute, watch).statistics.map(\.key)
            let judging = watch.shorter(milliseconds: PastWatch.judgingMilliseconds)
            let list = try await pipeline.queries.unusual(
                of: user, before: minute, among: keys, isWanted: watch.isWanted, hasTime: judging.isWanted)
            return UnusualJSON.write(list, at: minute.start)
        }
    }

    private func past(of user: UserID, before minute: Minute, _ watch: PastWatch) async throws -> PastStatus {
        try await pipeline.queries.status(
            of: user, before: minute, idleMinutes: max(1, limits.idleSeconds / 60), atMost: 2 * limits.liveStatisticsPerUser,
            isWanted: watch.isWanted)
    }

    /// The minute that had just begun at a moment.
    /// - Throws: 400 `bad_value` for one that is to come, and for one of which nothing is kept.
    private func pastMinute(at time: Timestamp, of user: UserID) throws(ErrorAnswer) -> Minute {
        let now = clock.now()
        guard time <= now else {
            throw ErrorAnswer(
                .badRequest, .badValue, "at: is \(time.seconds - now.seconds) seconds from now, expected a moment that is over")
        }
        let days = pipeline.queries.kept(of: user).hourDays
        guard now.minute.day - time.minute.day <= days else {
            throw ErrorAnswer(
                .badRequest, .badValue, "at: is \(now.minute.day - time.minute.day) days ago, statistics are kept for \(days) days")
        }
        return time.minute
    }

    /// Works an answer out in the turn of whoever asks, for as long as somebody waits for it and it may take.
    private func lookingBack(
        for viewer: Viewer, _ context: Context, _ answer: @escaping @Sendable (PastWatch) async throws -> JSONWriter
    ) async throws -> Response {
        let (unsent, isConnected) = (memory.unsent, context.isConnected)
        return try await pipeline.queries.inTurn(of: viewer.asker, isWanted: isConnected) {
            let watch = PastWatch(isConnected, milliseconds: PastWatch.milliseconds)
            do {
                return try Rendering(try await answer(watch), within: unsent)
            } catch PastError.tooMany(let count) {
                throw ErrorAnswer(.unprocessableContent, .tooMany, "at: more than \(count) statistics were live then, the limit")
            } catch PastError.ended {
                guard watch.isOver else { throw TurnRefusal.abandoned }
                throw ErrorAnswer(
                    .unprocessableContent, .tooMany,
                    "at: to read what was then takes longer than \(PastWatch.milliseconds) ms, the limit of milliseconds")
            }
        }.response()
    }
}

/// Sees to it that a question about the past ends.
private struct PastWatch: Sendable {
    private let deadline: ContinuousClock.Instant
    private let isConnected: @Sendable () -> Bool

    /// As long as any other query may work.
    static let milliseconds: Int64 = 30_000
    /// So long statistics are judged, one after the other.
    static let judgingMilliseconds: Int64 = 5000

    init(_ isConnected: @escaping @Sendable () -> Bool, milliseconds: Int64) {
        self.isConnected = isConnected
        deadline = .now + .milliseconds(milliseconds)
    }

    /// Another one, from now on.
    func shorter(milliseconds: Int64) -> PastWatch { PastWatch(isConnected, milliseconds: milliseconds) }

    var isOver: Bool { ContinuousClock.now > deadline }

    var isWanted: @Sendable () -> Bool { { isConnected() && !isOver } }
}
