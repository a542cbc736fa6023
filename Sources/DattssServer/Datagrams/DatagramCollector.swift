import DattssCore
import DattssPipeline

/// Adds up what a UDP port receives until it enters the pipeline: for each user an ``AccumulatorTable``, the same that the
/// SDK uses.
struct DatagramCollector: Sendable {
    private var senders: [Sender] = []
    /// Where in `senders` a user is.
    private var positions: [UserID: Int] = [:]
    /// The keys that lines came with in this period, and whose each is.
    private var keys = NameIndex()
    private var keyOwners: [KeyHolder] = []
    private(set) var counts = DatagramCounts()
    private let authenticator: any Authenticator
    private let statsdUser: UserID?
    /// Where in `senders` it is, once lines came.
    private var statsdPosition: Int?
    private let limits: Limits

    private enum KeyHolder {
        /// At a position in `senders`.
        case sender(Int)
        case reader
        case nobody
    }

    /// A user whose lines came, and what was collected of them.
    private struct Sender: Sendable {
        let user: UserID
        var table: AccumulatorTable
        var processes = NameIndex()

        mutating func note(_ process: DatagramLine.Bytes) {
            if processes.number(of: process) != nil || processes.count == DatagramCollector.processesMax { return }
            _ = processes.insert(process)
        }
    }

    struct UserProcess: Hashable, Sendable {
        var user: UserID
        var name: String
    }

    /// What was collected in one period.
    struct Collected: Sendable {
        var periods: [(user: UserID, period: AccumulatedPeriod)] = []
        /// As many as a client may send at once.
        let batchPartials: Int
        var processes: Set<UserProcess> = []
        /// In which its samples came, and which is held until they are written; nil when there are none.
        var minute: Minute?

        var isEmpty: Bool { periods.isEmpty && processes.isEmpty }
        var partialCount: Int { periods.reduce(0) { $0 + $1.period.count } }
    }

    private static let keysMax = 10_000
    /// Of one user in one period; one more is noted in the next.
    private static let processesMax = 10_000

    /// - Parameter statsdUser: whose statsd lines are; without one, a name begins with an auth key and a dot.
    init(authenticator: any Authenticator, statsdUser: UserID?, limits: Limits) {
        self.authenticator = authenticator
        self.statsdUser = statsdUser
        self.limits = limits
    }

    /// Takes in a datagram: each line on its own, so that a bad one costs only itself.
    mutating func receive(_ datagram: UnsafeRawBufferPointer) {
        counts.datagrams += 1
        receive(lines: datagram)
    }

    /// Takes in whole lines of a stream.
    mutating func receive(lines: UnsafeRawBufferPointer) {
        counts.bytes += lines.count
        let lines = lines.bindMemory(to: UInt8.self)
        var start = takeUsual(lines, from: 0)
        while start < lines.count {
            start = receiveLine(of: lines, at: start)
            start = takeUsual(lines, from: start)
        }
    }

    /// Adds the lines at `start` that need no closer look, which are nearly all.
    /// - Returns: where the first one begins that does.
    @inline(__always)
    private mutating func takeUsual(_ lines: DatagramLine.Bytes, from start: Int) -> Int {
        guard let statsdPosition else { return start }
        let (count, end) = senders[statsdPosition].table.addUsualLines(of: lines, from: start)
        counts.lines += count
        counts.samples += count
        return end
    }

    /// Takes in any line.
    /// - Returns: where the next one begins.
    @inline(never)
    private mutating func receiveLine(of lines: DatagramLine.Bytes, at start: Int) -> Int {
        let (line, next) = DatagramLine.line(of: lines, at: start)
        guard !line.isEmpty else { return next }
        counts.lines += 1
        do throws(DatagramError) {
            counts.samples += try receive(line: line)
        } catch {
            counts.refusedLines[error, default: 0] += 1
        }
        return next
    }

    /// A line that was given up before its end.
    mutating func refuseLine(_ error: DatagramError) {
        counts.lines += 1
        counts.refusedLines[error, default: 0] += 1
    }

