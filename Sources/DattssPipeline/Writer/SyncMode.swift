/// When what was written is forced to the disk. A process that is killed loses nothing in any mode: this is about power.
public enum SyncMode: String, Sendable, CaseIterable {
    /// Before a batch is acknowledged; batches that wait share one.
    case always
    /// Every second: a power loss costs the last second at most.
    case second
    /// Whenever the system likes.
    case never
}
