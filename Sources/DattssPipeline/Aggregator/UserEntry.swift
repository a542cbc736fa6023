import DattssCore
import Synchronization

/// A user as the pipeline knows it: what decides in front of the log, and the aggregator behind it.
final class UserEntry: Sendable {
    let id: UserID
    let admission: UserAdmission
    let link: Link<UserEvent>
    let aggregator: UserAggregator

    init(
        _ restored: Replay.User, roller: Link<RollerEvent>, written: WrittenMark, covered: LSN, confirmed: ConfirmedClock,
        closer: MinuteCloser, limits: Limits
    ) {
        id = restored.state.user
        admission = UserAdmission(restored.admission)
        link = Link("ingest→aggregator", capacity: limits.queuedPartialsPerUser)
        aggregator = UserAggregator(
            state: restored.state, admission: admission, link: link, roller: roller, written: written, covered: covered,
            confirmed: confirmed, closer: closer, limits: limits)
    }
}

/// What reaches a user's aggregator, in the order of the log.
enum UserEvent: Sendable {
    /// They are in the log, as of this time.
    case batches([WriteAhead.Pending], at: Timestamp)
    case minuteEnded(MinuteAssembly.Edge, Admission.MinuteMark)
    /// The user was deleted: forget everything, and whatever still comes.
    case erased
    /// A reader that wants to see everything that was acknowledged before.
    case barrier(CheckedContinuation<Void, Never>)
}

/// The value that decides in front of the log, shared by all that takes in batches and the user's aggregator.
final class UserAdmission: Sendable {
    private let admission: Mutex<Admission>

    init(_ admission: Admission) { self.admission = Mutex(admission) }

    func withLock<Value>(_ body: (inout Admission) -> Value) -> Value {
        admission.withLock { body(&$0) }
    }
}
