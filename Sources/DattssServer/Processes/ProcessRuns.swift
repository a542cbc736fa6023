import DattssCore

/// What is known of the programs that send and poll under one name, and of the stop that they were asked for. A value without
/// tasks or clocks: every moment is given.
///
/// A stop belongs to the runs of the program that are there when it is asked for, never to the next one. A run is told from
/// another by the random `cid` that its client has drawn. The original's clients have none: of them a run is what polls without
/// pause, so that one that comes after a stop was told, after its connection broke, or after ``pollPauseMilliseconds`` is another.
struct ProcessRuns: Sendable {
    /// Since when the program has been up.
    private(set) var since: Timestamp
    /// When it was last heard of.
    private(set) var seen: Timestamp
    /// For how many seconds the run that sent last had been up, as it said.
    private(set) var uptimeSeconds: Double?
    /// When runs began that came after another, as their uptimes say; the latest at the end.
    private(set) var restarts: [Timestamp] = []
    private var runs: [Run] = []
    private var lastSent: (at: Timestamp, run: String?)?
    /// When it was last asked to stop, and whether anybody was told.
    private var stop: (at: Timestamp, isHeard: Bool)?

    /// Longer than the 5 seconds between two pushes, and than a poll that is begun again.
    static let graceMilliseconds: Int64 = 15_000
    /// For how long a stop waits for the next poll of a run: longer than a poll takes.
    static let stopMilliseconds: Int64 = 60_000
    /// Clients poll again after a tenth of a second, or at once.
    static let pollPauseMilliseconds: Int64 = 5000
    static let restartsMax = 100
    private static let runsMax = 100
    private static let slackMilliseconds: Int64 = 1000

    private struct Run {
        /// nil for all clients that draw none.
        var client: String?
        var seen: Timestamp
        var waiting: Set<Int> = []
        /// When a poll of it began or ended last.
        var polledAt: Timestamp?
        /// Whether its latest poll ended without news, and when.
        var polledUntil: Timestamp?
        /// Up to when it may still be told of a stop.
        var askedUntil: Timestamp?
        var wasTold = false

        func isUp(at time: Timestamp) -> Bool { !waiting.isEmpty || isClose(seen, time, ProcessRuns.graceMilliseconds) }
        func isAsked(at time: Timestamp) -> Bool { askedUntil.map { time < $0 } ?? false }
    }

    /// What became of a stop.
    enum Stop: Sendable, Hashable {
        /// These polls are to be told.
        case told([Int])
        /// The next poll will be told.
        case asked
        /// It was told before, and has not come back since.
        case repeated
        /// Nothing of it polls.
        case notListening
        /// It is not up.
        case down
    }

    /// How far the last stop has come.
    enum StopState: String, Sendable, Hashable {
        /// It waits for the next poll.
        case asked
        /// It was told.
        case told
        /// Its time is over, and no poll came.
        case unheard
    }

    init(at time: Timestamp) { (since, seen) = (time, time) }

    func isUp(at time: Timestamp) -> Bool {
        runs.contains { !$0.waiting.isEmpty } || isClose(seen, time, Self.graceMilliseconds)
    }

    /// Whether it polls, or did so a moment ago.
    func isPolling(at time: Timestamp) -> Bool {
        runs.contains { run in
            !run.waiting.isEmpty || run.polledAt.map { isClose($0, time, Self.graceMilliseconds) } == true
        }
    }

    func stopState(at time: Timestamp) -> StopState? {
        guard let stop else { return nil }
        if runs.contains(where: { $0.isAsked(at: time) && $0.isUp(at: time) }) { return .asked }
        return stop.isHeard ? .told : .unheard
    }

    // MARK: What comes

    /// It sent something.
    mutating func send(from client: String?, uptimeSeconds: Double?, at time: Timestamp) {
        if let uptimeSeconds { noteUptime(uptimeSeconds, of: client, at: time) }
        touch(at: time)
        if let client { runs[place(of: client, at: time)].seen = time }
        lastSent = (time, client)
    }

