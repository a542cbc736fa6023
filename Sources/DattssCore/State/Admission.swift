/// Decides, for one user, whether a batch is taken in: before it is written ahead, and in one place.
///
/// The verdict has to come first, because what is in the log counts: a batch that is refused after it was written
/// would come back on replay. So the numbers of the live statistics (``StatisticTable``) and the sequence windows of
/// the clients live here, in front of the log, and the aggregator behind it works on arrays.
///
///     admit ──► admitted ──► written ──► commit        (or, when the disk refuses: cancel)
///        ├────► duplicate: acknowledge again, do not count
///        ├────► pending: the first copy is still being written; answer what becomes of it
///        └────► over the limit, or too old a number: refuse, nothing changed
public struct Admission: Sendable {
    private var table = StatisticTable()
    /// In seconds of `passed`.
    private var usedAt = ChunkedArray<UInt32>()
    /// Begins with the first look at the clock.
    private var passed: PassedTime?
    private var clients: ClientTable
    private var pending: Set<Batch.Origin> = []
    /// How many batches are under way, by the second of `passed` in which they were admitted, which never goes back.
    private var underWay: [(second: UInt32, count: Int)] = []

    /// - Parameter limits: of them only ``Limits/clientsPerUser`` counts here.
    public init(limits: Limits = Limits()) {
        clients = ClientTable(capacity: limits.clientsPerUser)
    }

    /// What is to be done with a batch.
    public enum Verdict: Sendable, Hashable {
        /// The statistic of each partial, in order. The batch is under way until ``Admission/end(_:)``.
        case admitted([StatisticID], Ticket)
        case duplicate
        case pending(Batch.Origin)
        /// `live` is how many statistics the user would have.
        case overStatisticLimit(live: Int, limit: Int)
        case sequenceTooOld(highest: Int64)
    }

    /// When a batch was admitted: what it is under way since.
    public struct Ticket: Sendable, Hashable {
        fileprivate let second: UInt32
    }

    /// How many statistics are live.
    public var liveCount: Int { table.count }

    /// Decides about a batch, and numbers its statistics when it is admitted.
    /// - Parameters:
    ///   - time: what the clock shows.
    ///   - limits: those that hold for the user now.
    public mutating func admit(_ batch: Batch, at time: Timestamp, limits: Limits) -> Verdict {
        if let origin = batch.origin {
            if pending.contains(origin) { return .pending(origin) }
            if let window = clients.window(of: origin.client) {
                switch window.answer(to: origin.sequence) {
                case .new: break
                case .seen: return .duplicate
                case .tooOld: return .sequenceTooOld(highest: window.highest)
                }
            }
        }
        guard let ids = intern(batch.partials, limit: limits.liveStatisticsPerUser) else {
            let new = Set(batch.partials.map(\.key)).count { table.id(of: $0) == nil }
            return .overStatisticLimit(live: table.count + new, limit: limits.liveStatisticsPerUser)
        }
        if let origin = batch.origin { pending.insert(origin) }
        let used = passedTime(at: time)
        for id in ids { note(id, usedAt: used) }
        return .admitted(ids, begin(Self.second(of: used)))
    }

    private mutating func begin(_ second: UInt32) -> Ticket {
        if underWay.last?.second == second {
            underWay[underWay.count - 1].count += 1
        } else {
            underWay.append((second, 1))
        }
        return Ticket(second: second)
    }

    /// A batch was handed on, or refused: it is not under way any more.
    public mutating func end(_ ticket: Ticket) {
        // (Near the front: they end about in the order in which they began.)
        guard let position = underWay.firstIndex(where: { $0.second == ticket.second }) else { return }
        underWay[position].count -= 1
        if underWay[position].count == 0 { underWay.remove(at: position) }
    }

    /// The end of a minute, in time that has passed.
    public struct MinuteMark: Sendable, Hashable {
        /// When it was.
        public var passed: Timestamp
        /// Batches that are still under way were admitted no earlier: what was used before is not used by what comes after it.
        public var settled: Timestamp
    }

    /// Marks the end of a minute, in the order in which batches are handed on.
    /// - Parameter time: what the clock shows.
    public mutating func minuteMark(at time: Timestamp) -> MinuteMark {
        let passed = passedTime(at: time)
        return MinuteMark(passed: passed, settled: underWay.first.map { Timestamp(seconds: Int64($0.second)) } ?? passed)
    }

