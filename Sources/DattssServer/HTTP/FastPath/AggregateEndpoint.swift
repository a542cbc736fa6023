import DattssCore
import DattssPipeline
import HTTPTypes
import HummingbirdCore

/// What `PUT|POST /agg` does, whoever took the request in: the fast path (``AggregateFastPath``) or the router.
struct AggregateEndpoint: Sendable {
    let ingest: Ingest
    let processes: ProcessRegistry
    let accounts: Accounts
    let limits: Limits
    /// For bodies that are dear to read.
    let decoding: DecodingPool
    /// For exports, which the fast path takes in beside batches.
    let telemetry: OTLPIntake
    let clock: any WallClock

    /// What of the head is needed when the body is there.
    struct Head: Sendable {
        let key: VerifiedKey
        /// The key as it was sent.
        let presented: String
        let encoding: ContentEncoding
        var route = PlainHead.Route.batches

        var user: UserID { key.owner.user }
    }

    /// Refuses by its head what is not worth reading a body for.
    /// - Parameter announced: `Content-Length`.
    func check(
        key: String?, announced: Int?, contentEncoding: String?, route: PlainHead.Route = .batches
    ) throws(WireError) -> Head {
        do throws(WireError) {
            let verified = try accounts.verified(presenting: key, for: .ingest)
            if let announced { try check(bodyBytes: announced) }
            return Head(key: verified, presented: key ?? "", encoding: try ContentEncoding(contentEncoding), route: route)
        } catch {
            ingest.noteRefused(error)
            throw error
        }
    }

    /// Whether a head that was checked before would be found as good again, with another length. Counts as a use of its key.
    func isStillGood(_ head: Head, announced: Int) -> Bool {
        guard head.key.isCurrent, announced <= limits.bodyBytes, head.route.takes(bodyBytes: announced) else { return false }
        head.key.noteUse()
        return true
    }

    func check(_ request: HTTPRequest) throws(WireError) -> Head {
        try check(
            key: request.authKey, announced: request.headerFields[.contentLength].flatMap { Int($0) },
            contentEncoding: request.headerFields[.contentEncoding])
    }

    /// The batch of a whole body, as it came; its process is noted as alive.
    func batch(
        _ body: UnsafeRawBufferPointer, _ head: Head, _ decompressor: BodyDecompressor, paths: inout NameCache
    ) throws(WireError) -> Batch {
        do throws(WireError) {
            try check(bodyBytes: body.count)
            if head.encoding == .identity { return try decode(body, head, &paths) }
            return try decode(try decompressor.decode(body, head.encoding, upTo: limits.bodyBytes), head, &paths)
        } catch {
            ingest.noteRefused(error)
            throw error
        }
    }

    /// The same of a body that is not to be read if it is larger than it looks.
    /// - Parameter contentMax: in bytes, decompressed.
    /// - Returns: nil for a compressed body of more content, of which nothing is noted.
    func batch(
        _ body: UnsafeRawBufferPointer, _ head: Head, _ decompressor: BodyDecompressor, paths: inout NameCache, contentMax: Int
    ) throws(WireError) -> Batch? {
        if head.encoding == .identity { return try batch(body, head, decompressor, paths: &paths) }
        do throws(WireError) {
            let content = try decompressor.decode(body, head.encoding, upTo: min(contentMax, limits.bodyBytes))
            return try decode(content, head, &paths)
        } catch {
            if error.reason == .bodyTooLarge, contentMax < limits.bodyBytes { return nil }
            ingest.noteRefused(error)
            throw error
        }
    }

    private func decode(_ content: [UInt8], _ head: Head, _ paths: inout NameCache) throws(WireError) -> Batch {
        try content.withUnsafeBufferPointer { content throws(WireError) in
            try decode(UnsafeRawBufferPointer(content), head, &paths)
        }
    }

    private func decode(
        _ content: UnsafeRawBufferPointer, _ head: Head, _ paths: inout NameCache
    ) throws(WireError) -> Batch {
        var batch = try BatchDecoder.decode(content, limits: limits, paths: &paths)
        guard let process = batch.process else { return batch }
        if head.key.owner.prefixesProcess { try batch.prefixPaths(with: process) }
        processes.note(process, of: head.user, uptimeSeconds: batch.uptimeSeconds, client: batch.origin?.client)
        return batch
    }

    /// Takes in a body a while after its head was checked: the key may have been revoked meanwhile, or its user deleted, of whom
    /// nothing is to be kept then. `answer` is told once, on any thread.
    func take(
        _ body: UnsafeRawBufferPointer, _ head: Head, _ decompressor: BodyDecompressor, paths: inout NameCache,
        answer: @escaping @Sendable (IngestAnswer) -> Void
    ) {
        do throws(WireError) {
            let batch = try batch(body, head, decompressor, paths: &paths)
            try checkAgain(head)
            ingest.submit(batch, of: head.user, answer: answer)
        } catch {
            answer(.refused(error))
        }
    }

    /// Whether the key of a head that was checked before is still good.
    func checkAgain(_ head: Head) throws(WireError) {
        if head.key.isCurrent { return }
        do throws(WireError) {
            _ = try accounts.verified(presenting: head.presented, for: .ingest)
        } catch {
            ingest.noteRefused(error)
            throw error
        }
    }

    /// Takes in the whole body of a request that the router passed on.
    func take(_ body: [UInt8], _ head: Head) async throws {
        let answer = await withCheckedContinuation { (reply: CheckedContinuation<IngestAnswer, Never>) in
            let work: @Sendable () -> Void = {
                var paths = NameCache.none
                body.withUnsafeBytes { take($0, head, BodyDecompressor(), paths: &paths) { reply.resume(returning: $0) } }
            }
            guard DecodingPool.isDear(batchBytes: body.count, head.encoding) else { return work() }
            decoding.start(of: head.user, cost: DecodingPool.cost(of: body.count, head.encoding), work) { refusal in
                reply.resume(returning: .refused(refusal))
            }
        }
        if case .refused(let error) = answer { throw error }
    }

    private func check(bodyBytes count: Int) throws(WireError) {
        if count > limits.bodyBytes { throw WireError(.bodyTooLarge, "the body has more than \(limits.bodyBytes) bytes") }
    }

    /// `{"ok":true}`
    static let acknowledgement: JSONWriter = {
        var json = JSONWriter()
        json.object { $0.member("ok", true) }
        return json
    }()
}

extension Batch {
    /// Puts the name of the process in front of every path, as version 1 counts it to a statistic's name.
    fileprivate mutating func prefixPaths(with process: String) throws(WireError) {
        for place in partials.indices {
            let path = "\(process).\(partials[place].key.path)"
            guard path.utf8.count <= Name.pathBytesMax else {
                throw WireError(
                    .badPath, "the path '\(path.prefix(64))' has more than \(Name.pathBytesMax) bytes, with its process in front")
            }
            partials[place].key = StatisticKey(partials[place].key.kind, path)
        }
    }
}

extension HTTPRequest {
    /// The auth key: `Authorization: Bearer KEY`, or `?auth=KEY`.
    var authKey: String? {
        if let authorization = headerFields[.authorization] {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "bearer" { return String(parts[1]) }
        }
        return path.flatMap { URI($0).queryParameters["auth"] }.map(String.init)
    }
}
