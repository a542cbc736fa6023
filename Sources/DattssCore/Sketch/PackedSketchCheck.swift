extension PackedSketch {
    /// The packed sketch that `bytes` begin with; nil when they do not begin with one as it is packed here. Nobody vouches for
    /// the bytes: none is read that is not there, and every invariant is checked.
    package init?(prefixOf bytes: UnsafeBufferPointer<UInt8>) {
        var check = PackedSketchCheck(bytes)
        guard check.passZeroCount(), check.passStore(), check.passStore() else { return nil }
        self.init(checked: Array(bytes[..<check.offset]))
    }
}

/// Passes over the parts of a packed sketch, as long as they are what ``PackedSketch`` writes.
private struct PackedSketchCheck {
    // For the duration of the initializer that made it.
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var offset = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func passZeroCount() -> Bool { varint().map { $0 <= UInt64(Int64.max) } ?? false }

    mutating func passStore() -> Bool {
        guard let size = varint(), size <= UInt64(BucketStore.capacity) else { return false }
        if size == 0 { return true }
        let count = Int(size)
        guard passIndices(count), let lowest = sampleCount() else { return false }
        for _ in 1..<count where sampleCount() == nil { return false }
        guard count == BucketStore.capacity else { return true }
        return varint().map { $0 <= lowest } ?? false
    }

    private mutating func passIndices(_ count: Int) -> Bool {
        guard let first = varint() else { return false }
        var index = Zigzag.decode(first)
        let range = Int64(SketchIndex.range.lowerBound)...Int64(SketchIndex.range.upperBound)
        guard range ~= index else { return false }
        for _ in 1..<count {
            // (A gap that is too wide is refused before it is added.)
            guard let gap = varint(), gap < UInt64(range.upperBound - index) else { return false }
            index += Int64(gap) + 1
        }
        return true
    }

    /// How many samples a bucket has.
    private mutating func sampleCount() -> UInt64? { varint().flatMap { $0 < UInt64(Int64.max) ? $0 + 1 : nil } }

    /// nil at the end, and for one that is longer than it needs to be.
    @inline(__always)
    private mutating func varint() -> UInt64? {
        guard offset < bytes.count else { return nil }
        let byte = bytes[offset]
        if byte >= 0x80 { return longVarint() }
        offset += 1
        return UInt64(byte)
    }

    private mutating func longVarint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte holds the 64th bit and nothing more.
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return byte == 0 ? nil : value }
            shift += 7
        }
        return nil
    }
}
