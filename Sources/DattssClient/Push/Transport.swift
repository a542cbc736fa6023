/// Carries requests to the server. Programs use HTTP; tests bring their own.
public protocol Transport: Sendable {
    /// Sends a request, and waits for its answer.
    /// - Throws: anything, when no answer came. Whether the server has acted on the request is then unknown.
    func send(_ request: TransportRequest) async throws -> TransportAnswer
}

/// A `PUT` whose body is JSON.
public struct TransportRequest: Sendable, Hashable {
    /// What follows the server's address, `/agg` or `/process`.
    public var path: String
    /// JSON in UTF-8.
    public var body: [UInt8]
    /// How many milliseconds may pass from the start until the whole answer is there.
    public var timeoutMilliseconds: Int64

    /// A request with these values.
    public init(path: String, body: [UInt8], timeoutMilliseconds: Int64) {
        self.path = path
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

/// What the server answered, whatever it thinks of the request.
public struct TransportAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// `Retry-After`, where it is there in seconds.
    public var retryAfterSeconds: Int64?
    /// Whatever it says; an error says why.
    public var body: String

    /// An answer with these values.
    public init(status: Int, retryAfterSeconds: Int64? = nil, body: String = "") {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.body = body
    }
}
