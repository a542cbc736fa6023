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
package struct AggregateFlags: OptionSet, Sendable, Hashable {
    package var rawValue: UInt8

    package static let emphasised = AggregateFlags(rawValue: 1 << 0)
    package static let approximate = AggregateFlags(rawValue: 1 << 1)
    package static let sketch = AggregateFlags(rawValue: 1 << 2)
    package static let fraction = AggregateFlags(rawValue: 1 << 3)
    /// Set in the layouts ``Layout/equal`` and ``Layout/product``.
    package static let equal = AggregateFlags(rawValue: 1 << 4)
    /// Set in the layouts ``Layout/ones`` and ``Layout/product``.
    package static let product = AggregateFlags(rawValue: 1 << 5)

    /// Which numbers of an aggregate are stored; the others follow from them. "Equal" always means bit by bit, so that what is
    /// read is what was written.
    package enum Layout: UInt8, Sendable {
        /// All numbers.
        case all = 0
        /// The count, the sum, and one number that stands for all of `max min first last bottom top`.
        case equal = 1
        /// Only the count: the one number is 1, and the sum is the count. This is a counter of `1c` lines.
        case ones = 2
        /// The count and the one number: the sum is their product.
        case product = 3
    }

    @inline(__always)
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    @inline(__always)
    package init(_ kind: Kind) { rawValue = kind.rawValue << 6 }

    /// nil for a code that no kind has.
    @inline(__always)
    package var kind: Kind? { Kind(rawValue: rawValue >> 6) }

    package var layout: Layout {
        @inline(__always) get { Layout(rawValue: rawValue >> 4 & 3) ?? .all }
        @inline(__always) set { rawValue = rawValue & ~0x30 | newValue.rawValue << 4 }
    }

    @inline(__always)
    package mutating func insert(_ flag: AggregateFlags, if isSet: Bool) {
        if isSet { rawValue |= flag.rawValue }
    }
}
