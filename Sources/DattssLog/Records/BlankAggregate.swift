internal import DattssCore

/// Makes aggregates that are filled in where they stay. An aggregate is large: each copy costs as much as reading it.
struct BlankAggregate {
    private let bytes: UnsafeRawPointer

    private static let blank = Aggregate(sample: 0)

    /// To be used within `body` only, because of the pointer.
    @inline(__always)
    static func lend<Result>(_ body: (BlankAggregate) throws(LogError) -> Result) throws(LogError) -> Result {
        try withUnsafeBytes(of: blank) { (bytes) throws(LogError) in
            guard let start = bytes.baseAddress else { preconditionFailure("an aggregate of no bytes") }
            return try body(BlankAggregate(bytes: start))
        }
    }

    /// Copies bytes, which is as good as copying a value that refers to nothing: it has no sketch.
    @inline(__always)
    func initialize(_ row: UnsafeMutablePointer<Aggregate>) {
        UnsafeMutableRawPointer(row).copyMemory(from: bytes, byteCount: MemoryLayout<Aggregate>.size)
    }
}
