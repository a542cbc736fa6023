import DattssCore
import DattssPipeline
import HTTPTypes
import HummingbirdCore

/// What `PUT|POST /agg` does, whoever took the request in: the fast lane (``AggregateLane``) or the router.
struct AggregateEndpoint: Sendable {
    let pipeline: Pipeline
    let processes: ProcessRegistry
    let accounts: any Authenticator
    let limits: Limits

    /// What of the head is needed when the body is there.
    struct Head: Sendable {
        var key: String?
        var encoding: ContentEncoding
    }

    /// Refuses by its head what is not worth reading a body for.
    func check(_ request: HTTPRequest) throws(WireError) -> Head {
        do throws(WireError) {
            let key = request.authKey
            _ = try accounts.user(presenting: key)
            if let announced = request.headerFields[.contentLength].flatMap({ Int($0) }) { try check(bodyBytes: announced) }
            return Head(key: key, encoding: try ContentEncoding(request.headerFields[.contentEncoding]))
        } catch {
            pipeline.noteRefused(error)
            throw error
        }
    }

    func check(bodyBytes count: Int) throws(WireError) {
        if count > limits.bodyBytes { throw WireError(.bodyTooLarge, "the body has more than \(limits.bodyBytes) bytes") }
    }

    /// Takes in the whole body, as it came.
    func take(_ body: [UInt8], _ head: Head) async throws(WireError) {
        let content: [UInt8]
        do {
            content = try head.encoding.decode(body, upTo: limits.bodyBytes)
        } catch {
            pipeline.noteRefused(error)
            throw error
        }
        let processes = processes
        let answer = await pipeline.accept(body: content, key: head.key) { user, batch in
            guard let process = batch.process else { return }
            processes.note(process, of: user, uptimeSeconds: batch.uptimeSeconds)
        }
        if case .refused(let error) = answer { throw error }
    }

    /// `{"ok":true}`
    static let acknowledgement: JSONWriter = {
        var json = JSONWriter()
        json.object { $0.member("ok", true) }
        return json
    }()
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
