/// Memory for many short rows: blocks of words in a few large arrays.
///
/// The statistics of a user would otherwise be a hundred thousand small arrays, made on one thread and let go on another; the
/// holes that they leave among what lives on are not given back, and the process grows by the minute.
struct WordArena: Sendable {
    /// A block lies within one of them.
    private var chunks: [[UInt64]] = []
    /// Blocks that nobody needs any more, by their number of words.
    private var free: [Int: [UInt32]] = [:]
    private let capacity: Int

    private static let chunkShift: UInt32 = 15
    private static let chunkWords = 1 << Int(chunkShift)

    /// - Parameter capacity: about as many words as there will be.
    init(capacity: Int = 0) { self.capacity = capacity }

    /// How many words its blocks have, also those that nobody needs.
    var wordCount: Int { chunks.reduce(0) { $0 + $1.count } }

    /// - Returns: the position of the first of as many words, all 0.
    mutating func allocate(_ count: Int) -> UInt32 {
        if let position = free[count]?.popLast() {
            for word in Int(position)..<Int(position) + count { self[word] = 0 }
            return position
        }
        if chunks.isEmpty || chunks[chunks.count - 1].count + count > Self.chunkWords { addChunk() }
        let last = chunks.count - 1
        let position = last << Int(Self.chunkShift) + chunks[last].count
        chunks[last].append(contentsOf: repeatElement(0, count: count))
        return UInt32(position)
    }

    private mutating func addChunk() {
        let left = capacity - chunks.count * Self.chunkWords
        chunks.append([])
        chunks[chunks.count - 1].reserveCapacity(max(0, min(left, Self.chunkWords)))
    }

    mutating func release(_ position: UInt32, _ count: Int) {
        if count > 0 { free[count, default: []].append(position) }
    }

    subscript(position: Int) -> UInt64 {
        @inline(__always) get { chunks[position >> Int(Self.chunkShift)][position & (Self.chunkWords - 1)] }
        @inline(__always) set { chunks[position >> Int(Self.chunkShift)][position & (Self.chunkWords - 1)] = newValue }
    }

    /// The memory of a block; not to be kept.
    @inline(__always)
    func withBlock<Result>(_ position: UInt32, _ body: (UnsafeRawPointer) -> Result) -> Result {
        chunks[Int(position >> Self.chunkShift)].withUnsafeBytes { words in
            // A block has words, so there are some.
            guard let base = words.baseAddress else { preconditionFailure("a block of an empty arena") }
            return body(base + (Int(position) & (Self.chunkWords - 1)) * 8)
        }
    }

    @inline(__always)
    mutating func withMutableBlock<Result>(_ position: UInt32, _ body: (UnsafeMutableRawPointer) -> Result) -> Result {
        chunks[Int(position >> Self.chunkShift)].withUnsafeMutableBytes { words in
            // The same.
            guard let base = words.baseAddress else { preconditionFailure("a block of an empty arena") }
            return body(base + (Int(position) & (Self.chunkWords - 1)) * 8)
        }
    }
}
