/// Carries requests to the server. Programs use HTTP; tests bring their own.
public protocol Transport: Sendable {
    /// - Throws: anything, when no answer came. Whether the server has acted on the request is then unknown.
    func send(_ request: TransportRequest) async throws -> TransportAnswer
}

/// A `PUT` of a JSON body.
public struct TransportRequest: Sendable, Hashable {
    /// What follows the server's address: `/agg`.
    public var path: String
    public var body: [UInt8]
    /// From the start until the whole answer is there.
    public var timeoutMilliseconds: Int64

    public init(path: String, body: [UInt8], timeoutMilliseconds: Int64) {
        self.path = path
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

public struct TransportAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// `Retry-After`, where it is there in seconds.
    public var retryAfterSeconds: Int64?
    public var body: String

    public init(status: Int, retryAfterSeconds: Int64? = nil, body: String = "") {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.body = body
    }
}
