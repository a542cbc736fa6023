/// The books of one link between two stages: how much was offered, admitted, refused and processed.
///
/// Everything is counted in partials, not in elements, because a partial is what costs memory and time downstream. The
/// books always balance:
///
///     offered = admitted + refused        admitted = processed + queued
public struct LinkLedger: Sendable, Hashable {
    /// How much may be queued. An element heavier than that is admitted when the link is empty.
    public let capacity: Int
    /// How many partials were ever offered, in decided offers.
    public private(set) var offered = 0
    /// How many of them were admitted.
    public private(set) var admitted = 0
    /// How many of them were refused, because the link was full or closed.
    public private(set) var refused = 0
    /// How many of the admitted ones the stage behind the link has processed.
    public private(set) var processed = 0
    /// Room that is kept for elements whose offer is still being decided.
    public private(set) var reserved = 0
    /// Whether every further offer is refused.
    public private(set) var isClosed = false

    /// - Parameter capacity: in partials.
    public init(capacity: Int) { self.capacity = capacity }

    /// What becomes of an offer.
    public enum Answer: Sendable, Hashable {
        case admitted
        /// The link is full.
        case refused
        /// The stage behind it is shutting down.
        case closed
    }

    /// How many partials are admitted and not processed yet.
    public var queued: Int { admitted - processed }

    /// Offers an element of `weight` partials and enters the answer into the books.
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

    /// Carries out an offer for which ``reserve(_:)`` kept room.
    public mutating func commit(_ weight: Int) {
        reserved -= weight
        offered += weight
        admitted += weight
    }

    /// The offer was taken back: it leaves no trace in the books.
    public mutating func cancel(_ weight: Int) {
        reserved -= weight
    }

    /// Notes that the stage behind the link has processed an element of `weight` partials.
    public mutating func process(_ weight: Int) {
        processed += weight
    }

    /// Refuses everything from now on; what is queued stays queued.
    public mutating func close() { isClosed = true }

    /// Whether an element of `weight` partials would be admitted by a link that is not closed.
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
