/// The latest samples of a statistic, which are not added up yet: a line of the processor's cache, and all that most samples
/// touch. Once it is full they go into the ``SampleAccumulator``, whose buckets lie anywhere in the memory, all at once.
///
///     [ sample | sample | sample |  –  |  –  |  –  |  –  | number, kind, count ]
struct RecentSamples: Sendable {
    /// Bit patterns of samples, and last what they are; a vector, because such a one begins with a line of the cache.
    private var words: SIMD8<UInt64>

    static let capacity = 7

    init(of number: Int, _ kind: Kind) {
        words = .zero
        words[7] = UInt64(UInt32(truncatingIfNeeded: number)) << 32 | UInt64(kind.rawValue) << 8
    }

    var count: Int { Int(words[7] & 0xFF) }
    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == Self.capacity }
    /// What ``AccumulatorTable`` knows the statistic by.
    var number: Int { Int(words[7] >> 32) }
    var kind: UInt8 { UInt8(truncatingIfNeeded: words[7] >> 8) }
    /// The latest of them; nil when there is none.
    var last: Double? { isEmpty ? nil : Double(bitPattern: words[count - 1]) }

    /// - Precondition: they are not full.
    /// - Returns: whether they are now.
    @inline(__always)
    static func append(_ value: Double, to samples: UnsafeMutablePointer<RecentSamples>) -> Bool {
        let words = UnsafeMutableRawPointer(samples)
        let shape = words.load(fromByteOffset: 56, as: UInt64.self)
        words.storeBytes(of: value, toByteOffset: Int(shape & 0xFF) * 8, as: Double.self)
        words.storeBytes(of: shape + 1, toByteOffset: 56, as: UInt64.self)
        return shape & 0xFF == UInt64(capacity - 1)
    }

    /// Takes all samples out.
    @inline(__always)
    mutating func take(_ body: (UnsafeBufferPointer<Double>) -> Void) {
        withValues(body)
        words[7] &= ~0xFF
    }

    /// What a ``SampleAccumulator`` makes of these samples, without the memory that it takes for them; nil when there are none.
    func aggregate(of kind: Kind, fraction: Double) -> Aggregate? {
        withValues { values in
            guard let first = values.first, let last = values.last else { return nil }
            var (sum, min, max) = (0.0, first, first)
            for value in values {
                sum = sum.saturatingAdd(value)
                min = value < min ? value : min
                max = value >= max ? value : max
            }
            let (bottom, top, sketch) = Self.percentiles(of: values, min, max, fraction, hasSketch: kind == .timer)
            return Aggregate(
                sum: sum, count: Int64(values.count), max: max, min: min, first: first, last: last, bottom: bottom, top: top,
                fraction: fraction, isEmphasised: false, packedSketch: sketch)
        }
    }

    @inline(__always)
    private static func percentiles(
        of values: UnsafeBufferPointer<Double>, _ min: Double, _ max: Double, _ fraction: Double, hasSketch: Bool
    ) -> (bottom: Double, top: Double, PackedSketch?) {
        let count = Int64(values.count)
        if min == max { return (min, min, hasSketch ? PackedSketch(of: min, count: count) : nil) }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: capacity) { ascending in
            for (place, value) in values.enumerated() {
                ascending.initializeElement(at: place, to: value)
                var at = place
                while at > 0, ascending[at - 1] > ascending[at] {
                    ascending.swapAt(at - 1, at)
                    at -= 1
                }
            }
            let sorted = UnsafeBufferPointer(rebasing: ascending[..<values.count])
            return (
                sorted[Int(nearestRank(fraction, of: count)) - 1], sorted[Int(nearestRank(1 - fraction, of: count)) - 1],
                hasSketch ? PackedSketch(ofAscending: sorted) : nil
            )
        }
    }

    @inline(__always)
    func withValues<Result>(_ body: (UnsafeBufferPointer<Double>) -> Result) -> Result {
        withUnsafeBytes(of: words) { bytes in
            bytes.withMemoryRebound(to: Double.self) { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
