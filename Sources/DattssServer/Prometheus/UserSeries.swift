import DattssCore
import DattssPipeline
import DattssQuery

/// The statistics of one user, for the engine.
struct UserSeries: SeriesSource {
    let queries: Queries
    let user: UserID

    func read(_ request: SeriesRequest, into sink: SeriesSink) async throws -> MinuteRuns {
        // Later points say what a total was before them.
        let end = request.withTotals ? Minute(.max) : request.minutes.upperBound
        let survey = SurveyRequest(
            user: user, prefix: request.pathPrefix, minutes: request.minutes.lowerBound..<end, withSketches: request.withSketches,
            withTotals: request.withTotals, merging: request.spans)
        let reader = SurveyReader(
            slot: { sink.slot(of: $0) }, add: { sink.add($1, isHour: $2, to: $0) }, restart: { sink.restart() },
            keys: { sink.keys.filter { $0.key.kind == .counter } }, setTotal: { sink.setTotal(of: $0, sum: $1) })
        return try await queries.survey(survey, into: reader)
    }
}
