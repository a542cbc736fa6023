import Synchronization

/// What one query may take. What bites is named in the ``QueryError``.
public struct QueryLimits: Sendable {
    /// Instants of an answer: 11,000 in Prometheus, too, which is more than a screen is wide.
    public var instants = 11_000
    /// Series that one selector finds, or that are in an answer.
    public var series = 20_000
    /// Numbers that are read at once, of 8 bytes each; all that selectors come to may be twice as many.
    public var numbers = 6_000_000
    /// Bytes of distributions that are held at once.
    public var distributionBytes = 96 << 20
    /// From the beginning of the first window to the last instant.
    public var days: Int64 = 400
    /// How long a query may work.
    public var milliseconds: Int64 = 30_000

    /// The limits as they are without an option.
    public init() {}
}

/// Sees to it that a query ends: it is asked again and again while the query works.
public struct QueryWatch: Sendable {
    private let limits: QueryLimits
    private let deadline: ContinuousClock.Instant
    private let isWanted: @Sendable () -> Bool
    private let taken = Taken()

    /// How many numbers all selectors of the query have come to.
    private final class Taken: Sendable {
        let numbers = Mutex(0)
    }

    /// - Parameter isWanted: whether somebody still waits for the answer.
    public init(_ limits: QueryLimits, isWanted: @escaping @Sendable () -> Bool = { true }) {
        self.limits = limits
        self.isWanted = isWanted
        deadline = .now + .milliseconds(limits.milliseconds)
    }

    /// A selector comes to so many numbers. They count for the whole query, because an expression may hold those of all.
    /// - Throws: when they are too many.
    func take(_ numbers: Int) throws(QueryError) {
        let all = taken.numbers.withLock { all in
            all += numbers
            return all
        }
        guard all <= 2 * limits.numbers else {
            throw QueryError(
                .limit,
                "all selectors together come to more than \(2 * limits.numbers) numbers, the limit of numbers: select or group to "
                    + "fewer, or take a longer step")
        }
    }

    /// - Throws: when the time is over, or nobody waits any more.
    func check() throws(QueryError) {
        if Task.isCancelled || !isWanted() { throw QueryError(.cancelled, "nobody waits for the answer any more") }
        if ContinuousClock.now > deadline {
            throw QueryError(.limit, "the query takes longer than \(limits.milliseconds) ms, the limit of milliseconds")
        }
    }
}
