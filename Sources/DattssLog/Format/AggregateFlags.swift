internal import DattssCore

/// Sixteen bits that say which numbers of an aggregate are stored, and how. The others follow from them.
///
///      15 14    13  12  11    10  9   8   7     6       5     4    3        2      1           0
///     ┌──────┬───┬───┬───┬─────┬───┬───┬───┬─────────┬───────┬────┬────────┬──────┬───────────┬──────────┐
///     │ kind │top│bot│lst│ fst │min│max│sum│ product │ equal │ones│fraction│sketch│approximate│emphasised│
///     └──────┴───┴───┴───┴─────┴───┴───┴───┴─────────┴───────┴────┴────────┴──────┴───────────┴──────────┘
///            └──── 8 bytes each, ─────┘
///                  else a varint
///
/// - equal: `max` stands for all of `max min first last bottom top`, product: and `sum` is `max · count`.
/// - ones: equal with a `max` of 1, and product, so that only the count is stored. This is a counter of `1c` lines.
/// - fraction: it is not the default and stored, as 8 bytes.
/// - A number is a zigzag varint when it is an integer of at most 2^53 (and not −0), else its 8 bytes.
///
/// "Equal" always means bit by bit, so that what is read is what was written.
struct AggregateFlags: Equatable {
    var rawValue: UInt16

    static let emphasised: UInt16 = 1 << 0
    static let approximate: UInt16 = 1 << 1
    static let sketch: UInt16 = 1 << 2
    static let fraction: UInt16 = 1 << 3
    static let ones: UInt16 = 1 << 4
    static let equal: UInt16 = 1 << 5
    static let product: UInt16 = 1 << 6

    /// The columns of numbers, in order.
    static let columnCount = 7
    static let sumColumn = 0
    static let maxColumn = 1

    init(rawValue: UInt16) { self.rawValue = rawValue }

    /// All but which columns take 8 bytes, which whoever stores the numbers finds out; see ``markRaw(_:)``.
    /// - Parameter hasSketch: what the aggregate says, and is best asked once.
    @inline(__always)
    init(_ kind: Kind, _ aggregate: borrowing Aggregate, hasSketch: Bool) {
        rawValue = UInt16(kind.rawValue) << 14
        if aggregate.isEmphasised { rawValue |= Self.emphasised }
        if aggregate.isApproximate { rawValue |= Self.approximate }
        if hasSketch { rawValue |= Self.sketch }
        if !aggregate.hasDefaultFraction { rawValue |= Self.fraction }
        if EqualSamples.hold(for: aggregate) {
            rawValue |= Self.equal
            if EqualSamples.giveSum(of: aggregate) {
                rawValue |= Self.product
                if aggregate.max == 1 { rawValue |= Self.ones }
            }
        }
    }

    /// In the order of the columns.
    @inline(__always)
    static func forEachNumber(of aggregate: borrowing Aggregate, _ body: (Int, Double) -> Void) {
        body(0, aggregate.sum)
        body(1, aggregate.max)
        body(2, aggregate.min)
        body(3, aggregate.first)
        body(4, aggregate.last)
        body(5, aggregate.bottom)
        body(6, aggregate.top)
    }

    /// nil for a code that no kind has.
    var kind: Kind? { Kind(rawValue: UInt8(rawValue >> 14)) }

    @inline(__always)
    func has(_ flag: UInt16) -> Bool { rawValue & flag != 0 }

    /// Bit c says whether column c is stored.
    @inline(__always)
    var storedColumns: UInt8 {
        if rawValue & (Self.ones | Self.equal) == 0 { return 0x7F }
        if has(Self.ones) { return 0 }
        return 1 << UInt8(Self.maxColumn) | (has(Self.product) ? 0 : 1 << UInt8(Self.sumColumn))
    }

    @inline(__always)
    func isRaw(_ column: Int) -> Bool { has(Self.raw(column)) }

    @inline(__always)
    mutating func markRaw(_ column: Int) { rawValue |= Self.raw(column) }

    @inline(__always)
    private static func raw(_ column: Int) -> UInt16 { 1 << UInt16(7 + column) }
}

/// A double as it is stored: see ``AggregateFlags``.
enum StoredNumber {
    /// The integer to store instead of the double, if that loses nothing.
    @inline(__always)
    static func integer(_ value: Double) -> Int64? {
        // Behind 1.5 · 2^52 an integer up to 2^51 stands in the low bits of the sum; of other numbers something else does.
        let integer = Int64(bitPattern: (value + 0x1.8p52).bitPattern &- 0x1.8p52.bitPattern)
        // Bit by bit: −0 is not 0.
        if Double(integer).bitPattern == value.bitPattern { return integer }
        return value.magnitude > 0x1p51 ? largeInteger(value) : nil
    }

    @inline(never)
    private static func largeInteger(_ value: Double) -> Int64? {
        guard value.magnitude <= 0x1p53 else { return nil }
        let integer = Int64(value)
        return Double(integer) == value ? integer : nil
    }

    static func append(_ value: Double, to writer: inout ByteWriter, isRaw: Bool) {
        if isRaw {
            writer.appendFixed(value.bitPattern)
        } else {
            writer.appendZigzag(Int64(value))
        }
    }

    @inline(__always)
    static func read(_ reader: inout ByteReader, isRaw: Bool) throws(LogError) -> Double {
        isRaw
            ? Double(bitPattern: try reader.fixed(UInt64.self, "number"))
            : Double(try reader.zigzag("number"))
    }
}
