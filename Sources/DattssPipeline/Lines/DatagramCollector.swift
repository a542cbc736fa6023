public import DattssCore

/// Adds up what a UDP port receives until it enters the pipeline: for each user an ``AccumulatorTable``, the same that the
/// SDK uses.
public struct DatagramCollector: Sendable {
    private var senders: [Sender] = []
    /// Where in `senders` a user is.
    private var positions: [UserID: Int] = [:]
    /// The keys that lines came with in this period, and whose each is.
    private var keys = NameIndex()
    private var keyOwners: [KeyHolder] = []
    private var wrongKeyCount = 0
    /// The last key of nobody's for which there was no room: the lines of a datagram mostly share theirs.
    private var stranger: [UInt8] = []
    /// What was received, since the collector was made.
    public private(set) var counts = DatagramCounts()
    /// What the lines are.
    public enum Syntax: Sendable { case statsd, graphite }

    /// The minute in which lines are received, for those that tell a time.
    package var minute = Minute(0)
    /// The moment at which lines are received, for marks.
    package var now = Timestamp(seconds: 0)
    /// What was received of DogStatsD's messages in this period.
    private var marks: [ReceivedMark] = []
    private let syntax: Syntax
    private let authenticator: any Authenticator
    private let statsdUser: UserID?
    /// Where in `senders` it is, once lines came.
    private var statsdPosition: Int?
    private let limits: Limits

    private enum KeyHolder {
        /// At a position in `senders`, and whether a process's name stands in front of its paths.
        case sender(Int, prefixesProcess: Bool)
        case reader
        case nobody
    }

    /// A user whose lines came, and what was collected of them.
    private struct Sender: Sendable {
        let user: UserID
        var table: AccumulatorTable
        var processes = NameIndex()
        var markCount = 0

        mutating func note(_ process: DatagramLine.Bytes) {
            if processes.number(of: process) != nil || processes.count == DatagramCollector.processesMax { return }
            _ = processes.insert(process)
        }
    }

    package struct UserProcess: Hashable, Sendable {
        package var user: UserID
        package var name: String
    }

    /// What was collected in one period.
    public struct Collected: Sendable {
        /// What was accumulated for each user.
        public var periods: [(user: UserID, period: AccumulatedPeriod)] = []
        /// How many partials a batch may have: as many as a client may send at once.
        package let batchPartials: Int
        package var processes: Set<UserProcess> = []
        /// What happened, as messages of DogStatsD told it.
        package var marks: [ReceivedMark] = []
        /// The minute in which its samples came, which is held until they are written; nil when there are none.
        package var minute: Minute?

        package init(batchPartials: Int) { self.batchPartials = batchPartials }

        package var isEmpty: Bool { periods.isEmpty && processes.isEmpty && marks.isEmpty }
        package var partialCount: Int { periods.reduce(0) { $0 + $1.period.count } }
    }

    private static let keysMax = 10_000
    /// How many wrong keys are remembered: apart, so that a flood of them takes no room from those that are right.
    private static let wrongKeysMax = 1000
    /// How many names of processes one user may give in one period; one more is noted in the next.
    private static let processesMax = 10_000
    /// How many messages of one user, and of all, are kept of one period.
    package static let (userMarksMax, marksMax) = (50, 1000)

    /// - Parameter statsdUser: whose statsd lines, and those of Graphite, are; without one, a name begins with an auth key and a dot.
    public init(authenticator: any Authenticator, statsdUser: UserID?, limits: Limits, syntax: Syntax = .statsd) {
        self.syntax = syntax
        self.authenticator = authenticator
        self.statsdUser = statsdUser
        self.limits = limits
    }

    /// Takes in a datagram: each line on its own, so that a bad one costs only itself.
    public mutating func receive(_ datagram: UnsafeRawBufferPointer) {
        counts.datagrams += 1
        receive(lines: datagram)
    }

