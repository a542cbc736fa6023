internal import DattssCore

/// An aggregate out of its flags and those numbers that are stored.
struct AggregateBuilder {
    private let flags: AggregateFlags
    private let count: Int64
    private var sum = 1.0
    private var max = 1.0
    private var min = 1.0
    private var first = 1.0
    private var last = 1.0
    private var bottom = 1.0
    private var top = 1.0
    var fraction = Aggregate.defaultFraction
    var sketch: PackedSketch?

    @inline(__always)
    init(_ flags: AggregateFlags, count: Int64) {
        self.flags = flags
        self.count = count
    }

    /// Reads the numbers that are stored, one after the other.
    @inline(__always)
    mutating func readNumbers(_ reader: inout ByteReader) throws(LogError) {
        let stored = flags.storedColumns
        if stored & 1 != 0 { sum = try StoredNumber.read(&reader, isRaw: flags.isRaw(0)) }
        if stored & 2 != 0 { max = try StoredNumber.read(&reader, isRaw: flags.isRaw(1)) }
        // The others are all there or none of them is.
        if stored & 4 == 0 { return }
        min = try StoredNumber.read(&reader, isRaw: flags.isRaw(2))
        first = try StoredNumber.read(&reader, isRaw: flags.isRaw(3))
        last = try StoredNumber.read(&reader, isRaw: flags.isRaw(4))
        bottom = try StoredNumber.read(&reader, isRaw: flags.isRaw(5))
        top = try StoredNumber.read(&reader, isRaw: flags.isRaw(6))
    }

    /// - Parameter aggregate: a blank one.
    @inline(__always)
    func fill(_ aggregate: inout Aggregate) {
        let isEqual = flags.has(AggregateFlags.equal | AggregateFlags.ones)
        let isProduct = flags.has(AggregateFlags.product | AggregateFlags.ones)
        aggregate.sum = isEqual && isProduct ? EqualSamples.sum(max, count) : sum
        aggregate.count = count
        aggregate.max = max
        aggregate.min = isEqual ? max : min
        aggregate.first = isEqual ? max : first
        aggregate.last = isEqual ? max : last
        aggregate.bottom = isEqual ? max : bottom
        aggregate.top = isEqual ? max : top
        aggregate.fraction = fraction
        aggregate.isEmphasised = flags.has(AggregateFlags.emphasised)
        aggregate.isApproximate = flags.has(AggregateFlags.approximate)
        if let sketch { aggregate.packedSketch = sketch }
    }
}
