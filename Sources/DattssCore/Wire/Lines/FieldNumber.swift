/// A decimal number as programs write it into lines and files, and not only as JSON does.
///
///     0007  .5  5.  +5  -1e3  1.e3       numbers
///     (nothing)  .  e3  +-5  1e          none
///     0x10  inf  nan  1e999  1,5  5 5    none
///
/// It is what `strtod` reads in the locale "C", without hexadecimals and without what is not finite.
public enum FieldNumber {
    /// The double nearest to the number that `bytes` are; nil when they are none, or it is beyond a double's range.
    /// - Parameter bytes: all of the number, without blanks around it.
    public static func value(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        let sign = bytes.first == UInt8(ascii: "+") ? 1 : 0
        guard let base = bytes.baseAddress, sign == 0 || bytes.count > 1 && bytes[1] != UInt8(ascii: "-"),
            let number = DecimalNumber.scan(base + sign, bytes.count - sign, grammar: .field),
            number.length == bytes.count - sign
        else { return nil }
        let value = number.value(base + sign)
        return value.isFinite ? value : nil
    }

    /// The same of text, or of bytes in any other collection.
    public static func value(_ bytes: some Collection<UInt8>) -> Double? {
        let found = bytes.withContiguousStorageIfAvailable { value($0) }
        return found ?? Array(bytes).withUnsafeBufferPointer { value($0) }
    }
}