    /// What was collected since the last time.
    mutating func flush() -> Collected {
        var collected = Collected(batchPartials: max(1, limits.partialsPerBatch))
        for position in senders.indices {
            let user = senders[position].user
            let period = senders[position].table.takePeriod()
            if !period.isEmpty { collected.periods.append((user, period)) }
            for name in senders[position].processes.strings {
                collected.processes.insert(UserProcess(user: user, name: name))
            }
            senders[position].processes.removeAll()
            senders[position].table.forgetIdle()
        }
        forgetIdle()
        // A key may be revoked at any time.
        keys.removeAll()
        keyOwners.removeAll(keepingCapacity: true)
        return collected
    }

    /// - Returns: how many samples the line had.
    private mutating func receive(line: DatagramLine.Bytes) throws(DatagramError) -> Int {
        switch try DatagramLine.parse(line) {
        case .statsd(let line):
            if line.hasTags {
                try line.withPath { (path) throws(DatagramError) in try receive(line, named: path) }
            } else {
                try receive(line, named: line.name)
            }
            return line.valueCount
        case .dattss(let line):
            let position = try sender(forKey: line.key)
            try senders[position].table.add(line.sample, to: line.path)
            senders[position].note(line.process)
            return 1
        }
    }

    private mutating func receive(_ line: StatsdLine, named name: DatagramLine.Bytes) throws(DatagramError) {
        if let statsdUser {
            if statsdPosition == nil { statsdPosition = position(of: statsdUser) }
            try senders[statsdPosition ?? 0].table.add(line, to: name)
        } else {
            guard Name.isValidPath(name) else { throw .badPath }
            guard let end = Self.keyEnd(in: name) else { throw .unknownKey }
            guard end + 1 < name.count else { throw .badPath }
            let position = try sender(forKey: DatagramLine.Bytes(rebasing: name[..<end]))
            try senders[position].table.add(line, to: DatagramLine.Bytes(rebasing: name[(end + 1)...]))
        }
    }

    // MARK: Senders

    /// Where the key in front of a name ends: `uid.hmac` at the second dot, `uid.keyid.hmac` at the third.
    private static func keyEnd(in name: DatagramLine.Bytes) -> Int? {
        let dot = UInt8(ascii: ".")
        guard let first = name.firstIndex(of: dot), let second = name[(first + 1)...].firstIndex(of: dot) else { return nil }
        guard name[first + 1] == AuthKeys.nameMark else { return second }
        return name[(second + 1)...].firstIndex(of: dot)
    }

    private mutating func sender(forKey key: DatagramLine.Bytes) throws(DatagramError) -> Int {
        let owner: KeyHolder
        if let number = keys.number(of: key) {
            owner = keyOwners[number]
        } else {
            owner = holder(ofKey: String(decoding: key, as: UTF8.self))
            if keys.count < Self.keysMax {
                _ = keys.insert(key)
                keyOwners.append(owner)
            }
        }
        switch owner {
        case .sender(let position): return position
        case .nobody: throw .unknownKey
        case .reader: throw .wrongScope
        }
    }

    private mutating func holder(ofKey key: String) -> KeyHolder {
        guard let owner = authenticator.owner(ofKey: key) else { return .nobody }
        return owner.scope.covers(.ingest) ? .sender(position(of: owner.user)) : .reader
    }

    private mutating func position(of user: UserID) -> Int {
        if let position = positions[user] { return position }
        positions[user] = senders.count
        senders.append(Sender(user: user, table: AccumulatorTable(capacity: limits.liveStatisticsPerUser, periodSeconds: 1)))
        return senders.count - 1
    }

    private mutating func forgetIdle() {
        guard senders.contains(where: { $0.table.count == 0 }) else { return }
        senders.removeAll { $0.table.count == 0 }
        statsdPosition = nil
        positions = Dictionary(uniqueKeysWithValues: senders.enumerated().map { ($1.user, $0) })
    }
}
