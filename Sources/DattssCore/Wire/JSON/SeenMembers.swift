/// Which of an object's members were there, so that none is read twice: a bit each, where a set of names would cost too much.
struct SeenMembers {
    private(set) var bits: UInt16 = 0

    @inline(__always)
    func contains(_ position: Int) -> Bool { bits & 1 &<< UInt16(position) != 0 }

    /// - Parameter position: less than 16.
    /// - Throws: `malformed` for a member that was there already.
    @inline(__always)
    mutating func insert(_ position: Int, _ name: @autoclosure () -> String) throws(WireError) {
        guard take(position) else { throw WireError(.malformed, "\(name()): is there twice") }
    }

    /// - Returns: whether it is there for the first time.
    @inline(__always)
    mutating func take(_ position: Int) -> Bool {
        let bit: UInt16 = 1 &<< UInt16(position)
        guard bits & bit == 0 else { return false }
        bits |= bit
        return true
    }
}
