import DattssCore
import HTTPTypes
import Synchronization

/// How often something may be tried: a bucket of tokens for each name, in memory (token bucket).
///
/// An attempt takes a token; they come back with time, and at once after an attempt that was right. So whoever guesses waits,
/// and whoever knows does not.
final class AttemptLimit: Sendable {
    private let capacity: Double
    private let secondsPerToken: Double
    private let namesMax: Int
    private let clock: any WallClock
    private let buckets = Mutex<[String: Bucket]>([:])

    private struct Bucket {
        var tokens: Double
        /// By the clock's uptime: one that is set gives nothing, and locks nobody out.
        var at: Timestamp
    }

    /// - Parameters:
    ///   - capacity: how many attempts at once.
    ///   - namesMax: of more, those are forgotten that have the most tokens left.
    init(capacity: Int, secondsPerToken: Double, namesMax: Int = 10_000, clock: any WallClock) {
        self.capacity = Double(capacity)
        self.secondsPerToken = secondsPerToken
        self.namesMax = namesMax
        self.clock = clock
    }

    /// Takes a token.
    /// - Returns: nil, or after how many seconds to try again.
    func take(_ name: String) -> Int? {
        let now = Timestamp(milliseconds: clock.uptimeMilliseconds())
        return buckets.withLock { buckets in
            if buckets[name] == nil, buckets.count >= namesMax { makeRoom(&buckets, now) }
            let tokens = tokens(buckets[name], now)
            guard tokens >= 1 else { return Int(((1 - tokens) * secondsPerToken).rounded(.up)) }
            buckets[name] = Bucket(tokens: tokens - 1, at: now)
            return nil
        }
    }

    /// The attempt was right: it does not count.
    func giveBack(_ name: String) {
        let now = Timestamp(milliseconds: clock.uptimeMilliseconds())
        buckets.withLock { buckets in
            let tokens = min(capacity, tokens(buckets[name], now) + 1)
            buckets[name] = tokens < capacity ? Bucket(tokens: tokens, at: now) : nil
        }
    }

    var nameCount: Int { buckets.withLock { $0.count } }

    private func tokens(_ bucket: Bucket?, _ now: Timestamp) -> Double {
        guard let bucket else { return capacity }
        let seconds = Double(now.milliseconds - bucket.at.milliseconds) / 1000
        return min(capacity, bucket.tokens + seconds / secondsPerToken)
    }

    /// Half of them, so that this is rare.
    private func makeRoom(_ buckets: inout [String: Bucket], _ now: Timestamp) {
        let kept = buckets.sorted { tokens($0.value, now) < tokens($1.value, now) }.prefix(namesMax / 2)
        buckets = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}

/// The limits of everything that guesses: by where it comes from, and by whom it is about.
///
/// Strangers must not be able to lock an owner out: attempts at an account are limited for each place by itself, and for places
/// together only where nobody has lately signed in from.
struct AttemptLimits: Sendable {
    private let addresses: AttemptLimit
    /// Attempts at one account: from one place, and from all places together that are strange to it.
    private let accounts: AttemptLimit
    private let strangers: AttemptLimit
    /// Letters have a limit of their own: having them sent to somebody must not keep that person from signing in.
    private let letters: AttemptLimit
    /// Invitations to the team of one user, whoever makes them.
    private let invitations: AttemptLimit
    private let places = KnownPlaces()
    private let counters: WebCounters

    init(clock: any WallClock, counters: WebCounters) {
        addresses = AttemptLimit(capacity: 30, secondsPerToken: 2, clock: clock)
        accounts = AttemptLimit(capacity: 10, secondsPerToken: 30, clock: clock)
        strangers = AttemptLimit(capacity: 50, secondsPerToken: 30, clock: clock)
        letters = AttemptLimit(capacity: 5, secondsPerToken: 600, clock: clock)
        invitations = AttemptLimit(capacity: 20, secondsPerToken: 180, clock: clock)
        self.counters = counters
    }

    /// - Throws: 429 `too_many_attempts`.
    func take(address: String, account: EmailAddress? = nil, letterTo: EmailAddress? = nil) throws(ErrorAnswer) {
        if let seconds = addresses.take(address) {
            counters.limitedByAddress.add(1, ordering: .relaxed)
            throw Self.answer(seconds)
        }
        let seconds =
            if let account { take(account, from: address) } else { letterTo.flatMap { letters.take($0.description) } }
        guard let seconds else { return }
        counters.limitedByAccount.add(1, ordering: .relaxed)
        throw Self.answer(seconds)
    }

    /// Somebody is invited to the team of a user.
    /// - Throws: 429 `too_many_attempts`.
    func take(address: String, invitationTo team: UserID, letterTo email: EmailAddress?) throws(ErrorAnswer) {
        if let seconds = invitations.take(team.string) {
            counters.limitedByAccount.add(1, ordering: .relaxed)
            throw Self.answer(seconds)
        }
        try take(address: address, letterTo: email)
    }

    private func take(_ account: EmailAddress, from address: String) -> Int? {
        let place = Self.place(account, address)
        return accounts.take(place) ?? (places.contains(place) ? nil : strangers.take(account.description))
    }

    /// The attempt was right. Signing in makes the place known to the account.
    func giveBack(address: String, account: EmailAddress? = nil) {
        addresses.giveBack(address)
        guard let account else { return }
        let place = Self.place(account, address)
        accounts.giveBack(place)
        if places.insert(place) { strangers.giveBack(account.description) }
    }

    private static func place(_ account: EmailAddress, _ address: String) -> String { "\(account) \(address)" }

    private static func answer(_ seconds: Int) -> ErrorAnswer {
        var answer = ErrorAnswer(.tooManyRequests, .tooManyAttempts, "too many attempts, try again in \(seconds) seconds")
        answer.headers[.retryAfter] = String(seconds)
        return answer
    }
}

/// From where accounts were signed in to, since the server started; of more than it remembers, the oldest are forgotten.
private final class KnownPlaces: Sendable {
    private let state = Mutex((places: Set<String>(), order: [String]()))

    private static let placesMax = 10_000

    func contains(_ place: String) -> Bool { state.withLock { $0.places.contains(place) } }

    /// - Returns: whether it was not known.
    func insert(_ place: String) -> Bool {
        state.withLock { state in
            guard state.places.insert(place).inserted else { return false }
            state.order.append(place)
            if state.order.count > Self.placesMax {
                // Half of them, so that this is rare.
                for place in state.order.prefix(Self.placesMax / 2) { state.places.remove(place) }
                state.order.removeFirst(Self.placesMax / 2)
            }
            return true
        }
    }
}

/// What people did, for `/metrics`.
final class WebCounters: Sendable {
    let signIns = Atomic<Int>(0)
    let badCredentials = Atomic<Int>(0)
    let limitedByAddress = Atomic<Int>(0)
    let limitedByAccount = Atomic<Int>(0)
    /// Because so many of all people are being tried.
    let limitedByLoad = Atomic<Int>(0)
}
