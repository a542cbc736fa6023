/// Memory for many short rows that end together: blocks of words in one array.
///
/// The open minute of 100,000 statistics would otherwise be as many small arrays, made on one thread and let go on another a
/// minute later; the holes that they leave among what lives on are not given back, and the process grows by the minute.
struct WordArena: Sendable {
    private(set) var words: [UInt64] = []
    /// Blocks that nobody needs any more, by their number of words.
    private var free: [Int: [UInt32]] = [:]

    /// - Parameter capacity: about as many words as there will be.
    init(capacity: Int = 0) { words.reserveCapacity(capacity) }

    /// - Returns: the position of the first of as many words, all 0.
    mutating func allocate(_ count: Int) -> UInt32 {
        if let position = free[count]?.popLast() {
            for word in Int(position)..<Int(position) + count { words[word] = 0 }
            return position
        }
        let position = UInt32(words.count)
        words.append(contentsOf: repeatElement(0, count: count))
        return position
    }

    mutating func release(_ position: UInt32, _ count: Int) {
        if count > 0 { free[count, default: []].append(position) }
    }

    /// Moves a row to a larger block.
    mutating func grow(_ position: UInt32, from count: Int, to newCount: Int) -> UInt32 {
        let new = allocate(newCount)
        for offset in 0..<count { words[Int(new) + offset] = words[Int(position) + offset] }
        release(position, count)
        return new
    }

    subscript(position: Int) -> UInt64 {
        @inline(__always) get { words[position] }
        @inline(__always) set { words[position] = newValue }
    }

    /// The memory of a block; not to be kept.
    @inline(__always)
    func withBlock<Result>(_ position: UInt32, _ body: (UnsafeRawPointer) -> Result) -> Result {
        words.withUnsafeBytes { words in
            // A block has words, so there are some.
            guard let base = words.baseAddress else { preconditionFailure("a block of an empty arena") }
            return body(base + Int(position) * 8)
        }
    }

    @inline(__always)
    mutating func withMutableBlock<Result>(_ position: UInt32, _ body: (UnsafeMutableRawPointer) -> Result) -> Result {
        words.withUnsafeMutableBytes { words in
            // The same.
            guard let base = words.baseAddress else { preconditionFailure("a block of an empty arena") }
            return body(base + Int(position) * 8)
        }
    }
}