    /// What has passed, as far as this knows, when the clock shows `time`: never less than at an earlier call.
    public mutating func passedTime(at time: Timestamp) -> Timestamp {
        var passed = passed ?? PassedTime(time)
        passed.advance(to: time)
        self.passed = passed
        return passed.now
    }

    /// The partials that fit under the limit: those of live statistics, and of as many new ones as there is room for. For a
    /// sender who is not told what became of a batch, so that one name too many does not cost all the others.
    public func fitting(_ partials: [Partial], limits: Limits) -> [Partial] {
        // All of them may be new, and still fit.
        if table.count + partials.count <= limits.liveStatisticsPerUser { return partials }
        var new: Set<StatisticKey> = []
        return partials.filter { partial in
            if table.id(of: partial.key) != nil || new.contains(partial.key) { return true }
            guard table.count + new.count < limits.liveStatisticsPerUser else { return false }
            new.insert(partial.key)
            return true
        }
    }

    /// The batch was written: from now on its number is a duplicate's.
    public mutating func commit(_ origin: Batch.Origin, at time: Timestamp) {
        pending.remove(origin)
        clients.insert(origin, at: time)
    }

    /// The batch could not be written: the client may send it again. Statistics that it would have made stay numbered until
    /// they are idle.
    public mutating func cancel(_ origin: Batch.Origin) {
        pending.remove(origin)
    }

    /// Whether a batch with this number was admitted, and neither written nor refused yet.
    public func isPending(_ origin: Batch.Origin) -> Bool { pending.contains(origin) }

    /// Whether a batch with this number was written.
    public func isCommitted(_ origin: Batch.Origin) -> Bool {
        clients.window(of: origin.client)?.answer(to: origin.sequence) == .seen
    }

    /// The number of a live statistic.
    public func id(of key: StatisticKey) -> StatisticID? { table.id(of: key) }

    /// Forgets the statistics that were last used before the second of `time`, which is one of ``passedTime(at:)``, and says which.
    /// The caller clears what it keeps of them before it handles another batch: the numbers may be given out again at once.
    public mutating func removeIdle(before time: Timestamp) -> [StatisticID] {
        let second = Self.second(of: time)
        let idle = (0..<usedAt.count).filter { usedAt[$0] < second }.map { StatisticID(index: Int32($0)) }
        for id in idle {
            table.remove(id)
            usedAt[Int(id.index)] = Self.never
        }
        return idle
    }

    /// On replay: a statistic that was live, whatever the limit is now.
    public mutating func restore(_ key: StatisticKey, usedAt time: Timestamp) -> StatisticID {
        let id = table.intern(key)
        note(id, usedAt: time)
        return id
    }

    /// On replay: what a client had sent.
    public mutating func restore(_ window: SequenceWindow, of client: String, at time: Timestamp) {
        clients.merge(window, of: client, at: time)
    }

    /// All or nothing: nil, and nothing interned, when the new statistics do not fit under the limit.
    private mutating func intern(_ partials: [Partial], limit: Int) -> [StatisticID]? {
        var ids: [StatisticID] = []
        ids.reserveCapacity(partials.count)
        var interned: [StatisticID] = []
        for start in stride(from: 0, to: partials.count, by: Self.lookedUpAhead) {
            var new: [Int] = []
            table.ids(of: partials[start..<min(start + Self.lookedUpAhead, partials.count)]) { position, id in
                if id == nil { new.append(position) }
                ids.append(id ?? StatisticID(index: -1))
            }
            for position in new {
                let count = table.count
                guard count < limit || table.id(of: partials[position].key) != nil else {
                    for id in interned { table.remove(id) }
                    return nil
                }
                ids[position] = table.intern(partials[position].key)
                if table.count > count { interned.append(ids[position]) }
            }
        }
        return ids
    }

    /// How many statistics are looked up together.
    private static let lookedUpAhead = 32

    private mutating func note(_ id: StatisticID, usedAt time: Timestamp) {
        let second = Self.second(of: time)
        while usedAt.count <= Int(id.index) { usedAt.append(Self.never) }
        usedAt.update(Int(id.index)) { $0 = $0 == Self.never ? second : max($0, second) }
    }

    private static func second(of time: Timestamp) -> UInt32 {
        UInt32(clamping: time.milliseconds.flooredQuotient(by: 1000))
    }

    /// The time of a number that no statistic has: later than any moment, so that it is never idle.
    private static let never = UInt32.max
}
