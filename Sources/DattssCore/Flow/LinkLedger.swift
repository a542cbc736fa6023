/// The books of one link between two stages: how much was offered, admitted, refused and processed.
///
/// Everything is counted in partials, not in elements, because a partial is what costs memory and time downstream. The
/// books always balance:
///
///     offered = admitted + refused        admitted = processed + queued
public struct LinkLedger: Sendable, Hashable {
    /// How much may be queued. An element heavier than that is admitted when the link is empty.
    public let capacity: Int
    public private(set) var offered = 0
    public private(set) var admitted = 0
    public private(set) var refused = 0
    public private(set) var processed = 0
    /// Room that is kept for elements whose offer is still being decided.
    public private(set) var reserved = 0
    public private(set) var isClosed = false

    public init(capacity: Int) { self.capacity = capacity }

    public enum Answer: Sendable, Hashable {
        case admitted
        /// The link is full.
        case refused
        /// The stage behind it is shutting down.
        case closed
    }

    public var queued: Int { admitted - processed }

    public mutating func offer(_ weight: Int) -> Answer {
        let answer = reserve(weight)
        if answer == .admitted { commit(weight) }
        return answer
    }

    /// Keeps room for an offer that is decided later by ``commit(_:)`` or ``cancel(_:)``. A refusal is one at once.
    public mutating func reserve(_ weight: Int) -> Answer {
        if isClosed { return refuse(weight, .closed) }
        guard hasRoom(for: weight) else { return refuse(weight, .refused) }
        reserved += weight
        return .admitted
    }

    public mutating func commit(_ weight: Int) {
        reserved -= weight
        offered += weight
        admitted += weight
    }

    /// The offer was taken back: it leaves no trace in the books.
    public mutating func cancel(_ weight: Int) {
        reserved -= weight
    }

    public mutating func process(_ weight: Int) {
        processed += weight
    }

    public mutating func close() { isClosed = true }

    public func hasRoom(for weight: Int) -> Bool {
        let occupied = queued + reserved
        return occupied == 0 || occupied + weight <= capacity
    }

    private mutating func refuse(_ weight: Int, _ answer: Answer) -> Answer {
        offered += weight
        refused += weight
        return answer
    }
}

extension LinkLedger {
    /// The books of several links as one.
    public static func + (a: LinkLedger, b: LinkLedger) -> LinkLedger {
        var sum = LinkLedger(capacity: a.capacity + b.capacity)
        sum.offered = a.offered + b.offered
        sum.admitted = a.admitted + b.admitted
        sum.refused = a.refused + b.refused
        sum.processed = a.processed + b.processed
        sum.reserved = a.reserved + b.reserved
        return sum
    }
}
