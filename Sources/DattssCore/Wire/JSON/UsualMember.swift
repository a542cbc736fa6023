/// The members that nearly every partial has, found by the three letters of their names.
///
/// The hash is perfect for them: each has an entry of its own, which says whether it is the one.
enum UsualMember {
    /// Behind the positions of the numbers.
    static let path = 9
    static let type = 10
    static let emphasis = 11

    /// The position of a name, its first letter in the lowest bits; nil of any other.
    @inline(__always)
    static func position(of name: UInt32) -> Int? {
        let entry = entries[Int((name &* 627_357) &>> 28)]
        return entry & 0xFF_FFFF == name ? Int(entry &>> 24) : nil
    }

    /// The position over the letters, the first of them in the lowest bits. Literals, so that nothing has to be made of them
    /// before they are used.
    private static let entries: InlineArray<16, UInt32> = [
        0, 0, 0x08_746370, 0x0B_706D65,  // – – pct emp
        0x04_706F74, 0x02_78616D, 0, 0,  // top max – –
        0x01_746E63, 0x05_746F62, 0x0A_707974, 0x06_747366,  // cnt bot typ fst
        0x07_74736C, 0x00_6D7573, 0x09_687470, 0x03_6E696D,  // lst sum pth min
    ]
}
