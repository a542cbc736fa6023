import DattssCore

/// Decides whose question is answered next: some at once, fewer of one user, and users who wait take turns.
///
///     enter ──► go                         room, and nobody of the user waits
///           ──► wait ──► leave of another names it
///           ──► refuse                     too many wait
struct QueryQueue<Asker: Sendable>: Sendable {
    let bounds: QueryBounds
    private(set) var counts = QueryCounts()
    /// By user; nobody has an empty entry.
    private var underWay: [UserID: Int] = [:]
    private var waiting: [UserID: [Asker]] = [:]
    /// Users of whom somebody waits, the one whose turn is next first.
    private var order: [UserID] = []

    enum Answer: Sendable, Hashable {
        case go
        case wait
        case refuse(QueryRefusal)
    }

    init(_ bounds: QueryBounds) { self.bounds = bounds }

    /// - Parameter asker: kept if the answer is to wait.
    mutating func enter(_ user: UserID, _ asker: @autoclosure () -> Asker) -> Answer {
        let waitingOfUser = waiting[user]?.count ?? 0
        if waitingOfUser == 0, hasRoom(for: user) {
            begin(user)
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
        waiting[user, default: []].append(asker())
        if waitingOfUser == 0 { order.append(user) }
        return .wait
    }

    /// A question is answered.
    /// - Returns: who is to go on.
    mutating func leave(_ user: UserID) -> [Asker] {
        counts.underWay -= 1
        underWay[user, default: 1] -= 1
        if underWay[user] == 0 { underWay[user] = nil }
        var next: [Asker] = []
        while hasRoom, let position = order.firstIndex(where: { hasRoom(for: $0) }) {
            let user = order.remove(at: position)
            guard var askers = waiting.removeValue(forKey: user), !askers.isEmpty else { continue }
            next.append(askers.removeFirst())
            counts.waiting -= 1
            begin(user)
            guard !askers.isEmpty else { continue }
            waiting[user] = askers
            order.append(user)
        }
        return next
    }

    mutating func noteAbandoned() { counts.abandoned += 1 }

    private var hasRoom: Bool { counts.underWay < bounds.atOnceMax }

    private func hasRoom(for user: UserID) -> Bool { hasRoom && (underWay[user] ?? 0) < bounds.atOncePerUserMax }

    private mutating func begin(_ user: UserID) {
        counts.begun += 1
        counts.underWay += 1
        underWay[user, default: 0] += 1
    }
}

/// How many questions there may be at a time.
public struct QueryBounds: Sendable, Hashable {
    /// Answered at once, of all users and of one.
    public var atOnceMax: Int
    /// Answered at once, of one user.
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
    init(atOnceMax: Int, _ limits: Limits) {
        self.init(
            atOnceMax: atOnceMax, atOncePerUserMax: max(1, atOnceMax / 2), waitingMax: limits.queuedQueries,
            waitingPerUserMax: limits.queuedQueriesPerUser)
    }
}

/// What became of the questions so far.
public struct QueryCounts: Sendable, Hashable {
    /// Questions that were begun.
    public var begun = 0
    /// Questions that are being answered.
    public var underWay = 0
    /// Questions that wait for their turn.
    public var waiting = 0
    /// Refused because too many waited, of all users and of one.
    public var refused = 0
    /// Refused because too many of the same user waited.
    public var refusedOfUser = 0
    /// Not begun any more, because nobody waited for the answer.
    public var abandoned = 0
}

/// Why a question is not answered.
public enum QueryRefusal: Error, Sendable, Hashable {
    /// Too many of this user wait already.
    case tooManyOfUser
    /// Too many of all users do.
    case tooMany
    /// Whoever asked is gone.
    case abandoned
}
