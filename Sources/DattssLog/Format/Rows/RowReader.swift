internal import DattssCore

/// How the rows of one shape are read.
struct RowPlan {
    let shape: RowShape
    let scale: RowScale
    let parameters: RowParameters
    /// Whether there is neither a sketch nor a fraction.
    let isPlain: Bool

    init(_ shape: RowShape, _ parameters: RowParameters) {
        self.shape = shape
        self.parameters = parameters
        scale = shape.scale
        isPlain = !shape.hasSketch && !shape.hasFraction
    }
}

/// Reads rows out of the bits of a part of a block. To be used within the closure that lends it, because of the pointers.
struct RowReader: RowCoder {
    var bits: BitReader
    /// By id: 0 for an unknown one, else one more than the position of its plan.
    private let shapeNumbers: UnsafeBufferPointer<UInt16>
    private let plans: UnsafeBufferPointer<RowPlan?>
    private var parameters = RowParameters()

    init(_ bits: BitReader, _ shapeNumbers: UnsafeBufferPointer<UInt16>, _ plans: UnsafeBufferPointer<RowPlan?>) {
        self.bits = bits
        self.shapeNumbers = shapeNumbers
        self.plans = plans
    }

    /// Reads the next row.
    /// - Parameters:
    ///   - id: whose it is.
    ///   - aggregate: a blank one.
    @inline(__always)
    mutating func read(_ id: Int, into aggregate: inout Aggregate) throws(LogError) {
        let number = id < shapeNumbers.count ? Int(shapeNumbers[id]) : 0
        guard number > 0, let plan = plans[number &- 1] else { throw Self.unknown(id, hasName: number > 0) }
        if !plan.isPlain { return try readMore(id, plan, into: &aggregate) }
        // A copy that the optimizer keeps in registers.
        var reader = self
        reader.parameters = plan.parameters
        var numbers = RowNumbers()
        numbers.code(plan.shape, plan.scale, with: &reader)
        bits = reader.bits
        guard numbers.count >= 1 else { throw Self.noSamples(id) }
        numbers.fill(&aggregate, plan.shape, plan.scale)
    }

    /// A row that has a fraction, a sketch or both.
    @inline(never)
    private mutating func readMore(_ id: Int, _ plan: RowPlan, into aggregate: inout Aggregate) throws(LogError) {
        if plan.shape.hasFraction { aggregate.fraction = Double(bitPattern: bits.readWide(64)) }
        parameters = plan.parameters
        var numbers = RowNumbers()
        if plan.shape.hasSketch {
            guard let sketch = SketchBits.read(&bits) else {
                throw LogError(.malformed, expected: "a sketch of id \(id)", found: "other bits")
            }
            let outline = SketchOutline(sketch, fraction: aggregate.fraction)
            numbers.code(plan.shape, plan.scale, outline, with: &self)
            numbers.fill(&aggregate, plan.shape, plan.scale)
            aggregate.sketch = sketch
            if plan.shape.quantiles == .ofSketch {
                (aggregate.bottom, aggregate.top) = outline.quantiles(aggregate.min, aggregate.max)
            }
        } else {
            numbers.code(plan.shape, plan.scale, with: &self)
            numbers.fill(&aggregate, plan.shape, plan.scale)
        }
        guard numbers.count >= 1 else { throw Self.noSamples(id) }
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

    @inline(__always)
    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Zigzag.decode(bits.readShort(parameter: parameters.parameter(column, context)))
    }

    @inline(__always)
    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64 {
        prediction &+ Int64(bitPattern: bits.readShort(parameter: parameters.parameter(column, context)))
    }
}

/// Memory for aggregates that are filled in where they stay. An aggregate is large: each copy costs as much as reading it.
enum BlankAggregates {
    static let one = Aggregate(sample: 0)
    static let onePartial = Partial(StatisticKey(.counter, ""), one)

    static func fill(_ rows: UnsafeMutableBufferPointer<Aggregate>, count: Int) {
        fill(UnsafeMutableRawBufferPointer(rows), one, count)
    }

    static func fill(_ rows: UnsafeMutableBufferPointer<Partial>, count: Int) {
        fill(UnsafeMutableRawBufferPointer(rows), onePartial, count)
    }

    /// Copies bytes, which is as good as copying values that refer to nothing: neither a sketch nor a long string.
    private static func fill<Value>(_ rows: UnsafeMutableRawBufferPointer, _ blank: Value, _ count: Int) {
        withUnsafeBytes(of: blank) { blank in
            for row in 0..<count {
                UnsafeMutableRawBufferPointer(rebasing: rows[(row * MemoryLayout<Value>.stride)...]).copyMemory(from: blank)
            }
        }
    }
}
