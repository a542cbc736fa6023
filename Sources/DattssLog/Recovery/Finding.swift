/// Something on disk that is not as a writer left it.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public var kind: Kind
    /// The path of the file.
    public var file: String
    /// Where in the file it begins, in bytes.
    public var offset: Int
    /// How many bytes are concerned.
    public var bytes: Int
    /// What was expected and what was found, for people.
    public var problem: String

    /// The ways in which a log can be damaged.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A frame that a crash cut off: expected, and cut by ``Recovery``.
        case tornTail = "torn tail"
        /// Parts of a block of which others are missing.
        case incompleteBlock = "incomplete block"
        /// Bytes that belong to no readable frame.
        case corruptFrame = "corrupt frame"
        case corruptSegmentHeader = "corrupt segment header"
        /// A sealed file of which nothing can be used, because its footer or directory is unreadable in both copies.
        case corruptSealedFile = "corrupt sealed file"
        /// A part of a sealed file that says where others are: the header, one copy of the end, an index, an activity.
        case corruptIndex = "corrupt index"
        /// The points of one statistic in a sealed file.
        case corruptChunk = "corrupt chunk"
        /// A frame that was read before: a copied segment.
        case duplicate
        /// Sectors of which the disk says that it cannot read them.
        case unreadable = "unreadable sectors"
    }

    package init(_ kind: Kind, file: String, offset: Int, bytes: Int, problem: String) {
        self.kind = kind
        self.file = file
        self.offset = offset
        self.bytes = bytes
        self.problem = problem
    }

    public var description: String { "\(file) offset \(offset): \(kind.rawValue), \(bytes) bytes: \(problem)" }
}
