/// What the owner of the streams says of itself to whoever asks: `machine:3002 http://10.0.0.2:3002`.
struct StreamOwnerName: Sendable, Hashable {
    /// For people.
    var node: String
    /// Where it serves the others; nil where it cannot.
    var address: HostPort?

    private static let scheme = "http://"

    init(node: String, address: HostPort?) { (self.node, self.address) = (node, address) }

    /// nil for what nobody says of itself.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard 1...2 ~= words.count, !words[0].isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        node = String(words[0])
        if words.count == 2 {
            guard words[1].hasPrefix(Self.scheme), let address = HostPort(words[1].dropFirst(Self.scheme.count)), address.port > 0
            else { return nil }
            self.address = address
        }
    }

    var text: String { address.map { "\(node) \(Self.scheme)\($0)" } ?? node }
}

/// How long one that stands by waits for an owner that does not answer: every answer returns an action.
///
/// That the engine knows of nobody who listens comes at once, also while the owner connects to another server of the engine. That nobody
/// answers in time comes late, and counts twice. While the engine itself does not answer nothing can be said of the owner.
struct StandbyWait: Sendable {
    enum Answer: Sendable, Hashable {
        case owner(StreamOwnerName)
        /// The engine knows of nobody who would answer.
        case nobody
        case silence
        case noEngine
    }

    enum Action: Sendable, Hashable {
        case passTo(StreamOwnerName)
        case wait
        /// Nobody can be passed to, though it is not certain that there is no owner.
        case nobody
        case takeOver
    }

    private var misses = 0
    private static let missesMax = 5

    mutating func take(_ answer: Answer) -> Action {
        switch answer {
        case .owner(let owner):
            misses = 0
            return .passTo(owner)
        case .noEngine: return .wait
        case .nobody: misses += 1
        case .silence: misses += 2
        }
        if misses >= Self.missesMax { return .takeOver }
        return misses > 1 ? .nobody : .wait
    }
}
