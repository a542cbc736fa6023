import DattssCore

/// What an error is called in an answer, for programs: a ``WireError/Reason`` of what was sent, or one of these.
///
/// `openapi.json` lists all of them, and a test compares the two.
enum ErrorName: String, CaseIterable {
    case badCredentials = "bad_credentials"
    case badToken = "bad_token"
    case exists
    case forbidden
    /// Whatever the HTTP library refuses by itself.
    case http
    case `internal`
    case invitationNeeded = "invitation_needed"
    case linkExpired = "link_expired"
    /// The server that owns the accepted log is lost, or not found yet.
    case noOwner = "no_owner"
    case notFound = "not_found"
    /// A process that nothing can be told.
    case notListening = "not_listening"
    /// What was to be changed is not what the sender knows any more.
    case outdated
    case readOnly = "read_only"
    /// A member of a team may not do this.
    case roleNeeded = "role_needed"
    case signUpClosed = "sign_up_closed"
    case stillUp = "still_up"
    case tooMany = "too_many"
    case tooManyAttempts = "too_many_attempts"
    case tooManyQueries = "too_many_queries"
    case unhealthy
    case unknownProcess = "unknown_process"
    case weakPassword = "weak_password"

    /// Every name that an answer can have.
    static var all: Set<String> { Set(allCases.map(\.rawValue) + WireError.Reason.allCases.map(\.rawValue)) }
}
