/// A double as it is stored by itself: a zigzag varint if it is an integer of at most 2^53 and not −0, else its 8 bytes, which a
/// flag beside it says.
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
}

extension ByteWriter {
    /// - Parameter isRaw: whether ``StoredNumber/integer(_:)`` has none.
    mutating func appendNumber(_ value: Double, isRaw: Bool) {
        if isRaw { appendFixed(value.bitPattern) } else { appendZigzag(Int64(value)) }
    }
}

extension ByteReader {
    @inline(__always)
    mutating func number(isRaw: Bool) throws(LogError) -> Double {
        isRaw ? Double(bitPattern: try fixed(UInt64.self, "number")) : Double(try zigzag("number"))
    }
}
