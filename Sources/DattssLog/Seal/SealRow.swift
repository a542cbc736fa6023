internal import DattssCore

/// An aggregate on its way from a block to a chunk, as few bytes, because a large day has more of them than memory.
///
///     stored (1) │ raw (1) │ flags (1) │ slot │ count │ numbers … │ [fraction, 8] │ [sketch]
///
/// A number is stored if it is not what the ones before it suggest: `min first` are `max`, `last` is `first`, `bottom` is
/// `min`, `top` is `max`, `sum` is `max · count`. It is a zigzag varint, or, where `raw` says so, its 8 bytes. These
/// bytes live for one sealing only; a spilled section of them is checksummed.
struct SealRow {
    var origin: Origin
    var aggregate: Aggregate

    /// What all rows of a block have in common.
    struct Origin {
        /// The minute of the day.
        var slot: Int
        /// Whether the sealed file of minutes, and that of hours, does not contain it yet.
        var isNewInMinutes: Bool
        var isNewInHours: Bool
    }

    private static let sketchFlag: UInt8 = 1
    private static let fractionFlag: UInt8 = 2
    private static let emphasisedFlag: UInt8 = 4
    private static let approximateFlag: UInt8 = 8
    private static let minutesFlag: UInt8 = 16
    private static let hoursFlag: UInt8 = 32

    static func encode(_ aggregate: Aggregate, _ origin: Origin, into writer: inout ByteWriter) {
        let numbers = Numbers(aggregate)
        let (stored, raw) = numbers.masks(count: aggregate.count)
        var flags: UInt8 = aggregate.sketch == nil ? 0 : Self.sketchFlag
        let hasFraction = aggregate.fraction.bitPattern != Aggregate.defaultFraction.bitPattern
        if hasFraction { flags |= Self.fractionFlag }
        if aggregate.isEmphasised { flags |= Self.emphasisedFlag }
        if aggregate.isApproximate { flags |= Self.approximateFlag }
        if origin.isNewInMinutes { flags |= Self.minutesFlag }
        if origin.isNewInHours { flags |= Self.hoursFlag }
        writer.append(stored)
        writer.append(raw)
        writer.append(flags)
        writer.appendVarint(origin.slot)
        writer.appendVarint(UInt64(bitPattern: aggregate.count))
        for position in 0..<Numbers.count where stored >> UInt8(position) & 1 == 1 {
            let value = numbers.values[position]
            if raw >> UInt8(position) & 1 == 1 {
                writer.appendFixed(value.bitPattern)
            } else {
                writer.appendZigzag(Int64(value))
            }
        }
        if hasFraction { writer.appendFixed(aggregate.fraction.bitPattern) }
        if let sketch = aggregate.sketch { SketchCodec.encode(sketch, into: &writer) }
    }

    init(decoding reader: inout ByteReader) throws(LogError) {
        let stored = try reader.byte("stored numbers")
        let raw = try reader.byte("raw numbers")
        let flags = try reader.byte("flags")
        let slot = Int(truncatingIfNeeded: try reader.varint("slot") & 0xFFFF)
        let count = Int64(bitPattern: try reader.varint("count"))
        var numbers = Numbers()
        for position in 0..<Numbers.count {
            if stored >> UInt8(position) & 1 == 0 {
                numbers.values[position] = numbers.predicted(position, count: count)
            } else if raw >> UInt8(position) & 1 == 1 {
                numbers.values[position] = Double(bitPattern: try reader.fixed(UInt64.self, "number"))
            } else {
                numbers.values[position] = Double(try reader.zigzag("number"))
            }
        }
        let hasFraction = flags & Self.fractionFlag != 0
        let fraction =
            hasFraction ? Double(bitPattern: try reader.fixed(UInt64.self, "fraction")) : Aggregate.defaultFraction
        origin = Origin(
            slot: slot, isNewInMinutes: flags & Self.minutesFlag != 0, isNewInHours: flags & Self.hoursFlag != 0)
        aggregate = Aggregate(
            sum: numbers.values[6], count: count, max: numbers.values[0], min: numbers.values[1],
            first: numbers.values[2], last: numbers.values[3], bottom: numbers.values[4], top: numbers.values[5],
            fraction: fraction, isEmphasised: flags & Self.emphasisedFlag != 0,
            isApproximate: flags & Self.approximateFlag != 0,
            sketch: flags & Self.sketchFlag != 0 ? try SketchCodec.decode(&reader) : nil)
    }
}

/// `max min first last bottom top sum`: each after those that suggest it.
private struct Numbers {
    var values: InlineArray<7, Double>

    static let count = 7

    init() { values = InlineArray(repeating: 0) }

    init(_ aggregate: Aggregate) {
        values = [
            aggregate.max, aggregate.min, aggregate.first, aggregate.last, aggregate.bottom, aggregate.top, aggregate.sum,
        ]
    }

    @inline(__always)
    func predicted(_ position: Int, count: Int64) -> Double {
        switch position {
        case 0: 0
        case 3: values[2]
        case 4: values[1]
        case 6: values[0] * Double(count)
        default: values[0]
        }
    }

    @inline(__always)
    func masks(count: Int64) -> (stored: UInt8, raw: UInt8) {
        var (stored, raw): (UInt8, UInt8) = (0, 0)
        for position in 0..<Self.count {
            let value = values[position]
            if value.bitPattern == predicted(position, count: count).bitPattern { continue }
            stored |= 1 << UInt8(position)
            let isInteger = value.magnitude <= 0x1p53 && value == value.rounded(.towardZero)
            let isNegativeZero = value == 0 && value.sign == .minus
            if !isInteger || isNegativeZero { raw |= 1 << UInt8(position) }
        }
        return (stored, raw)
    }
}
