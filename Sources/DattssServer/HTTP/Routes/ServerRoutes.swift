import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

extension Routes {
    /// `GET /api/v1/processes`
    func listProcesses(_ request: Request, _ context: Context) async throws -> Response {
        Response(json: StatusJSON.write(processes.processes(of: try viewer(request, context).user)))
    }

    /// `POST /api/v1/processes/{name}/stop`
    func stopProcess(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        switch processes.stop(name, of: viewer.user) {
        case .told, .asked: break
        // The run that was told has not come back: there is nobody to tell again.
        case .repeated: return Response(json: StatusJSON.write(processes.processes(of: viewer.user)))
        case .down: throw ErrorAnswer(.notFound, .unknownProcess, "no process '\(name.prefix(64))' is up")
        case .notListening:
            throw ErrorAnswer(.conflict, .notListening, "the process '\(name.prefix(64))' sends, but does not ask whether to stop")
        }
        let address = origin(request, context).address
        let line = Accounts.AuditLine(at: clock.now(), action: "process_stop", what: name, by: viewer.by, address: address)
        web.logger.notice("the process '\(name)' of '\(viewer.user)' was asked to stop by \(viewer.by) from \(address)")
        try await accounts.run { try $0.note(line, of: viewer.user) }
        return Response(json: StatusJSON.write(processes.processes(of: viewer.user)))
    }

    /// `DELETE /api/v1/processes/{name}`: takes one that is down out of view.
    func removeProcess(_ request: Request, _ context: Context) async throws -> Response {
        let viewer = try viewer(request, context, .change)
        let name = try decoded("name", context)
        switch processes.remove(name, of: viewer.user) {
        case .removed: return Response(json: StatusJSON.write(processes.processes(of: viewer.user)))
        case .isUp: throw ErrorAnswer(.conflict, .stillUp, "the process '\(name.prefix(64))' is up")
        case .unknown: throw ErrorAnswer(.notFound, .unknownProcess, "there is no process '\(name.prefix(64))'")
        }
    }

    /// `GET /healthz`: 200 while batches are taken in, 503 while they are not.
    func health(_ request: Request, _ context: Context) async throws -> Response {
        guard let problem = pipeline.problem else { return Response(text: "ok\n") }
        // Anybody may ask, and it names files.
        context.logger.warning("asked for its health: \(problem)")
        throw ErrorAnswer(.serviceUnavailable, .unhealthy, "no batches are taken in; the log of the server says why")
    }

    /// `GET /metrics`: about the server itself, in Prometheus' text format.
    func exposition(_ request: Request, _ context: Context) async throws -> Response {
        let (queries, unsent) = (pipeline.queries, memory.unsent)
        return try await expositions.value(of: 0, isWanted: context.isConnected) { [metrics] group in
            // Without waiting for a turn: whoever watches the server wants to know most when it is busy.
            try await queries.aside {
                group.begin()
                return try Rendering(ByteBuffer(string: await metrics.exposition()), within: unsent)
            }
        }.response(type: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// `GET /api/v1/rewritten-names`: what senders of lines and of OpenTelemetry call their statistics, for administrators.
    func rewrittenNames(_ request: Request, _ context: Context) async throws -> Response {
        _ = try administrator(request)
        let (lines, points) = (metrics.datagrams.snapshot, telemetry.counters.snapshot)
        var rewritings = points.rewritings
        rewritings.merge(lines.rewritings)
        return Response(json: StatusJSON.write(rewritings, of: lines.rewrittenNames + points.rewrittenNames))
    }

    /// `GET /api/v1/server-proof`: that this is the server of a data folder, for whoever can read the folder's secret.
    func proveServer(_ request: Request, _ context: Context) async throws -> Response {
        guard let challenge = request.uri.queryParameters["challenge"], ServerProof.isChallenge(challenge) else {
            throw ErrorAnswer(.badRequest, .badValue, "challenge: expected 16 to 64 digits and small letters")
        }
        let proof = ServerProof(accounts.keys).answer(to: String(challenge), at: web.address.url)
        return Response(json: AccountJSON.proof(proof))
    }

    /// `GET /api/v1/openapi.json`
    func openAPI(_ request: Request, _ context: Context) async throws -> Response {
        Response(
            text: String(decoding: Resources.openAPI, as: UTF8.self),
            type: "application/json; charset=utf-8")
    }
}
