/// Doubles as integers of the same order: neighbouring doubles are neighbouring integers, −0 comes right before 0.
public enum OrderedBits {
    /// The integer of a double.
    @inlinable @inline(__always)
    public static func of(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: value.bitPattern)
        return bits ^ (bits &>> 63 & .max)
    }

    /// The double of an integer.
    @inlinable @inline(__always)
    public static func double(_ ordered: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: ordered ^ (ordered &>> 63 & .max)))
    }
}
