internal import DattssCore

/// The numbers of a row, in the order in which they are stored.
enum RowColumn: Int {
    case count, bottom, top, min, max, first, last, sum, ulps

    /// All of them, without an array that would have to be made.
    static let all: [RowColumn] = [.count, .bottom, .top, .min, .max, .first, .last, .sum, .ulps]

    /// The context of numbers of which nothing else tells how large they are.
    static let noContext = 16
}

/// Takes the numbers of a row one by one, or gives them: the same description of a row serves to write and to read it.
protocol RowCoder {
    /// - Parameters:
    ///   - value: the number, when writing.
    ///   - prediction: what the numbers before make of it.
    ///   - context: how many bits the difference is expected to have, give or take what is constant in a column.
    /// - Returns: the number.
    mutating func near(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64

    /// The same for a number that is, as a rule, not below the prediction.
    mutating func above(_ column: RowColumn, _ value: Int64, _ prediction: Int64, context: Int) -> Int64
}

/// What a row consists of, and how its numbers follow from each other:
///
///     ones     count
///     product  count, max
///     all      count, bottom, top ≥ bottom, min ≤ bottom, max ≥ top, first and last near the middle of bottom and top,
///              sum near count · mean, ulps
///     with a sketch: the same, but all near to what the sketch says, which is within 1 %
///
/// All arithmetic wraps around, so that whatever the integers are, the differences lead back to them.
extension RowNumbers {
    /// A row without a sketch.
    mutating func code<Coder: RowCoder>(_ shape: RowShape, _ scale: NumberScale, with coder: inout Coder) {
        if shape.quantiles == .ofBuckets {
            codeWithBuckets(shape.kind, scale, with: &coder)
        } else {
            codeSamples(shape, scale, with: &coder)
        }
    }

    /// A row of samples and their sum: nearly all rows are.
    @inline(__always)
    mutating func codeSamples<Coder: RowCoder>(_ shape: RowShape, _ scale: NumberScale, with coder: inout Coder) {
        count = coder.above(.count, count, 1, context: RowColumn.noContext)
        switch shape.layout {
        case .ones: return
        case .product: max = coder.near(.max, max, 0, context: RowColumn.noContext)
        case .all, .equal:
            codeExtremes(with: &coder)
            codeRest(shape.kind, scale, bottom, top, with: &coder)
        }
    }

    /// A row with a sketch.
    mutating func code<Coder: RowCoder>(
        _ shape: RowShape, _ scale: NumberScale, _ outline: SketchOutline, with coder: inout Coder
    ) {
        count = coder.near(.count, count, outline.count, context: RowColumn.noContext)
        switch shape.layout {
        case .ones: return
        case .product: max = coder.near(.max, max, 0, context: RowColumn.noContext)
        case .all, .equal:
            codeExtremes(shape, scale, outline, with: &coder)
            codeEnds(bottom, top, with: &coder)
            let sum = scale.nearest(outline.sum)
            self.sum = coder.near(.sum, self.sum, sum, context: Self.width(sum) - Self.width(count) / 2)
            if scale.hasUlps { ulps = coder.near(.ulps, ulps, 0, context: RowColumn.noContext) }
        }
    }

    @inline(__always)
    private mutating func codeExtremes<Coder: RowCoder>(with coder: inout Coder) {
        bottom = coder.near(.bottom, bottom, 0, context: RowColumn.noContext)
        let level = Self.width(bottom)
        top = coder.above(.top, top, bottom, context: level)
        let spread = Self.width(top &- bottom)
        // From below: the negative of a number that is not below the negative of the bottom.
        min = 0 &- coder.above(.min, 0 &- min, 0 &- bottom, context: Swift.min(spread, level))
        max = coder.above(.max, max, top, context: spread)
    }

    private mutating func codeExtremes<Coder: RowCoder>(
        _ shape: RowShape, _ scale: NumberScale, _ outline: SketchOutline, with coder: inout Coder
    ) {
        let (bottom, top) = (scale.nearest(outline.bottom), scale.nearest(outline.top))
        if shape.quantiles == .ofSketch {
            (self.bottom, self.top) = (bottom, top)
        } else {
            self.bottom = coder.near(.bottom, self.bottom, bottom, context: Self.width(bottom))
            self.top = coder.near(.top, self.top, top, context: Self.width(top))
        }
        let (min, max) = (scale.nearest(outline.min), scale.nearest(outline.max))
        self.min = coder.near(.min, self.min, min, context: Self.width(min))
        self.max = coder.near(.max, self.max, max, context: Self.width(max))
    }

