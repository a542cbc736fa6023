import DattssCore
import DattssPipeline

/// Adds up what a UDP port receives until it enters the pipeline: for each user an ``AccumulatorTable``, the same that the
/// SDK uses.
struct DatagramCollector {
    private var tables: [UserID: AccumulatorTable] = [:]
    private var processes: Set<UserProcess> = []
    private var keys: [String: UserID?] = [:]
    private(set) var counts = DatagramCounts()
    private let authenticator: any Authenticator
    private let statsdUser: UserID?
    private let limits: Limits

    struct UserProcess: Hashable, Sendable {
        var user: UserID
        var name: String
    }

    /// What was collected in one period.
    struct Collected: Sendable {
        var batches: [(user: UserID, batch: Batch)] = []
        var processes: Set<UserProcess> = []

        var isEmpty: Bool { batches.isEmpty && processes.isEmpty }
    }

    /// - Parameter statsdUser: whose statsd lines are; without one, a name begins with an auth key and a dot.
    init(authenticator: any Authenticator, statsdUser: UserID?, limits: Limits) {
        self.authenticator = authenticator
        self.statsdUser = statsdUser
        self.limits = limits
    }

    /// Takes in a datagram: each line on its own, so that a bad one costs only itself.
    mutating func receive(_ datagram: UnsafeRawBufferPointer) {
        counts.datagrams += 1
        counts.bytes += datagram.count
        DatagramLine.forEachLine(of: datagram) { line in
            counts.lines += 1
            do throws(DatagramError) {
                try receive(line: try DatagramLine.parse(line))
            } catch {
                counts.refusedLines[error, default: 0] += 1
            }
        }
    }

    /// What was collected since the last time.
    mutating func flush() -> Collected {
        var collected = Collected(processes: processes)
        for user in tables.keys {
            let partials = tables[user]?.flush() ?? []
            if !partials.isEmpty { collected.batches.append((user, Batch(partials: partials))) }
            tables[user]?.forgetIdle()
            if tables[user]?.count == 0 { tables[user] = nil }
        }
        processes.removeAll(keepingCapacity: true)
        // A key may be revoked at any time.
        keys.removeAll(keepingCapacity: true)
        return collected
    }

    private mutating func receive(line: DatagramLine) throws(DatagramError) {
        switch line {
        case .dattss(let key, let process, let path, let sample):
            let user = try user(forKey: key)
            guard table(of: user, { $0.add(sample, to: path) }) else { throw .full }
            counts.samples += 1
            processes.insert(UserProcess(user: user, name: process))
        case .statsd(let statsd):
            let (user, path) = try owner(of: statsd.path)
            guard table(of: user, { $0.add(statsd.samples, scale: statsd.scale, to: path) }) else { throw .full }
            counts.samples += statsd.samples.count
        }
    }

    private mutating func table(of user: UserID, _ body: (inout AccumulatorTable) -> Bool) -> Bool {
        let capacity = limits.liveStatisticsPerUser
        return body(&tables[user, default: AccumulatorTable(capacity: capacity)])
    }

    /// Whose a statsd name is, and its path without the key.
    private mutating func owner(of name: String) throws(DatagramError) -> (UserID, String) {
        if let statsdUser { return (statsdUser, name) }
        // A key is `uid.hmac`: it ends at the second dot.
        guard let first = name.firstIndex(of: "."),
            let second = name[name.index(after: first)...].firstIndex(of: ".")
        else { throw .unknownKey }
        let path = name[name.index(after: second)...]
        guard !path.isEmpty else { throw .badPath }
        return (try user(forKey: String(name[..<second])), String(path))
    }

    private mutating func user(forKey key: String) throws(DatagramError) -> UserID {
        let user: UserID?
        if let known = keys[key] {
            user = known
        } else {
            user = authenticator.user(forKey: key)
            if keys.count < Self.keysMax { keys[key] = user }
        }
        guard let user else { throw .unknownKey }
        return user
    }

    private static let keysMax = 10_000
}

/// What a UDP port received, and what it did not take in.
struct DatagramCounts: Sendable, Hashable {
    var datagrams = 0
    var bytes = 0
    var lines = 0
    var samples = 0
    var refusedLines: [DatagramError: Int] = [:]
    /// Partials that the pipeline did not admit, and why.
    var refusedPartials: [WireError.Reason: Int] = [:]
}

extension DatagramLine.Samples {
    var count: Int {
        switch self {
        case .counter(let values), .timer(let values): values.count
        case .gauge(let values): values.count
        case .set(let values): values.count
        }
    }
}