    /// A poll begins.
    /// - Returns: whether it is told to stop at once.
    mutating func beginPoll(_ id: Int, of client: String?, at time: Timestamp) -> Bool {
        touch(at: time)
        let place = place(of: client, at: time)
        if client == nil, runs[place].waiting.isEmpty, !isContinued(runs[place], at: time) { begin(place) }
        (runs[place].seen, runs[place].polledAt) = (time, time)
        if runs[place].isAsked(at: time) {
            (runs[place].askedUntil, runs[place].wasTold, runs[place].polledUntil) = (nil, true, nil)
            stop?.isHeard = true
            return true
        }
        runs[place].askedUntil = nil
        runs[place].waiting.insert(id)
        return false
    }

    /// A poll ends without news.
    /// - Parameter isBroken: its connection ended, and not its time.
    mutating func endPoll(_ id: Int, isBroken: Bool, at time: Timestamp) {
        guard let place = runs.firstIndex(where: { $0.waiting.contains(id) }) else { return }
        runs[place].waiting.remove(id)
        runs[place].polledUntil = isBroken ? nil : time
        (runs[place].seen, runs[place].polledAt, seen) = (time, time, time)
    }

    /// It is to stop.
    mutating func askToStop(at time: Timestamp) -> Stop {
        guard isUp(at: time) else { return .down }
        var told: [Int] = []
        var (isAsked, isRepeated) = (false, false)
        for place in runs.indices where runs[place].isUp(at: time) {
            if !runs[place].waiting.isEmpty {
                told += runs[place].waiting
                (runs[place].waiting, runs[place].wasTold, runs[place].polledUntil) = ([], true, nil)
            } else if runs[place].wasTold {
                isRepeated = true
            } else if runs[place].client != nil {
                runs[place].askedUntil = time.advanced(byMilliseconds: Self.stopMilliseconds)
                isAsked = true
            } else if isContinued(runs[place], at: time) {
                runs[place].askedUntil = time.advanced(byMilliseconds: Self.pollPauseMilliseconds)
                isAsked = true
            }
        }
        if told.isEmpty, !isAsked { return isRepeated ? .repeated : .notListening }
        stop = (time, !told.isEmpty)
        // (When the others had waited, too, what is between two polls for a moment has missed it, and can be asked again.)
        return told.isEmpty ? .asked : .told(told.sorted())
    }

    // MARK: Runs

    private func isContinued(_ run: Run, at time: Timestamp) -> Bool {
        run.polledUntil.map { isClose($0, time, Self.pollPauseMilliseconds) } ?? false
    }

    /// What was asked of the run before is void.
    private mutating func begin(_ place: Int) {
        (runs[place].askedUntil, runs[place].wasTold, runs[place].polledUntil) = (nil, false, nil)
        if !runs.contains(where: { $0.askedUntil != nil }) { stop = nil }
    }

    private mutating func place(of client: String?, at time: Timestamp) -> Int {
        if let place = runs.firstIndex(where: { $0.client == client }) { return place }
        runs.removeAll { !$0.isUp(at: time) }
        if runs.count >= Self.runsMax,
            let oldest = runs.indices.filter({ runs[$0].waiting.isEmpty }).min(by: { runs[$0].seen < runs[$1].seen })
        {
            runs.remove(at: oldest)
        }
        runs.append(Run(client: client, seen: time))
        begin(runs.count - 1)
        return runs.count - 1
    }

    private mutating func touch(at time: Timestamp) {
        if !isUp(at: time) { (since, stop, runs) = (time, nil, []) }
        seen = time
    }

    /// A run that began after the last batch of another one is a restart. (A second worker begins while the first one sends.)
    private mutating func noteUptime(_ seconds: Double, of client: String?, at time: Timestamp) {
        defer { uptimeSeconds = seconds }
        // The original's Python client always says 0.
        guard seconds > 0, let before = uptimeSeconds, let lastSent, client == nil || lastSent.run != client,
            client == nil ? seconds < before : !runs.contains(where: { $0.client == client })
        else { return }
        let start = time.advanced(byMilliseconds: -Int64(min(seconds, 1e9) * 1000))
        guard start.milliseconds >= lastSent.at.milliseconds - Self.slackMilliseconds else { return }
        restarts.append(start)
        if restarts.count > Self.restartsMax { restarts.removeFirst() }
    }
}

/// (What was seen later than now was seen by a clock that has been set back.)
private func isClose(_ a: Timestamp, _ b: Timestamp, _ milliseconds: Int64) -> Bool {
    (a.milliseconds - b.milliseconds).magnitude < milliseconds.magnitude
}
