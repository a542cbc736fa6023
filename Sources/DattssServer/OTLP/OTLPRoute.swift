import DattssCore
import DattssPipeline
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Routes {
    /// `POST /v1/metrics`: OTLP over HTTP, as protobuf or as JSON.
    func openTelemetry(_ request: Request, _ context: Context) async throws -> Response {
        let format = OTLPFormat(request.headers[.contentType])
        do {
            let user = try accounts.user(presenting: request.head.authKey, for: .ingest)
            guard let format else {
                throw WireError(.unsupportedEncoding, "Content-Type: expected application/x-protobuf or application/json")
            }
            let body = try await request.body.content(request.headers, upTo: limits.bodyBytes)
            let plan = try telemetry.plan(try format.decode(body), of: user, at: clock.now(), limits: limits)
            for process in plan.processes { processes.note(process, of: user) }
            return format.answer(to: plan, unfitting: try await take(plan, of: user), limits: limits)
        } catch let error as WireError {
            pipeline.noteRefused(error)
            var response = ErrorAnswer(error).response
            if format == .protobuf { OTLPFormat.protobuf.write(error, into: &response) }
            return response
        }
    }

    /// - Returns: how many partials the user's limit of statistics left out.
    private func take(_ plan: OTLPIntake.Plan, of user: UserID) async throws -> Int {
        if plan.partials.isEmpty { return 0 }
        let outcome = await pipeline.acceptFitting(Batch(partials: plan.partials), of: user)
        guard case .refused(let error) = outcome.answer else { return outcome.unfittingPartials }
        telemetry.cancel(plan, of: user)
        // The pipeline has counted it already.
        throw ErrorAnswer(error)
    }
}

enum OTLPFormat: Sendable {
    case protobuf
    case json

    init?(_ contentType: String?) {
        switch contentType?.split(separator: ";").first?.lowercased() {
        case "application/x-protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    func decode(_ body: [UInt8]) throws(WireError) -> OTLPMetrics {
        switch self {
        case .protobuf:
            return try body.withUnsafeBufferPointer { body throws(WireError) in
                do throws(ProtobufReader.Malformed) {
                    return try OTLPProtobuf.decode(UnsafeRawBufferPointer(body))
                } catch {
                    throw WireError(.malformed, "the body is no ExportMetricsServiceRequest: \(error.message)")
                }
            }
        case .json:
            do { return try JSONDecoder().decode(OTLPMetrics.self, from: Data(body)) } catch {
                throw WireError(.malformed, "the body is no ExportMetricsServiceRequest: \(Self.describe(error))")
            }
        }
    }

    private static func describe(_ error: any Error) -> String {
        guard case .some(let context) = (error as? DecodingError)?.context else { return "\(error)" }
        let place = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return "\(place.isEmpty ? "" : place + ": ")\(context.debugDescription)"
    }

    /// `ExportMetricsServiceResponse`, with a partial success where points were rejected.
    func answer(to plan: OTLPIntake.Plan, unfitting: Int, limits: Limits) -> Response {
        let rejected = plan.rejectedPoints + Int64(unfitting)
        let message = plan.problem ?? "more than \(limits.liveStatisticsPerUser) live statistics"
        switch self {
        case .json:
            var json = JSONWriter()
            json.object { json in
                guard rejected > 0 else { return }
                json.object("partialSuccess") { json in
                    json.member("rejectedDataPoints", String(rejected))
                    json.member("errorMessage", message)
                }
            }
            return Response(json: json)
        case .protobuf:
            var (partialSuccess, answer) = (ProtobufWriter(), ProtobufWriter())
            if rejected > 0 {
                partialSuccess.number(1, UInt64(rejected))
                partialSuccess.bytes(2, Array(message.utf8))
                answer.bytes(1, partialSuccess.bytes)
            }
            return Response(
                status: .ok, headers: [.contentType: "application/x-protobuf"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.bytes)))
        }
    }

    /// A `google.rpc.Status` that says what an error answer says.
    func write(_ error: WireError, into response: inout Response) {
        var status = ProtobufWriter()
        // INVALID_ARGUMENT, or UNAUTHENTICATED.
        status.number(1, error.reason == .unauthorized ? 16 : 3)
        status.bytes(2, Array(error.message.utf8))
        response.headers[.contentType] = "application/x-protobuf"
        response.body = ResponseBody(byteBuffer: ByteBuffer(bytes: status.bytes))
    }
}

extension DecodingError {
    fileprivate var context: Context? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context
        @unknown default: nil
        }
    }
}
