import DattssCore
import DattssPipeline
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
            let body = try await request.body.encoded(request.headers, upTo: limits.bodyBytes)
            let points = try await working(on: body, of: user) { [telemetry, limits] in
                try telemetry.readers.points(
                    try body.content(upTo: limits.bodyBytes), format, sizeMax: limits.partialsPerBatch)
            }
            let (plan, unfitting) = try await telemetry.turns.inTurn(of: user) {
                // Reading it took a while: nothing is kept of a user who was deleted meanwhile.
                _ = try accounts.user(presenting: request.head.authKey, for: .ingest)
                let plan = try await working(on: body, of: user) { [telemetry, clock, limits] in
                    telemetry.plan(points, of: user, at: clock.moment(), limits: limits)
                }
                return (plan, try await take(plan, on: body, of: user))
            }
            for process in plan.processes { processes.note(process, of: user) }
            telemetry.counters.add(plan, unfitting: unfitting)
            return format.answer(to: plan, unfitting: unfitting, limits: limits)
        } catch let error as WireError {
            pipeline.ingest.noteRefused(error)
            var response = ErrorAnswer(error).response
            if format == .protobuf { OTLPFormat.protobuf.write(error, into: &response) }
            return response
        }
    }

    /// Does here what takes less time than to hand it over, and elsewhere what would keep this event loop from answering others.
    private func working<Value: Sendable>(
        on body: EncodedBody, of user: UserID, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        guard body.isDear else { return try work() }
        return try await decoding.run(of: user, cost: DecodingPool.cost(of: body.bytes.count, body.encoding), work)
    }

    /// - Returns: how many partials the user's limit of statistics left out.
    private func take(_ plan: OTLPPlan, on body: EncodedBody, of user: UserID) async throws -> Int {
        if plan.partials.isEmpty { return 0 }
        let ingest = pipeline.ingest
        let decided: (verdict: BatchVerdict, group: BatchGroup, unfitting: Int)
        do {
            decided = try await working(on: body, of: user) {
                var group = BatchGroup()
                let (verdict, unfitting) = ingest.admit(plan, of: user, into: &group)
                return (verdict, group, unfitting)
            }
        } catch {
            telemetry.cancel(plan, of: user)
            throw error
        }
        let answer =
            switch decided.verdict {
            case .answered(let known): known
            case .grouped: await ingest.submit(decided.group)
            case .copyOfPending(let first): await first.answer()
            }
        guard case .refused(let error) = answer else { return decided.unfitting }
        telemetry.cancel(plan, of: user)
        // The pipeline has counted it already.
        throw ErrorAnswer(error)
    }
}

extension Ingest {
    /// Decides on as much of what an export says as fits under the user's limit of statistics.
    /// - Returns: what is decided, and how many partials are left out.
    func admit(_ plan: OTLPPlan, of user: UserID, into group: inout BatchGroup) -> (verdict: BatchVerdict, unfitting: Int) {
        if plan.partials.isEmpty { return (.answered(.accepted), 0) }
        let fitting = fitting(Batch(partials: plan.partials), of: user)
        let unfitting = plan.partials.count - fitting.partials.count
        return (fitting.partials.isEmpty ? .answered(.accepted) : admit(fitting, of: user, into: &group), unfitting)
    }
}

extension OTLPFormat {
    /// `ExportMetricsServiceResponse`, with a partial success where points were rejected.
    func answer(to plan: OTLPPlan, unfitting: Int, limits: Limits) -> Response {
        let rejection = OTLPRejection(plan, unfitting: unfitting, limits)
        switch self {
        case .json:
            var json = JSONWriter()
            json.object { json in
                guard let rejection else { return }
                json.object("partialSuccess") { json in
                    json.member("rejectedDataPoints", String(rejection.points))
                    json.member("errorMessage", rejection.message)
                }
            }
            return Response(json: json)
        case .protobuf:
            return Response(
                status: .ok, headers: [.contentType: Self.protobufType],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: rejection?.protobuf ?? [])))
        }
    }

    /// A `google.rpc.Status` that says what an error answer says.
    func write(_ error: WireError, into response: inout Response) {
        response.headers[.contentType] = Self.protobufType
        response.body = ResponseBody(byteBuffer: ByteBuffer(bytes: Self.status(error)))
    }
}
