/// Which batches of one client were taken in: its highest sequence number and the 64 numbers up to it.
///
///     bit k of `bits`  ⇔  `highest − k` was taken in      (an anti-replay window as in RFC 6479)
///
/// So a client may have 64 batches under way, and they may arrive in any order.
public struct SequenceWindow: Sendable, Hashable {
    public private(set) var highest: Int64
    public private(set) var bits: UInt64

    public static let width: Int64 = 64

    public init(highest: Int64, bits: UInt64) {
        self.highest = highest
        self.bits = bits
    }

    public init(first sequence: Int64) {
        self.init(highest: sequence, bits: 1)
    }

    public enum Answer: Sendable, Hashable {
        case new
        case seen
        /// So far below the highest that nobody knows any more.
        case tooOld
    }

    public func answer(to sequence: Int64) -> Answer {
        if sequence > highest { return .new }
        let distance = highest - sequence
        if distance >= Self.width { return .tooOld }
        return bits & (1 << UInt64(distance)) != 0 ? .seen : .new
    }

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

/// The sequence windows of the client processes of one user, at most `capacity` of them: who was silent longest is
/// forgotten first.
public struct ClientTable: Sendable {
    private var windows: [String: (window: SequenceWindow, seen: Timestamp)] = [:]
    private let capacity: Int

    public init(capacity: Int = Limits().clientsPerUser) { self.capacity = capacity }

    public func window(of client: String) -> SequenceWindow? { windows[client]?.window }

    public var count: Int { windows.count }

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
