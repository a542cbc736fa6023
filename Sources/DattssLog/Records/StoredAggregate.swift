internal import DattssCore

/// An aggregate as bytes by itself: in a record of the accepted lane behind its path, in what sealing keeps of a day behind its
/// minute.
///
///     flags (1) │ raw (1) │ count │ numbers │ [fraction (8)] │ [sketch]
///
/// The ``AggregateFlags`` say which numbers there are, in the order `sum max min first last bottom top`. A number is a zigzag
/// varint when it is an integer of at most 2^53 (and not −0); else its bit in `raw`, counted in the same order, is set, and
/// it takes 8 bytes.
struct StoredAggregate {
    let flags: AggregateFlags
    private let count: Int64
    private var sum = 1.0
    private var max = 1.0
    private var min = 1.0
    private var first = 1.0
    private var last = 1.0
    private var bottom = 1.0
    private var top = 1.0
    private var fraction = Aggregate.defaultFraction
    private var sketch: PackedSketch?

    /// - Throws: `malformed` for what no writer writes, as far as that shows.
    @inline(__always)
    init(_ reader: inout ByteReader) throws(LogError) {
        flags = AggregateFlags(rawValue: try reader.byte("flags of a statistic"))
        let raw = try reader.byte("flags of a statistic")
        count = Int64(bitPattern: try reader.mixedVarint("count"))
        guard count >= 1 else { throw reader.malformed("count", "at least 1", "\(count)") }
        if flags.storesSum { sum = try reader.number(isRaw: raw & 1 != 0) }
        if flags.storesSample { max = try reader.number(isRaw: raw & 2 != 0) }
        if flags.storesAll {
            min = try reader.number(isRaw: raw & 4 != 0)
            first = try reader.number(isRaw: raw & 8 != 0)
            last = try reader.number(isRaw: raw & 16 != 0)
            bottom = try reader.number(isRaw: raw & 32 != 0)
            top = try reader.number(isRaw: raw & 64 != 0)
        }
        if flags.contains(.fraction) { fraction = Double(bitPattern: try reader.fixed(UInt64.self, "fraction")) }
        if flags.contains(.sketch) { sketch = try SketchCodec.decode(&reader) }
    }

    /// - Parameter aggregate: one of which everything is replaced.
    @inline(__always)
    func fill(_ aggregate: inout Aggregate) {
        let isEqual = !flags.storesAll
        aggregate.sum = flags.storesSum ? sum : EqualSamples.sum(max, count)
        aggregate.count = count
        aggregate.max = max
        aggregate.min = isEqual ? max : min
        aggregate.first = isEqual ? max : first
        aggregate.last = isEqual ? max : last
        aggregate.bottom = isEqual ? max : bottom
        aggregate.top = isEqual ? max : top
        aggregate.fraction = fraction
        aggregate.isEmphasised = flags.contains(.emphasised)
        aggregate.isApproximate = flags.contains(.approximate)
        aggregate.packedSketch = sketch
    }
}

extension ByteWriter {
    /// Appends the path of a partial, then its aggregate.
    @inline(__always)
    mutating func append(_ partial: UnsafePointer<Partial>) {
        let sketch = partial.pointee.aggregate.packedSketch
        let pathCount = partial.pointee.key.path.utf8.count
        append(upTo: ByteScratch.integerBytesMax + pathCount + StoredAggregate.byteCountMax) { start in
            var scratch = ByteScratch(start)
            scratch.appendVarint(UInt64(pathCount))
            scratch.append(partial.pointee.key.path.utf8)
            scratch.append(partial.pointee.aggregate, of: partial.pointee.key.kind, hasSketch: sketch != nil)
            return scratch.next
        }
        if let sketch { SketchCodec.encode(sketch, into: &self) }
    }

    /// Appends an integer, then an aggregate whose kind is told elsewhere.
    mutating func append(_ aggregate: borrowing Aggregate, behind integer: UInt64) {
        let sketch = aggregate.packedSketch
        append(upTo: ByteScratch.integerBytesMax + StoredAggregate.byteCountMax) { start in
            var scratch = ByteScratch(start)
            scratch.appendVarint(integer)
            scratch.append(aggregate, of: .counter, hasSketch: sketch != nil)
            return scratch.next
        }
        if let sketch { SketchCodec.encode(sketch, into: &self) }
    }
}

extension StoredAggregate {
    /// All but a sketch: flags, a count, seven numbers and a fraction, and what the last word of them writes too much.
    static let byteCountMax = 2 + ByteScratch.integerBytesMax + 7 * 8 + 8 + 8
}

extension ByteScratch {
    /// Appends all but a sketch.
    @inline(__always)
    fileprivate mutating func append(_ aggregate: borrowing Aggregate, of kind: Kind, hasSketch: Bool) {
        let flags = AggregateFlags(kind, aggregate, hasSketch: hasSketch)
        let start = next
        next += 2
        appendVarint(UInt64(bitPattern: aggregate.count))
        var raw: UInt8 = 0
        if flags.storesSum { append(aggregate.sum, 1, &raw) }
        if flags.storesSample { append(aggregate.max, 2, &raw) }
        if flags.storesAll {
            append(aggregate.min, 4, &raw)
            append(aggregate.first, 8, &raw)
            append(aggregate.last, 16, &raw)
            append(aggregate.bottom, 32, &raw)
            append(aggregate.top, 64, &raw)
        }
        if flags.contains(.fraction) { appendFixed(aggregate.fraction.bitPattern) }
        start.storeBytes(of: flags.rawValue, as: UInt8.self)
        start.storeBytes(of: raw, toByteOffset: 1, as: UInt8.self)
    }

    @inline(__always)
    private mutating func append(_ value: Double, _ bit: UInt8, _ raw: inout UInt8) {
        if let integer = DecimalScale.integer(value) {
            appendVarint(Zigzag.encode(integer))
        } else {
            raw |= bit
            appendFixed(value.bitPattern)
        }
    }
}
