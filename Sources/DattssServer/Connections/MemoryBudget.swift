import DattssCore

/// What the server holds for those who send slowly and those who read slowly, of all of them together.
struct MemoryBudget: Sendable {
    /// See ``Limits/memoryBytes``.
    let bytes: Int
    /// Bodies that are on their way.
    let uploads: ByteBudget
    /// Large answers that wait for their readers.
    let unsent: ByteBudget

    init(_ limits: Limits) {
        bytes = limits.memoryBytes
        uploads = ByteBudget(bytesMax: limits.uploadBytes)
        unsent = ByteBudget(bytesMax: limits.unsentBytes)
    }
}
