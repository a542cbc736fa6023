extension Double {
    /// Stands for no value at all. It is one certain NaN, because a value may be another: of 0/0, for instance.
    public static let gap = Double(bitPattern: 0x7FF8_0000_0000_0DA7)

    /// Whether it stands for no value.
    @inlinable
    public var isGap: Bool { bitPattern == 0x7FF8_0000_0000_0DA7 }

    /// A value: a NaN that came out of a computation is never taken for a gap.
    @inlinable
    var asValue: Double { isNaN ? .nan : self }
}
