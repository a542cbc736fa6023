extension BitReader {
    /// `readVariable` for integers that, as a rule, one look at the bits shows whole; without a branch on whether an integer
    /// is a short one, which nobody can foresee.
    /// - Parameter parameter: more than ``VariableBits/parameterMax`` stands for that.
    @inline(__always)
    mutating func readShort(parameter: Int) -> UInt64 {
        let word = peek(56)
        let zeros = word.trailingZeroBitCount
        let leading = zeros == 0 ? 0 : 1
        let width = zeros &+ parameter &- leading
        guard zeros &+ width < 56 else {
            let (value, length) = long(parameter)
            skip(length)
            return value
        }
        skip(zeros &+ width &+ 1)
        let rest = word &>> UInt64(truncatingIfNeeded: zeros &+ 1)
        let one: UInt64 = 1 &<< UInt64(truncatingIfNeeded: width)
        return rest & (one &- 1) | (leading == 0 ? 0 : one)
    }

    /// Reads from a copy, so that the reader itself can stay in registers.
    @inline(never)
    private func long(_ parameter: Int) -> (value: UInt64, length: Int) {
        var rest = self
        let value = rest.readVariable(parameter: min(parameter, VariableBits.parameterMax))
        return (value, rest.position &- position)
    }
}