    /// A row whose quantiles are places: the extremes come first.
    private mutating func codeWithBuckets<Coder: RowCoder>(_ kind: Kind, _ scale: NumberScale, with coder: inout Coder) {
        count = coder.above(.count, count, 1, context: RowColumn.noContext)
        min = coder.near(.min, min, 0, context: RowColumn.noContext)
        max = coder.above(.max, max, min, context: Self.width(min))
        let (low, high) = (scale.value(min), scale.value(max))
        bottom = coder.near(.bottom, bottom, BucketPlace.of(low), context: RowColumn.noContext)
        top = coder.near(.top, top, BucketPlace.of(high), context: RowColumn.noContext)
        codeRest(
            kind, scale, scale.nearest(BucketPlace.value(bottom, low, high)), scale.nearest(BucketPlace.value(top, low, high)),
            with: &coder)
    }

    /// - Parameters:
    ///   - bottom: on the row's scale.
    ///   - top: the same.
    @inline(__always)
    private mutating func codeRest<Coder: RowCoder>(
        _ kind: Kind, _ scale: NumberScale, _ bottom: Int64, _ top: Int64, with coder: inout Coder
    ) {
        codeEnds(bottom, top, with: &coder)
        let sum = Self.predictedSum(kind, scale, count, bottom, top)
        self.sum = coder.near(.sum, self.sum, sum, context: Self.width(top &- bottom) &+ Self.width(count) / 2)
        if scale.hasUlps { ulps = coder.near(.ulps, ulps, 0, context: RowColumn.noContext) }
    }

    @inline(__always)
    private mutating func codeEnds<Coder: RowCoder>(_ bottom: Int64, _ top: Int64, with coder: inout Coder) {
        let spread = Self.width(top &- bottom)
        let middle = bottom &+ (top &- bottom) / 2
        first = coder.near(.first, first, middle, context: spread)
        last = coder.near(.last, last, middle, context: spread)
    }

    /// Count times the mean. The mean of a gauge is the middle. Other samples lie denser below: Swanson's rule takes the
    /// mean for 0.3 P10 + 0.4 P50 + 0.3 P90, and the median of a lognormal distribution is √(P10 · P90).
    @inline(__always)
    private static func predictedSum(
        _ kind: Kind, _ scale: NumberScale, _ count: Int64, _ bottom: Int64, _ top: Int64
    ) -> Int64 {
        let isDecimal = scale.decimals != nil
        let low = isDecimal ? Double(bottom) : OrderedBits.double(bottom)
        let high = isDecimal ? Double(top) : OrderedBits.double(top)
        let middle = (low + high) / 2
        let isSkewed = kind != .gauge && low > 0 && high > 0
        let mean = isSkewed ? 0.6 * middle + 0.4 * (low * high).squareRoot() : middle
        let sum = mean * Double(count)
        return isDecimal ? NumberScale.nearestInteger(sum) : OrderedBits.of(sum)
    }

    /// How many bits a number has, without its sign.
    @inline(__always)
    static func width(_ value: Int64) -> Int { 64 - value.magnitude.leadingZeroBitCount }
}

extension RowShape {
    /// A bit for each column that rows of this shape have, at its ``RowColumn/rawValue``.
    var columns: UInt16 {
        switch layout {
        case .ones: return RowColumn.count.bit
        case .product: return RowColumn.count.bit | RowColumn.max.bit
        case .all, .equal:
            var columns = RowColumn.ulps.bit &* 2 &- 1
            if quantiles == .ofSketch { columns &= ~(RowColumn.bottom.bit | RowColumn.top.bit) }
            if !scale.hasUlps { columns &= ~RowColumn.ulps.bit }
            return columns
        }
    }
}

extension RowColumn {
    fileprivate var bit: UInt16 { 1 << UInt16(rawValue) }
}

/// How large the differences are in each column of the rows of one shape: ``VariableBits`` has a parameter, which is
/// this, plus the context of the number, less ``RowColumn/noContext``.
struct RowParameters {
    /// By ``RowColumn/rawValue``.
    private var ofColumns = SIMD16<UInt8>(repeating: 0)

    /// How many bits it takes in a file.
    static let bits = 6

    subscript(column: RowColumn) -> Int {
        @inline(__always) get { Int(ofColumns[column.rawValue]) }
        set { ofColumns[column.rawValue] = UInt8(newValue.clamped(0, 63)) }
    }

    /// - Parameter columns: a bit for each of them.
    init(_ columns: UInt16, _ bits: inout BitReader) {
        withUnsafeMutableBytes(of: &ofColumns) { parameters in
            var rest = columns
            while rest != 0 {
                parameters[rest.trailingZeroBitCount] = UInt8(truncatingIfNeeded: bits.read(Self.bits))
                rest &= rest &- 1
            }
        }
    }

    init() {}

    func write(_ columns: UInt16, to bits: inout BitWriter) {
        for column in RowColumn.all where columns & column.bit != 0 { bits.write(UInt64(self[column]), bits: Self.bits) }
    }

    /// The parameter of one number; more than ``VariableBits/parameterMax`` stands for that.
    @inline(__always)
    func parameter(_ column: RowColumn, _ context: Int) -> Int {
        max(0, self[column] &+ context &- RowColumn.noContext)
    }
}
