internal import DattssCore

extension AggregateFlags {
    /// - Parameter hasSketch: what the aggregate says, and is best asked once.
    @inline(__always)
    init(_ kind: Kind, _ aggregate: borrowing Aggregate, hasSketch: Bool) {
        self.init(kind)
        insert(.emphasised, if: aggregate.isEmphasised)
        insert(.approximate, if: aggregate.isApproximate)
        insert(.sketch, if: hasSketch)
        insert(.fraction, if: !aggregate.hasDefaultFraction)
        guard EqualSamples.hold(for: aggregate) else { return }
        if EqualSamples.giveSum(of: aggregate) {
            layout = aggregate.max == 1 ? .ones : .product
        } else {
            layout = .equal
        }
    }
}

/// What all formats leave out of an aggregate whose samples are all equal: one value and a count tell it.
enum EqualSamples {
    /// Whether `max min first last bottom top` are the same, bit by bit.
    @inline(__always)
    static func hold(for aggregate: borrowing Aggregate) -> Bool {
        let value = aggregate.max.bitPattern
        return aggregate.min.bitPattern == value && aggregate.first.bitPattern == value && aggregate.last.bitPattern == value
            && aggregate.bottom.bitPattern == value && aggregate.top.bitPattern == value
    }

    /// Whether `sum` is what it is when they are, bit by bit.
    @inline(__always)
    static func giveSum(of aggregate: borrowing Aggregate) -> Bool {
        aggregate.sum.bitPattern == sum(aggregate.max, aggregate.count).bitPattern
    }

    /// What `sum` is then: computed alike by writers and readers.
    @inline(__always)
    static func sum(_ value: Double, _ count: Int64) -> Double { value * Double(count) }
}

extension Aggregate {
    /// Whether `fraction` is the usual one, which is not stored.
    var hasDefaultFraction: Bool { fraction.bitPattern == Aggregate.defaultFraction.bitPattern }
}
