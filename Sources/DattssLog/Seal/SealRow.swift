internal import DattssCore

/// An aggregate on its way from a block to a chunk, as few bytes, because a large day has more of them than memory.
///
///     stored (1) │ raw (1) │ flags (1) │ slot │ count │ numbers … │ [fraction, 8] │ [sketch]
///
/// A number is stored if it is not what the ones before it suggest: `min first` are `max`, `last` is `first`, `bottom` is
/// `min`, `top` is `max`, `sum` is `max · count`. It is a zigzag varint, or, where `raw` says so, its 8 bytes. These
/// bytes live for one sealing only; a spilled section of them is checksummed.
enum SealRow {
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

    /// All but a sketch: three bytes, nine varints, and the fraction.
    private static let numberBytesMax = 3 + 9 * 10 + 8

    static func encode(_ aggregate: Aggregate, _ origin: Origin, into writer: inout ByteWriter) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: numberBytesMax) { room in
            var row = RowBytes(room, end: 3)
            row.appendVarint(UInt64(origin.slot))
            row.appendVarint(UInt64(bitPattern: aggregate.count))
            row.append(aggregate.max, unless: 0, bit: 0)
            row.append(aggregate.min, unless: aggregate.max, bit: 1)
            row.append(aggregate.first, unless: aggregate.max, bit: 2)
            row.append(aggregate.last, unless: aggregate.first, bit: 3)
            row.append(aggregate.bottom, unless: aggregate.min, bit: 4)
            row.append(aggregate.top, unless: aggregate.max, bit: 5)
            row.append(aggregate.sum, unless: aggregate.max * Double(aggregate.count), bit: 6)
            var flags: UInt8 = aggregate.packedSketch == nil ? 0 : sketchFlag
            if !aggregate.hasDefaultFraction {
                flags |= fractionFlag
                row.appendFixed(aggregate.fraction.bitPattern)
            }
            if aggregate.isEmphasised { flags |= emphasisedFlag }
            if aggregate.isApproximate { flags |= approximateFlag }
            if origin.isNewInMinutes { flags |= minutesFlag }
            if origin.isNewInHours { flags |= hoursFlag }
            (room[0], room[1], room[2]) = (row.stored, row.raw, flags)
            writer.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<row.end]))
        }
        if let sketch = aggregate.packedSketch { SketchCodec.encode(sketch, into: &writer) }
    }

    /// Decodes the row at the reader, which goes on to the one after.
    /// - Parameter point: becomes what the row says, but for the day. (One for all rows: to hand out points is to copy them.)
    static func decode(
        _ reader: inout SealRowReader, into point: inout HistorySlice.Point, day: Int64
    ) throws(LogError) -> Origin {
        var flags: UInt8 = 0
        var slot = 0
        try reader.numbers { cursor in
            let (stored, raw) = (cursor.byte(), cursor.byte())
            flags = cursor.byte()
            slot = Int(truncatingIfNeeded: cursor.varint() & 0xFFFF)
            let count = Int64(bitPattern: cursor.varint())
            let max = cursor.number(stored, raw, bit: 0, else: 0)
            let min = cursor.number(stored, raw, bit: 1, else: max)
            let first = cursor.number(stored, raw, bit: 2, else: max)
            point.aggregate.count = count
            point.aggregate.max = max
            point.aggregate.min = min
            point.aggregate.first = first
            point.aggregate.last = cursor.number(stored, raw, bit: 3, else: first)
            point.aggregate.bottom = cursor.number(stored, raw, bit: 4, else: min)
            point.aggregate.top = cursor.number(stored, raw, bit: 5, else: max)
            point.aggregate.sum = cursor.number(stored, raw, bit: 6, else: max * Double(count))
            point.aggregate.fraction =
                flags & fractionFlag == 0 ? Aggregate.defaultFraction : Double(bitPattern: cursor.fixed())
        }
        point.minute = SealedStep.minute.minute(ofSlot: slot, day: day)
        point.aggregate.isEmphasised = flags & emphasisedFlag != 0
        point.aggregate.isApproximate = flags & approximateFlag != 0
        point.aggregate.packedSketch = flags & sketchFlag != 0 ? try reader.sketch() : nil
        return Origin(
            slot: slot, isNewInMinutes: flags & minutesFlag != 0, isNewInHours: flags & hoursFlag != 0)
    }
}

/// Where a row is written: its numbers one by one, and which of them were.
private struct RowBytes {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private(set) var end: Int
    private(set) var stored: UInt8 = 0
    private(set) var raw: UInt8 = 0

    init(_ bytes: UnsafeMutableBufferPointer<UInt8>, end: Int) { (self.bytes, self.end) = (bytes, end) }

    @inline(__always)
    mutating func append(_ value: Double, unless predicted: Double, bit: UInt8) {
        if value.bitPattern == predicted.bitPattern { return }
        stored |= 1 << bit
        // Not −0, and nothing that is not finite.
        if value.magnitude <= 0x1p53, Double(Int64(value)).bitPattern == value.bitPattern {
            appendVarint(Zigzag.encode(Int64(value)))
        } else {
            raw |= 1 << bit
            appendFixed(value.bitPattern)
        }
    }

    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes[end] = UInt8(truncatingIfNeeded: rest) | 0x80
            end &+= 1
            rest &>>= 7
        }
        bytes[end] = UInt8(truncatingIfNeeded: rest)
        end &+= 1
    }

    @inline(__always)
    mutating func appendFixed(_ value: UInt64) {
        UnsafeMutableRawBufferPointer(bytes).storeBytes(of: value.littleEndian, toByteOffset: end, as: UInt64.self)
        end &+= 8
    }
}