    /// Takes in what there is of a datagram whose end was lost: its last line may be another one, and is refused.
    package mutating func receive(cut datagram: UnsafeRawBufferPointer) {
        let end = (datagram.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        receive(UnsafeRawBufferPointer(rebasing: datagram[..<end]))
        refuseLine(.badFormat)
    }

    /// Takes in whole lines of a stream.
    package mutating func receive(lines: UnsafeRawBufferPointer) {
        counts.bytes += lines.count
        lines.withMemoryRebound(to: UInt8.self) { receive($0) }
    }

    private mutating func receive(_ lines: DatagramLine.Bytes) {
        var start = takeUsual(lines, from: 0)
        while start < lines.count {
            let (samples, rewritten) = (counts.samples, counts.rewrittenNames)
            start = receiveLine(of: lines, at: start)
            // Whoever sends one line of which nothing is taken, or one name that has to be rewritten, mostly sends more, which would
            // be looked ahead at in vain.
            if counts.samples > samples, counts.rewrittenNames == rewritten { start = takeUsual(lines, from: start) }
        }
    }

    /// Adds the lines at `start` that need no closer look, which are nearly all.
    /// - Returns: where the first one begins that does.
    @inline(__always)
    private mutating func takeUsual(_ lines: DatagramLine.Bytes, from start: Int) -> Int {
        guard let statsdPosition, syntax == .statsd else { return start }
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
        guard !DatagramLine.isBlank(line) else { return next }
        counts.lines += 1
        do throws(DatagramError) {
            try receive(line: line)
        } catch {
            counts.refusedLines[error, default: 0] += 1
        }
        return next
    }

    /// A line that was given up before its end.
    package mutating func refuseLine(_ error: DatagramError) {
        counts.lines += 1
        counts.refusedLines[error, default: 0] += 1
    }

    /// How many statistics are remembered, of all senders.
    package var statisticCount: Int { senders.reduce(0) { $0 + $1.table.count } }

    /// What was collected since the last time.
    public mutating func flush() -> Collected {
        var collected = Collected(batchPartials: max(1, limits.partialsPerBatch))
        for position in senders.indices {
            let user = senders[position].user
            let period = senders[position].table.takePeriod()
            if !period.isEmpty { collected.periods.append((user, period)) }
            for name in senders[position].processes.strings {
                collected.processes.insert(UserProcess(user: user, name: name))
            }
            senders[position].processes.removeAll()
            senders[position].markCount = 0
            senders[position].table.forgetIdle()
        }
        collected.marks = marks
        marks = []
        forgetIdle()
        counts.rewritings.beginPeriod()
        // A key may be revoked at any time.
        keys.removeAll()
        keyOwners.removeAll(keepingCapacity: true)
        wrongKeyCount = 0
        stranger.removeAll(keepingCapacity: true)
        return collected
    }

    private mutating func receive(line: DatagramLine.Bytes) throws(DatagramError) {
        if syntax == .graphite { return try receive(try GraphiteLine(line)) }
        switch try DatagramLine.parse(line) {
        case .statsd(let line): try receive(line)
        case .message(.event(let event)):
            counts.events += 1
            let now = now
            keep(ofName: event.title) { keyBytes, user in
                event.mark(behind: keyBytes, receivedAt: now).map { ReceivedMark(user: user, mark: $0) }
            }
        case .message(.serviceCheck(let check)):
            counts.serviceChecks += 1
            let now = now
            keep(ofName: check.name) { keyBytes, user in
                check.mark(behind: keyBytes, receivedAt: now).map { mark in
                    let name = String(decoding: check.name[keyBytes...], as: UTF8.self)
                    return ReceivedMark(user: user, mark: mark, check: .init(name: name, status: check.status))
                }
            }
        case .dattss(let line):
            let (position, prefixesProcess) = try sender(forKey: line.key)
            if prefixesProcess {
                try addPrefixed(line, of: position)
            } else {
                try senders[position].table.add(line.sample, to: line.path)
            }
            senders[position].note(line.process)
            counts.samples += 1
        }
    }

    /// Keeps a message of DogStatsD, whose title or name begins with a key where those of statsd lines do. One that is nobody's, or one
    /// too many, is no error of whoever sends samples beside it: it is counted.
    private mutating func keep(ofName name: DatagramLine.Bytes, _ make: (_ keyBytes: Int, UserID) -> ReceivedMark?) {
        do throws(DatagramError) {
            let (position, keyBytes) = try sender(ofName: name)
            // Made only while there is room: it costs many times what the other lines do.
            guard marks.count < Self.marksMax, senders[position].markCount < Self.userMarksMax,
                let mark = make(keyBytes, senders[position].user)
            else { return counts.droppedMessages += 1 }
            marks.append(mark)
            senders[position].markCount += 1
        } catch {
            counts.droppedMessages += 1
        }
    }

    /// `api` and `view` are `api.view`.
    private mutating func addPrefixed(_ line: DattssLine, of position: Int) throws(DatagramError) {
        let path = Array(line.process) + CollectionOfOne(UInt8(ascii: ".")) + Array(line.path)
        guard path.count <= Name.pathBytesMax else { throw .badPath }
        let added = path.withUnsafeBufferPointer { path in
            Result { () throws(DatagramError) in try senders[position].table.add(line.sample, to: path) }
        }
        try added.get()
    }

    /// A name that is known, or valid, costs no more than to look it up; only any other is rewritten.
    private mutating func receive(_ line: StatsdLine) throws(DatagramError) {
        let (position, keyBytes) = try sender(ofName: line.name)
        if !line.hasTags {
            do throws(DatagramError) {
                return try add(line, to: DatagramLine.Bytes(rebasing: line.name[keyBytes...]), of: position)
            } catch {
                guard error == .badPath else { throw error }
            }
        }
        try line.withPath(behind: keyBytes) { (path) throws(DatagramError) in
            try add(line, to: path.bytes, of: position)
            if path.isRewritten { counts.note(rewriting: line, behind: keyBytes, to: path.bytes) }
        }
    }

    /// Adds all samples of a line.
    private mutating func add(
        _ line: StatsdLine, to path: DatagramLine.Bytes, of position: Int
    ) throws(DatagramError) {
        var line = line
        while true {
            try senders[position].table.add(line, to: path)
            counts.samples += line.valueCount
            guard let next = line.next else { return }
            line = next
        }
    }

    /// A value is one of the minute in which it comes. Its time only says whether it is recent.
    private mutating func receive(_ line: GraphiteLine) throws(DatagramError) {
        if let sent = line.minute {
            guard sent == minute || sent == minute.advanced(by: -1) else { throw .badTime }
        }
        let (position, keyBytes) = try sender(ofName: line.name)
        try line.withPath(behind: keyBytes) { (path) throws(DatagramError) in
            try senders[position].table.add(SampleValue(value: line.value, kind: .gauge), to: path.bytes)
            counts.samples += 1
            if path.isRewritten { counts.note(rewriting: line, behind: keyBytes, to: path.bytes) }
        }
    }

    /// Whose a statsd line is, or one of Graphite, and how many bytes of its name say so.
    private mutating func sender(ofName name: DatagramLine.Bytes) throws(DatagramError) -> (position: Int, keyBytes: Int) {
        if let statsdUser {
            let position = statsdPosition ?? position(of: statsdUser)
            statsdPosition = position
            return (position, 0)
        }
        guard let end = Self.keyEnd(in: name) else { throw .unknownKey }
        return (try sender(forKey: DatagramLine.Bytes(rebasing: name[..<end])).position, end + 1)
    }

    // MARK: Senders

    /// Where the key in front of a name ends: `uid.hmac` at the second dot, `uid.keyid.hmac` at the third.
    private static func keyEnd(in name: DatagramLine.Bytes) -> Int? {
        let dot = UInt8(ascii: ".")
        guard let first = name.firstIndex(of: dot), let second = name[(first + 1)...].firstIndex(of: dot) else { return nil }
        guard name[first + 1] == KeyForm.nameMark else { return second }
        return name[(second + 1)...].firstIndex(of: dot)
    }

    private mutating func sender(
        forKey key: DatagramLine.Bytes
    ) throws(DatagramError) -> (position: Int, prefixesProcess: Bool) {
        let owner: KeyHolder
        if let number = keys.number(of: key) {
            owner = keyOwners[number]
        } else if !stranger.isEmpty, stranger.elementsEqual(key) {
            owner = .nobody
        } else {
            owner = holder(ofKey: String(decoding: key, as: UTF8.self))
            if keys.count < Self.keysMax, hasRoom(for: owner) {
                _ = keys.insert(key)
                keyOwners.append(owner)
            } else if case .nobody = owner {
                stranger.removeAll(keepingCapacity: true)
                stranger.append(contentsOf: key)
            }
        }
        switch owner {
        case .sender(let position, let prefixesProcess): return (position, prefixesProcess)
        case .nobody: throw .unknownKey
        case .reader: throw .wrongScope
        }
    }

    private mutating func hasRoom(for holder: KeyHolder) -> Bool {
        guard case .nobody = holder else { return true }
        wrongKeyCount += 1
        return wrongKeyCount <= Self.wrongKeysMax
    }

    private mutating func holder(ofKey key: String) -> KeyHolder {
        guard let owner = authenticator.owner(ofKey: key) else { return .nobody }
        return owner.scope.covers(.ingest)
            ? .sender(position(of: owner.user), prefixesProcess: owner.prefixesProcess) : .reader
    }

    private mutating func position(of user: UserID) -> Int {
        if let position = positions[user] { return position }
        positions[user] = senders.count
        let table = AccumulatorTable(
            capacity: limits.liveStatisticsPerUser, periodSeconds: 1, idleSeconds: limits.idleSeconds)
        senders.append(Sender(user: user, table: table))
        return senders.count - 1
    }

    private mutating func forgetIdle() {
        guard senders.contains(where: { $0.table.count == 0 }) else { return }
        senders.removeAll { $0.table.count == 0 }
        statsdPosition = nil
        positions = Dictionary(uniqueKeysWithValues: senders.enumerated().map { ($1.user, $0) })
    }
}
