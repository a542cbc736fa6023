/// An array that grows without ever moving more than a chunk, and has room for at most a chunk too many: for large elements,
/// of which there are many.
struct ChunkedArray<Element: Sendable>: Sendable {
    private var chunks: [[Element]] = []
    private(set) var count = 0

    init() {}

    private static var chunkShift: Int { 8 }
    private static var chunkCount: Int { 1 << chunkShift }

    subscript(index: Int) -> Element {
        @inline(__always) get { chunks[index >> Self.chunkShift][index & (Self.chunkCount - 1)] }
        @inline(__always) set { chunks[index >> Self.chunkShift][index & (Self.chunkCount - 1)] = newValue }
    }

    /// Looks at an element where it is. (Through the subscript, a large one would be copied.)
    @inline(__always)
    func read<Value>(_ index: Int, _ body: (borrowing Element) -> Value) -> Value {
        body(chunks[index >> Self.chunkShift][index & (Self.chunkCount - 1)])
    }

    /// Changes an element where it is. (Through the subscript, a large one would be copied, or an accessor would ask for memory.)
    @inline(__always)
    mutating func update<Value>(_ index: Int, _ body: (inout Element) -> Value) -> Value {
        body(&chunks[index >> Self.chunkShift][index & (Self.chunkCount - 1)])
    }

    mutating func append(_ element: Element) {
        if count & (Self.chunkCount - 1) == 0 {
            chunks.append([])
            // The first one grows with its elements, for those who have few.
            if count > 0 { chunks[chunks.count - 1].reserveCapacity(Self.chunkCount) }
        }
        chunks[chunks.count - 1].append(element)
        count += 1
    }
}
