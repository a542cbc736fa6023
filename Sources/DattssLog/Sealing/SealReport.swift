/// What one sealing of a day did.
public struct SealReport: Sendable, Hashable {
    /// Days since 1970-01-01, UTC.
    public package(set) var day: Int64
    /// Whether there is another file now than before.
    public package(set) var hasChanged = false
    /// Blocks, or parts of them, that were taken in.
    public package(set) var frames = 0
    /// Aggregates in them.
    public package(set) var rows = 0
    /// In the sealed files afterwards; 0 where there is none.
    public package(set) var minuteFileBytes = 0
    /// The same of the hours.
    public package(set) var hourFileBytes = 0
    /// Users in the sealed file of minutes.
    public package(set) var users = 0
    /// Statistics of all users together.
    public package(set) var statistics = 0
    /// Points of minutes.
    public package(set) var points = 0
    /// Rows that did not fit into memory.
    public package(set) var spilledBytes = 0
    /// What could not be read. The rest is sealed.
    public package(set) var findings: [Finding] = []
    /// The copies of files that hold something that could not be read: the originals may be deleted.
    public package(set) var quarantined: [String] = []

    /// Whether everything that there is of the day is contained.
    public var isComplete: Bool { findings.isEmpty }

    init(day: Int64) { self.day = day }
}
