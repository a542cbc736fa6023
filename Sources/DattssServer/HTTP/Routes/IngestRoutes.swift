import DattssCore
import DattssPipeline
import Hummingbird
import NIOCore
import ServiceLifecycle

extension Routes {
    /// `PUT|POST /agg`: a batch of partials. Most come through the fast path instead: see ``AggregateFastPath``.
    func aggregate(_ request: Request, _ context: Context) async throws -> Response {
        if request.head.authKey == nil { return try await aggregateByBodyAuth(request) }
        let head = try endpoint.check(request.head)
        let body: [UInt8]
        do {
            body = try await request.body.collected(request.headers, upTo: limits.bodyBytes)
        } catch let error as WireError {
            pipeline.ingest.noteRefused(error)
            throw error
        }
        try await endpoint.take(body, head)
        return Response(json: AggregateEndpoint.acknowledgement)
    }

    /// The key is in the body, as the original allows it.
    private func aggregateByBodyAuth(_ request: Request) async throws -> Response {
        let (body, key): ([UInt8], String)
        do {
            let announced = request.headers[.contentLength].flatMap { UInt64($0) }
            guard request.headers[.contentEncoding] == nil, announced ?? 0 <= BodyAuth.bytesMax else { throw WireError.noKey }
            body = try await request.body.collected(request.headers, upTo: min(limits.bodyBytes, BodyAuth.bytesMax))
            key = try body.withUnsafeBufferPointer { bytes throws(WireError) in
                try BodyAuth.key(in: UnsafeRawBufferPointer(bytes))
            }
        } catch let error as WireError where [.unauthorized, .malformed, .bodyTooLarge].contains(error.reason) {
            let refusal = error.reason == .unauthorized ? error : WireError.noKey
            pipeline.ingest.noteRefused(refusal)
            throw refusal
        }
        // Whoever is known is told what is wrong with the batch, and it is counted where it is taken.
        try await endpoint.take(body, endpoint.check(key: key, announced: body.count, contentEncoding: nil))
        return Response(json: AggregateEndpoint.acknowledgement)
    }

    /// `PUT /process`: waits until the process is asked to stop. `KEY-name` asks it to; an empty answer says poll again.
    ///
    /// Noticing that a process hangs up costs the connection: it is closed behind the answer, which says so, because a client
    /// that believes it open would send its next request into the void.
    func pollProcess(_ request: Request, _ context: Context) async throws -> Response {
        var response: Response
        do {
            response = Response(text: try await answer(toPoll: request))
        } catch let error as WireError {
            response = ErrorAnswer(error).response
        } catch is CancellationError {
            // It may have closed only its own side, and still read: there is nothing for it.
            response = Response(text: "")
        }
        response.headers[.connection] = "close"
        return response
    }

    private func answer(toPoll request: Request) async throws -> String {
        let (headers, authKey, deadline) = (
            request.headers, request.head.authKey, clock.now().advanced(byMilliseconds: Self.pollMilliseconds)
        )
        // Ended when the process hangs up, so that a stop is not told to nobody, and with the server.
        return try await request.body.consumeWithCancellationOnInboundClose { body in
            let content = try await body.content(headers, upTo: limits.bodyBytes)
            let poll = try content.withUnsafeBufferPointer { bytes throws(WireError) in
                try ProcessPoll(UnsafeRawBufferPointer(bytes))
            }
            guard let key = authKey ?? poll.auth else {
                throw WireError(.unauthorized, "expected an auth key, as 'Authorization: Bearer KEY', '?auth=KEY' or auth")
            }
            let user = try accounts.user(presenting: key, for: .ingest)
            let isAskedToStop = await cancelWhenGracefulShutdown {
                await processes.poll(poll.process, of: user, client: poll.client, until: deadline)
            }
            return isAskedToStop ? "\(key)-\(poll.process)" : ""
        }
    }

    private static let pollMilliseconds: Int64 = 30_000
}

/// The body of `PUT /process`: `{"auth":"KEY","process":"name","cid":"…"}`. Without `cid`, one run of a program is told from the next
/// only by the time between their polls.
struct ProcessPoll: Hashable {
    var auth: String?
    var process: String
    var client: String?

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var auth: String?
        var process: String?
        var client: String?
        try JSONCursor.read(bytes) { (cursor) throws(WireError) in
            try cursor.object { (name, cursor) throws(WireError) in
                if name == "auth" {
                    if !cursor.takeNull() { auth = try located("auth") { () throws(WireError) in try cursor.string() } }
                } else if name == "process" {
                    process = try located("process") { () throws(WireError) in try cursor.string() }
                } else if name == "cid" {
                    if !cursor.takeNull() { client = try located("cid") { () throws(WireError) in try cursor.string() } }
                } else {
                    try cursor.skipValue()
                }
            }
        }
        guard let process else { throw WireError(.missingField, "process: is missing") }
        guard Name.isValidProcess(process.utf8) else {
            throw WireError(.badName, "process: expected 1 to \(Name.processBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        if let client, !Name.isValidClient(client.utf8) {
            throw WireError(.badName, "cid: expected 1 to \(Name.clientBytesMax) of A-Z a-z 0-9 _ . : ! -")
        }
        self.auth = auth
        self.process = process
        self.client = client
    }
}
