internal import DattssCore

/// How the rows of one shape are read.
struct RowPlan {
    let shape: RowShape
    let scale: NumberScale
    let parameters: RowParameters
    /// Whether there is nothing but numbers on one scale: no sketch, no fraction, no places of buckets.
    let isPlain: Bool

    init(_ shape: RowShape, _ parameters: RowParameters) {
        self.shape = shape
        self.parameters = parameters
        scale = shape.scale
        isPlain = !shape.hasSketch && !shape.hasFraction && shape.quantiles == .samples
    }
}

/// Reads rows out of the bits of a part of a block. To be used within the closure that lends it, because of the pointers.
struct RowReader {
    private let base: UnsafeRawPointer
    private let byteCount: Int
    /// How many bits were read or passed over, counted from the beginning of the payload.
    private var position: Int
    /// By id: 0 for an unknown one, else one more than the position of its plan.
    private let shapeNumbers: UnsafeBufferPointer<UInt16>
    private let plans: UnsafeBufferPointer<RowPlan?>
    private let blank: BlankAggregate

    /// - Parameters:
    ///   - base: the payload.
    ///   - offset: where its rows begin.
    init(
        _ base: UnsafeRawPointer, byteCount: Int, offset: Int, _ shapeNumbers: UnsafeBufferPointer<UInt16>,
        _ plans: UnsafeBufferPointer<RowPlan?>, _ blank: BlankAggregate
    ) {
        self.base = base
        self.byteCount = byteCount
        position = offset * 8
        self.shapeNumbers = shapeNumbers
        self.plans = plans
        self.blank = blank
    }

    /// Whether bits were read that are not there.
    var isExhausted: Bool { position > byteCount * 8 }

    /// - Parameter bits: at most 2^32.
    mutating func skip(_ bits: Int) { position &+= bits }

    /// Reads the next row.
    /// - Parameters:
    ///   - id: whose it is.
    ///   - row: memory for it, which stays as it was when this throws. To copy an aggregate costs as much as to read it.
    @inline(__always)
    mutating func next(_ id: Int, into row: UnsafeMutablePointer<Aggregate>) throws(LogError) {
        let number = id < shapeNumbers.count ? Int(shapeNumbers[id]) : 0
        guard number > 0, let plan = plans[number &- 1] else { throw Self.unknown(id, hasName: number > 0) }
        guard plan.isPlain else { return try nextOther(id, plan, into: row) }
        var coder = PlainRowCoder(bits: RowBits(base, byteCount: byteCount, at: position), parameters: plan.parameters)
        var numbers = RowNumbers()
        numbers.codeSamples(plan.shape, plan.scale, with: &coder)
        position = coder.bits.position
        guard numbers.count >= 1 else { throw Self.noSamples(id) }
        blank.initialize(row)
        numbers.fill(&row.pointee, plan.shape, plan.scale)
    }

    /// A row that is not plain.
    @inline(never)
    private mutating func nextOther(
        _ id: Int, _ plan: RowPlan, into row: UnsafeMutablePointer<Aggregate>
    ) throws(LogError) {
        var bits = BitReader(UnsafeRawBufferPointer(start: base, count: byteCount))
        bits.skip(position)
        defer { position = bits.position }
        let fraction = plan.shape.hasFraction ? Double(bitPattern: bits.readWide(64)) : Aggregate.defaultFraction
        var sketch: PackedSketch?
        var outline: SketchOutline?
        if plan.shape.hasSketch {
            guard let read = SketchBits.read(&bits) else {
                throw LogError(.malformed, expected: "a sketch of id \(id)", found: "other bits")
            }
            let packed = PackedSketch(read)
            sketch = packed
            outline = SketchOutline(packed, fraction: fraction)
        }
        var coder = OtherRowCoder(bits: bits, parameters: plan.parameters)
        var numbers = RowNumbers()
        if let outline {
            numbers.code(plan.shape, plan.scale, outline, with: &coder)
        } else {
            numbers.code(plan.shape, plan.scale, with: &coder)
        }
        bits = coder.bits
        guard numbers.count >= 1 else { throw Self.noSamples(id) }
        blank.initialize(row)
        numbers.fill(&row.pointee, plan.shape, plan.scale)
        row.pointee.fraction = fraction
        row.pointee.packedSketch = sketch
        if let outline, plan.shape.quantiles == .ofSketch {
            (row.pointee.bottom, row.pointee.top) = outline.quantiles(row.pointee.min, row.pointee.max)
        }
    }

    @inline(never)
    private static func unknown(_ id: Int, hasName: Bool) -> LogError {
        LogError(
            .malformed, expected: hasName ? "parameters for the shape of id \(id)" : "a name for id \(id) in a frame before",
            found: hasName ? "none" : "none that can be read")
    }

    @inline(never)
    private static func noSamples(_ id: Int) -> LogError {
        LogError(.malformed, expected: "at least one sample of id \(id)", found: "none")
    }
}

/// Gives the numbers of plain rows.
private struct PlainRowCoder: RowCoder {
    var bits: RowBits
    let parameters: RowParameters

    @inline(__always)
    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Zigzag.decode(bits.readShort(parameter: parameters.parameter(column, context)))
    }

    @inline(__always)
    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Int64(bitPattern: bits.readShort(parameter: parameters.parameter(column, context)))
    }
}

/// Gives the numbers of all rows, in code that is not copied to wherever rows are read.
private struct OtherRowCoder: RowCoder {
    var bits: BitReader
    let parameters: RowParameters

    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Zigzag.decode(bits.readShort(parameter: parameters.parameter(column, context)))
    }

    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Int64(bitPattern: bits.readShort(parameter: parameters.parameter(column, context)))
    }
}
