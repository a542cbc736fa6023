package import DattssCore

/// Decides whose dear work is done next, be it questions or large bodies: some at once, fewer of one user, and users who wait take
/// turns by what their work costs (start-time fair queueing: Goyal, Vin and Cheng, 1996).
///
///     enter ──► go                         room, and nobody of the user waits
///           ──► wait ──► leave of another names it
///           ──► refuse                     too many wait
///
/// Each piece of work begins at a point of a virtual time: where the one before of its user ends, but not in the past. The one whose
/// beginning is the earliest is the next, so that a user who sends little never waits for all of another who sends much.
package struct TurnQueue<Waiter: Sendable>: Sendable {
    package let bounds: TurnBounds
    package private(set) var counts = TurnCounts()
    /// By user; nobody has an empty entry.
    private var underWay: [UserID: Int] = [:]
    private var waiting: [UserID: Line] = [:]
    /// Users of whom somebody waits, in the order in which they began to.
    private var order: [UserID] = []
    /// The virtual time, and where what was begun of a user ends in it, if that is still to come.
    private var now = 0
    private var ends: [UserID: Int] = [:]

    private static var endsMax: Int { 1024 }

    /// Those of one user who wait, the first of them from `first` on.
    private struct Line {
        var waiters: [(waiter: Waiter, cost: Int)] = []
        var first = 0
        /// Where the first of them begins.
        var begins: Int

        var count: Int { waiters.count - first }
    }

    package enum Answer: Sendable, Hashable {
        case go
        case wait
        case refuse(TurnRefusal)
    }

    package init(_ bounds: TurnBounds) { self.bounds = bounds }

    /// - Parameters:
    ///   - cost: of this work, in whatever unit that of the others has; at least 1.
    ///   - waiter: kept if the answer is to wait.
    package mutating func enter(_ user: UserID, cost: Int = 1, _ waiter: @autoclosure () -> Waiter) -> Answer {
        let waitingOfUser = waiting[user]?.count ?? 0
        if waitingOfUser == 0, hasRoom(for: user) {
            begin(user, at: beginning(of: user), cost)
            return .go
        }
        guard waitingOfUser < bounds.waitingPerUserMax else {
            counts.refusedOfUser += 1
            return .refuse(.tooManyOfUser)
        }
        guard counts.waiting < bounds.waitingMax else {
            counts.refused += 1
            return .refuse(.tooMany)
        }
        counts.waiting += 1
        if waitingOfUser == 0 { order.append(user) }
        let begins = beginning(of: user)
        waiting[user, default: Line(begins: begins)].waiters.append((waiter(), cost))
        return .wait
    }

    /// Something is done.
    /// - Returns: who is to go on.
    package mutating func leave(_ user: UserID) -> [Waiter] {
        counts.underWay -= 1
        underWay[user, default: 1] -= 1
        if underWay[user] == 0 { underWay[user] = nil }
        var next: [Waiter] = []
        while hasRoom, let position = nextInOrder(), let waiter = takeFirst(at: position) { next.append(waiter) }
        if counts.underWay == 0 { (now, ends) = (0, [:]) }
        return next
    }

    /// How many users it remembers what they had of.
    var rememberedCount: Int { ends.count }

    package mutating func noteAbandoned() { counts.abandoned += 1 }

    private var hasRoom: Bool { counts.underWay < bounds.atOnceMax }

    private func hasRoom(for user: UserID) -> Bool { hasRoom && (underWay[user] ?? 0) < bounds.atOncePerUserMax }

    private func beginning(of user: UserID) -> Int { max(now, ends[user] ?? 0) }

    /// The position of the user whose turn is next.
    private func nextInOrder() -> Int? {
        var next: (position: Int, begins: Int)?
        for (position, user) in order.enumerated() where hasRoom(for: user) {
            guard let begins = waiting[user]?.begins, next.map({ begins < $0.begins }) ?? true else { continue }
            next = (position, begins)
        }
        return next?.position
    }

    private mutating func takeFirst(at position: Int) -> Waiter? {
        let user = order.remove(at: position)
        guard var line = waiting.removeValue(forKey: user) else { return nil }
        let (waiter, cost) = line.waiters[line.first]
        counts.waiting -= 1
        begin(user, at: line.begins, cost)
        line.first += 1
        guard line.count > 0 else { return waiter }
        // Those that are gone are let go of together, so that a long line does not move up at each step.
        if line.first > line.count { (line.waiters, line.first) = (Array(line.waiters[line.first...]), 0) }
        line.begins = beginning(of: user)
        waiting[user] = line
        order.append(user)
        return waiter
    }

    private mutating func begin(_ user: UserID, at time: Int, _ cost: Int) {
        counts.begun += 1
        counts.underWay += 1
        underWay[user, default: 0] += 1
        now = max(now, time)
        ends[user] = time + max(1, cost)
        guard ends.count > Self.endsMax else { return }
        ends = ends.filter { [now] in $0.value > now }
        // So many have had a little each: then none of them has had much.
        if ends.count > Self.endsMax / 2 { ends = [:] }
    }
}

/// How much dear work there may be at a time.
public struct TurnBounds: Sendable, Hashable {
    /// Under way at once, of all users and of one.
    public var atOnceMax: Int
    /// Under way at once, of one user.
    public var atOncePerUserMax: Int
    /// Waiting, of all users and of one.
    public var waitingMax: Int
    /// Waiting, of one user.
    public var waitingPerUserMax: Int

    /// - Precondition: the first two are at least 1, the others at least 0.
    public init(atOnceMax: Int, atOncePerUserMax: Int, waitingMax: Int, waitingPerUserMax: Int) {
        precondition(min(atOnceMax, atOncePerUserMax) >= 1 && min(waitingMax, waitingPerUserMax) >= 0)
        self.atOnceMax = atOnceMax
        self.atOncePerUserMax = atOncePerUserMax
        self.waitingMax = waitingMax
        self.waitingPerUserMax = waitingPerUserMax
    }

    /// Half of what is at once may be one user's.
    public init(atOnceMax: Int, waitingMax: Int, waitingPerUserMax: Int) {
        self.init(
            atOnceMax: atOnceMax, atOncePerUserMax: max(1, atOnceMax / 2), waitingMax: waitingMax,
            waitingPerUserMax: waitingPerUserMax)
    }
}

/// What became of dear work so far.
public struct TurnCounts: Sendable, Hashable {
    /// What was begun.
    public var begun = 0
    /// What is being done.
    public var underWay = 0
    /// What waits for its turn.
    public var waiting = 0
    /// Refused because too much waited, of all users and of one.
    public var refused = 0
    /// Refused because too much of the same user waited.
    public var refusedOfUser = 0
    /// Not begun any more, because nobody waited for what would come of it.
    public var abandoned = 0
}

/// Why dear work is not done.
public enum TurnRefusal: Error, Sendable, Hashable {
    /// Too much of this user waits already.
    case tooManyOfUser
    /// Too much of all users does.
    case tooMany
    /// Whoever asked is gone.
    case abandoned
}
