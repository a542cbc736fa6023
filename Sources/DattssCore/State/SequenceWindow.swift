/// Which batches of one client were taken in: its highest sequence number and the 64 numbers up to it.
///
///     bit k of `bits`  ⇔  `highest − k` was taken in      (an anti-replay window as in RFC 6479)
///
/// So a client may have 64 batches under way, and they may arrive in any order.
public struct SequenceWindow: Sendable, Hashable {
    /// The highest sequence number that was taken in.
    public private(set) var highest: Int64
    /// Bit k says whether `highest − k` was taken in.
    public private(set) var bits: UInt64

    /// How many sequence numbers a window looks back over, the highest included.
    public static let width: Int64 = 64

    /// Makes a window of its parts.
    public init(highest: Int64, bits: UInt64) {
        self.highest = highest
        self.bits = bits
    }

    /// The window of a client of which one batch was taken in.
    public init(first sequence: Int64) {
        self.init(highest: sequence, bits: 1)
    }

    /// What is known of a sequence number.
    public enum Answer: Sendable, Hashable {
        case new
        case seen
        /// So far below the highest that nobody knows any more.
        case tooOld
    }

    /// Whether the batch with this number was taken in.
    public func answer(to sequence: Int64) -> Answer {
        if sequence > highest { return .new }
        let distance = highest - sequence
        if distance >= Self.width { return .tooOld }
        return bits & (1 << UInt64(distance)) != 0 ? .seen : .new
    }

    /// Notes that the batch with this number was taken in.
    public mutating func insert(_ sequence: Int64) {
        if sequence > highest {
            let shift = sequence - highest
            bits = shift >= Self.width ? 1 : bits << UInt64(shift) | 1
            highest = sequence
        } else if highest - sequence < Self.width {
            bits |= 1 << UInt64(highest - sequence)
        }
    }

    /// Takes in what another window has seen.
    public mutating func merge(_ other: SequenceWindow) {
        let distance = other.highest - highest
        if distance > 0 {
            bits = distance >= Self.width ? 0 : bits << UInt64(distance)
            highest = other.highest
        }
        let back = highest - other.highest
        bits |= back >= Self.width ? 0 : other.bits << UInt64(back)
    }
}

/// The sequence windows of the client processes of one user, at most `capacity` of them. The client that
/// was silent longest is forgotten first.
public struct ClientTable: Sendable {
    private var windows: [String: (window: SequenceWindow, seen: Timestamp)] = [:]
    private let capacity: Int

    /// - Parameter capacity: how many clients are remembered at most.
    public init(capacity: Int = Limits().clientsPerUser) { self.capacity = capacity }

    /// What is known of a client; nil when it is not remembered.
    public func window(of client: String) -> SequenceWindow? { windows[client]?.window }

    /// How many clients are remembered.
    public var count: Int { windows.count }

    /// Notes that a client's batch was taken in at a moment.
    public mutating func insert(_ origin: Batch.Origin, at time: Timestamp) {
        if var known = windows[origin.client] {
            known.window.insert(origin.sequence)
            known.seen = max(known.seen, time)
            windows[origin.client] = known
        } else {
            windows[origin.client] = (SequenceWindow(first: origin.sequence), time)
            forgetSilent()
        }
    }

    /// Takes in what is known of a client from elsewhere.
    public mutating func merge(_ window: SequenceWindow, of client: String, at time: Timestamp) {
        if var known = windows[client] {
            known.window.merge(window)
            known.seen = max(known.seen, time)
            windows[client] = known
        } else {
            windows[client] = (window, time)
            forgetSilent()
        }
    }

    /// Calls `body` with each client, its window, and when it was heard of last; in no order.
    public func forEach(_ body: (String, SequenceWindow, Timestamp) -> Void) {
        for (client, known) in windows { body(client, known.window, known.seen) }
    }

    /// Forgets an eighth at a time, so that a full table costs little per new client.
    private mutating func forgetSilent() {
        guard windows.count > capacity else { return }
        let oldestFirst = windows.sorted { ($0.value.seen, $0.key) < ($1.value.seen, $1.key) }
        for (client, _) in oldestFirst.prefix(max(1, capacity / 8)) { windows[client] = nil }
    }
}
