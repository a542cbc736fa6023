/// Why a query is not answered.
public struct QueryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Which kind of reason it is.
    public var code: Code
    /// What is wrong, as a sentence without a full stop.
    public var message: String

    /// The kinds of reasons.
    public enum Code: Sendable, Hashable {
        /// The text is no expression.
        case malformed
        /// It is an expression, of something that is not there.
        case unsupported
        /// It makes no sense for the values that there are: two series that cannot be told apart, for instance.
        case invalid
        /// A limit of ``QueryLimits``, which the message names.
        case limit
        /// Nobody waits for the answer any more.
        case cancelled
    }

    /// Makes an error of its parts.
    public init(_ code: Code, _ message: String) {
        (self.code, self.message) = (code, message)
    }

    public var description: String { message }
}
