import DattssCore
import DattssPipeline
import HTTPTypes
import Hummingbird

extension Routes {
    /// `GET /api/v1/processes`
    func listProcesses(_ request: Request, _ context: Context) async throws -> Response {
        Response(json: StatusJSON.write(processes.processes(of: try user(of: request))))
    }

    /// `POST /api/v1/processes/{name}/stop`
    func stopProcess(_ request: Request, _ context: Context) async throws -> Response {
        let user = try user(of: request)
        let name = try decoded("name", context)
        guard processes.stop(name, of: user) else {
            throw ErrorAnswer(.notFound, "unknown_process", "no process '\(name.prefix(64))' is up")
        }
        return Response(json: StatusJSON.write(processes.processes(of: user)))
    }

    /// `GET /healthz`: 200 while batches are taken in, 503 while they are not.
    func health(_ request: Request, _ context: Context) async throws -> Response {
        guard let problem = pipeline.problem else { return Response(text: "ok\n") }
        throw ErrorAnswer(.serviceUnavailable, "unhealthy", problem)
    }

    /// `GET /metrics`: about the server itself, in Prometheus' text format.
    func exposition(_ request: Request, _ context: Context) async throws -> Response {
        Response(text: await metrics.exposition(), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    /// `GET /api/v1/openapi.json`
    func openAPI(_ request: Request, _ context: Context) async throws -> Response {
        Response(
            text: String(decoding: PackageResources.openapi_json, as: UTF8.self),
            type: "application/json; charset=utf-8")
    }
}
