/// Doubles as integers of the same order: neighbouring doubles are neighbouring integers, −0 comes right before 0.
package enum OrderedBits {
    @inlinable @inline(__always)
    package static func of(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: value.bitPattern)
        return bits ^ (bits &>> 63 & .max)
    }

    @inlinable @inline(__always)
    package static func double(_ ordered: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: ordered ^ (ordered &>> 63 & .max)))
    }
}
