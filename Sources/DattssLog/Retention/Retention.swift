public import DattssCore

/// How long what is kept, counted in UTC days before today.
public struct Retention: Sendable, Hashable {
    /// The limits of all users who have none of their own.
    public var limits: Limits
    /// Users with limits of their own.
    public var overrides: [UserID: Limits]
    /// Users of whom nothing is kept.
    public var deleted: Set<UserID>

    /// For how many days before today something is kept.
    public struct Limits: Sendable, Hashable {
        /// For how many days minutes are kept.
        public var minuteDays: Int64
        /// For how many days hours are kept.
        public var hourDays: Int64

        /// Eight days of minutes and 400 days of hours, unless said otherwise.
        public init(minuteDays: Int64 = 8, hourDays: Int64 = 400) {
            self.minuteDays = minuteDays
            self.hourDays = hourDays
        }

        func days(_ step: SealedStep) -> Int64 { step == .minute ? minuteDays : hourDays }
    }

    /// The same limits for everybody, but for those named.
    public init(limits: Limits = Limits(), overrides: [UserID: Limits] = [:], deleted: Set<UserID> = []) {
        self.limits = limits
        self.overrides = overrides
        self.deleted = deleted
    }

    func keeps(_ step: SealedStep, of user: UserID, day: Int64, today: Int64) -> Bool {
        !deleted.contains(user) && today - day <= (overrides[user] ?? limits).days(step)
    }
}

/// A sealed file that the retention deleted, or wrote anew without somebody.
public struct RetentionDeletion: Sendable, Hashable, CustomStringConvertible {
    /// Where the file is, or was.
    public let path: String
    /// Whether it holds minutes or hours.
    public let step: SealedStep
    /// Since 1970-01-01, UTC.
    public let day: Int64
    /// By the day that counted as today.
    public let ageDays: Int64
    /// How many users had data in it.
    public let users: Int
    /// Why it went.
    public let reason: Reason

    /// Why a file is deleted or written anew.
    public enum Reason: Sendable, Hashable {
        /// Nobody keeps anything of it any longer.
        case past
        /// Somebody does; it was written anew without those who do not, or were deleted.
        case partlyPast
    }

    /// One line that says which file, why, and how old it was.
    public var description: String {
        let what = "\(path) of \(UTC.date(ofDay: day))"
        let people = "\(users) user\(users == 1 ? "" : "s")"
        switch reason {
        case .past: return "deleted \(what), \(ageDays) days old: the time of all its \(step) is over (\(people))"
        case .partlyPast:
            return "wrote \(what), \(ageDays) days old, anew: the time of the \(step) of \(people) is over, or they were deleted"
        }
    }
}

/// What one pass of the retention did, and what is left.
public struct RetentionReport: Sendable, Hashable {
    /// Files that are gone.
    public package(set) var deletedFiles = 0
    /// Files that were written anew without some of their users.
    public package(set) var rewrittenFiles = 0
    /// Files that only the day which the clock shows would let go of.
    public package(set) var heldFiles = 0
    /// Days of which hours had to be made before their minutes could go.
    public package(set) var sealedDays = 0
    /// By how much the files shrank in all.
    public package(set) var freedBytes = 0
    /// For each deleted user, where there still is something.
    public package(set) var remains: [UserID: Remains] = [:]
    /// Damaged parts that were left out of files that were rewritten.
    public package(set) var findings: [Finding] = []
    /// Copies of damaged files, which may hold anything of anybody.
    public package(set) var quarantined: [String] = []

    /// Where there still is something of a deleted user.
    public struct Remains: Sendable, Hashable {
        /// The paths of sealed files that name the user.
        public package(set) var sealedFiles: [String] = []
        /// Segments of either lane: with batches, blocks or checkpoints of the user, or unreadable frames. They go when everything in
        /// them is sealed and a checkpoint was written after them.
        public package(set) var segments: [String] = []

        /// Whether nothing of the user is left.
        public var isEmpty: Bool { sealedFiles.isEmpty && segments.isEmpty }

        init() {}
    }

    init() {}

    /// The users whose deletion is complete.
    public var goneUsers: Set<UserID> { Set(remains.filter(\.value.isEmpty).keys) }
}
