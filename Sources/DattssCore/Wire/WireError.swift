/// Why something that a sender sent was not taken in.
public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, for programs.
    public var reason: Reason
    /// What was expected and what was found, and where: `prt.ms[3].sum: expected a number at byte 120, found 'x'`.
    public var message: String

    /// The `name` of an error in an answer, and the label of its counter in `/metrics`.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case malformed
        case unsupportedEncoding = "unsupported_encoding"
        case badPath = "bad_path"
        case badKind = "bad_kind"
        case badValue = "bad_value"
        case badName = "bad_name"
        case missingField = "missing_field"
        case tooManyPartials = "too_many_partials"
        case bodyTooLarge = "body_too_large"
        case staleSequence = "stale_sequence"
        case unauthorized
        /// The auth key is valid, but not for this.
        case wrongScope = "wrong_scope"
        case statisticLimit = "statistic_limit"
        case overloaded
        case logUnavailable = "log_unavailable"
        /// A replicated log does not answer: whether the batch counts is found out later. Sent again under its number it counts once.
        case outcomeUnknown = "outcome_unknown"
        case requestTimeout = "request_timeout"
        case shuttingDown = "shutting_down"
    }

    /// Makes an error of its parts.
    public init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    public var description: String { "\(reason.rawValue): \(message)" }

    /// The same error, with a part of its place in front: `prt` + `.ms` + `[3]` + `.sum` + `: is …`.
    @inline(never)
    func within(_ place: @autoclosure () -> String) -> WireError {
        let isPlace = message.first == "." || message.first == "["
        return WireError(reason, place() + (isPlace ? "" : ": ") + message)
    }
}

/// Runs `body`, putting `place` in front of the place in its errors. (It is inlined, so that the place costs nothing where there is
/// no error.)
@inline(__always)
public func located<Value>(
    _ place: @autoclosure () -> String, _ body: () throws(WireError) -> Value
) throws(WireError) -> Value {
    do { return try body() } catch { throw error.within(place()) }
}
