import DattssCore
import DattssPipeline
import Hummingbird

extension Routes {
    /// `GET /api/v1/unusual?at`
    func unusual(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context)
        let user = viewer.user
        if let time = try time(request, "at") { return try await pastUnusual(for: viewer, at: time, context) }
        let (watcher, queries, unsent, now) = (pipeline.unusual, pipeline.queries, memory.unsent, clock.now())
        return try await queries.inTurn(of: viewer.asker, isWanted: context.isConnected) {
            try Rendering(UnusualJSON.write(await watcher.unusual(of: user), at: now), within: unsent)
        }.response()
    }
}

/// How what is unusual is written as JSON.
enum UnusualJSON {
    static func write(_ list: UnusualList, at time: Timestamp) -> JSONWriter {
        var json = JSONWriter(capacity: 128 + list.statistics.count * 2048)
        json.object { json in
            json.member("at", time.seconds)
            json.member("step", UsualSlot.minutes)
            json.member("known", Int64(list.knownCount))
            json.member("unknown", Int64(list.unknownCount))
            json.array("unusual") { json in
                for statistic in list.statistics { json.object { write(statistic, &$0) } }
            }
        }
        return json
    }

    private static func write(_ statistic: UnusualList.Statistic, _ json: inout JSONWriter) {
        json.member("typ", statistic.key.kind.symbol)
        json.member("pth", statistic.key.path)
        json.member("since", statistic.since.minute.start.seconds)
        json.member("score", statistic.reading.score)
        json.array("points") { json in
            for point in statistic.points {
                json.object { json in
                    json.member("at", point.slot.minute.start.seconds)
                    json.member("value", point.value)
                    json.member("usual", point.usual)
                    json.member("low", point.low)
                    json.member("high", point.high)
                }
            }
        }
    }
}
