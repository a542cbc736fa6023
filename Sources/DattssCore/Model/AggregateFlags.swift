/// What is said of an aggregate beside its numbers, in one byte: the same in the open minute, in a record of the accepted lane,
/// in a row of a minute block and in a chunk of a sealed file.
///
///      7  6   5    4      3          2          1            0
///     ┌──────┬────────┬──────────┬────────┬─────────────┬────────────┐
///     │ kind │ layout │ fraction │ sketch │ approximate │ emphasised │
///     └──────┴────────┴──────────┴────────┴─────────────┴────────────┘
///
/// - kind: see ``Kind``; 0 where something else tells it.
/// - layout: which numbers are stored, see ``Layout``.
/// - fraction: it is not ``Aggregate/defaultFraction``, and stored.
/// - sketch: there is one, and it is stored.
public struct AggregateFlags: OptionSet, Sendable, Hashable {
    /// The byte.
    public var rawValue: UInt8

    // All are computed and inlined, so that they are constants in other modules, too.

    /// A sender asked to emphasise it.
    @inlinable public static var emphasised: AggregateFlags { AggregateFlags(rawValue: 1 << 0) }
    /// See ``Aggregate/isApproximate``.
    @inlinable public static var approximate: AggregateFlags { AggregateFlags(rawValue: 1 << 1) }
    /// There is a sketch.
    @inlinable public static var sketch: AggregateFlags { AggregateFlags(rawValue: 1 << 2) }
    /// The fraction is not the usual one.
    @inlinable public static var fraction: AggregateFlags { AggregateFlags(rawValue: 1 << 3) }
    /// Set in the layouts ``Layout/equal`` and ``Layout/product``.
    @inlinable public static var equal: AggregateFlags { AggregateFlags(rawValue: 1 << 4) }
    /// Set in the layouts ``Layout/ones`` and ``Layout/product``.
    @inlinable public static var product: AggregateFlags { AggregateFlags(rawValue: 1 << 5) }

    /// Which numbers of an aggregate are stored; the others follow from them. "Equal" always means bit by bit, so that what is
    /// read is what was written.
    public enum Layout: UInt8, Sendable {
        /// All numbers.
        case all = 0
        /// The count, the sum, and one number that stands for all of `max min first last bottom top`.
        case equal = 1
        /// Only the count: the one number is 1, and the sum is the count. This is a counter of `1c` lines.
        case ones = 2
        /// The count and the one number: the sum is their product.
        case product = 3
    }

    /// - Parameter rawValue: the byte.
    @inlinable @inline(__always)
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The flags of an aggregate of which nothing else is said; all of its numbers are stored.
    @inlinable @inline(__always)
    public init(_ kind: Kind) { rawValue = kind.rawValue << 6 }

    /// nil for a code that no kind has.
    @inlinable @inline(__always)
    public var kind: Kind? { Kind(rawValue: rawValue >> 6) }

    /// Which numbers are stored.
    public var layout: Layout {
        @inlinable @inline(__always) get {
            switch rawValue >> 4 & 3 {
            case 0: .all
            case 1: .equal
            case 2: .ones
            default: .product
            }
        }
        @inlinable @inline(__always) set { rawValue = rawValue & ~0x30 | newValue.rawValue << 4 }
    }

    /// Sets a flag if something is so.
    @inlinable @inline(__always)
    public mutating func insert(_ flag: AggregateFlags, if isSet: Bool) {
        if isSet { rawValue |= flag.rawValue }
    }

    /// Whether all seven numbers are stored.
    @inlinable @inline(__always)
    public var storesAll: Bool { rawValue & 0x30 == 0 }

    /// Whether the sum is stored, because it does not follow from the others.
    @inlinable @inline(__always)
    public var storesSum: Bool { !contains(.product) }

    /// Whether a sample is stored: of ones only the count is.
    @inlinable @inline(__always)
    public var storesSample: Bool { rawValue & 0x30 != 0x20 }
}
