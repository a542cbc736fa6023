import DattssCore
import DattssPipeline
import HTTPTypes
import HummingbirdCore

/// What `PUT|POST /agg` does, whoever took the request in: the fast lane (``AggregateLane``) or the router.
struct AggregateEndpoint: Sendable {
    let ingest: Ingest
    let processes: ProcessRegistry
    let accounts: Accounts
    let limits: Limits

    /// What of the head is needed when the body is there.
    struct Head: Sendable {
        let key: VerifiedKey
        let encoding: ContentEncoding

        var user: UserID { key.owner.user }
    }

    /// Refuses by its head what is not worth reading a body for.
    /// - Parameter announced: `Content-Length`.
    func check(key: String?, announced: Int?, contentEncoding: String?) throws(WireError) -> Head {
        do throws(WireError) {
            let key = try accounts.verified(presenting: key, for: .ingest)
            if let announced { try check(bodyBytes: announced) }
            return Head(key: key, encoding: try ContentEncoding(contentEncoding))
        } catch {
            ingest.noteRefused(error)
            throw error
        }
    }

    /// Whether a head that was checked before would be found as good again, with another length. Counts as a use of its key.
    func isStillGood(_ head: Head, announced: Int) -> Bool {
        guard head.key.isCurrent, announced <= limits.bodyBytes else { return false }
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
            var batch = try decode(body, head.encoding, decompressor, &paths)
            if head.key.owner.prefixesProcess, let process = batch.process { try batch.prefixPaths(with: process) }
            if let process = batch.process {
                processes.note(process, of: head.user, uptimeSeconds: batch.uptimeSeconds, client: batch.origin?.client)
            }
            return batch
        } catch {
            ingest.noteRefused(error)
            throw error
        }
    }

    private func decode(
        _ body: UnsafeRawBufferPointer, _ encoding: ContentEncoding, _ decompressor: BodyDecompressor,
        _ paths: inout NameCache
    ) throws(WireError) -> Batch {
        if encoding == .identity { return try BatchDecoder.decode(body, limits: limits, paths: &paths) }
        let content = try decompressor.decode(body, encoding, upTo: limits.bodyBytes)
        return try content.withUnsafeBufferPointer { content throws(WireError) in
            try BatchDecoder.decode(UnsafeRawBufferPointer(content), limits: limits, paths: &paths)
        }
    }

    /// Takes in the whole body of a request that the router passed on.
    func take(_ body: [UInt8], _ head: Head) async throws(WireError) {
        var paths = NameCache.none
        let batch = try body.withUnsafeBufferPointer { (body) throws(WireError) -> Batch in
            try self.batch(UnsafeRawBufferPointer(body), head, BodyDecompressor(), paths: &paths)
        }
        let answer = await ingest.submit(batch, of: head.user)
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
