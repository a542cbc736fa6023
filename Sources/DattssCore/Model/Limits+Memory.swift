extension Limits {
    /// For how much memory the standard limits are meant.
    public static let standardMemoryBytes = 512 << 20

    /// The standard limits for another amount of memory: of bodies that are on their way a quarter, of unsent answers an eighth,
    /// and of what is queued in proportion (some 250 bytes a partial, so about half when all is full). Fewer connections than by
    /// standard when there is less.
    ///
    /// - Parameter memoryBytes: see ``memoryBytes``; at least ``memoryBytesMin``.
    public init(memoryBytes: Int) {
        self.init()
        let scale = Double(memoryBytes) / Double(Self.standardMemoryBytes)
        self.memoryBytes = memoryBytes
        uploadBytes = memoryBytes / 4
        unsentBytes = memoryBytes / 8
        queuedPartialsPerUser = Int(Double(queuedPartialsPerUser) * scale)
        queuedPartials = Int(Double(queuedPartials) * scale)
        connections = Int(Double(connections) * min(1, scale))
    }

    /// With less, a single status of a user with all statistics would find no room.
    public static let memoryBytesMin = 32 << 20
    /// What the largest body may be: more than one has to find room at once.
    public var bodyBytesMax: Int { uploadBytes / 2 }
}
