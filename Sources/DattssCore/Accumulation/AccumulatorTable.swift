/// The accumulators of all statistics of one sender over one push period: of a program in the SDK, of a user on the
/// server's UDP port.
///
///     table.add(SampleValue("2c"), to: "hits")       as often as you like
///     let partials = table.flush()                   every push period
///
/// What lasts (names, what a gauge's next delta probably builds on, fractions of samples) is kept apart from the period's
/// samples, so that a flush takes these away whole. Memory is bounded by the number of statistics, at most `capacity`; one that
/// was silent for as long as ``idleSecondsMax``, or less where that is asked for, makes room. Nothing is lost with it: what a delta builds on is decided by whoever knows the
/// gauge's value, when the period is handed on (``AccumulatedPeriod/resolve(_:)``). Only statsd lines bring deltas; the SDK's
/// gauges are set, and need no value before.
public struct AccumulatorTable: Sendable {
    /// With each name, as its mark, its ``Place``: all that most samples need.
    private var index = NameIndex()
    /// By their numbers in the index; nil where a number is free.
    private var keys: [StatisticKey?] = []
    private var statistics: [Statistic] = []
    private var period = AccumulatedPeriod(number: 1, capacity: 0)
    private let capacity: Int
    private let fraction: Double
    /// How many periods a statistic may be silent.
    let idlePeriodsMax: Int
    /// By number, of those statistics that came with a rate whose inverse is no whole number.
    private var fractionalWeights: [Int: FractionalWeight] = [:]
    private var generator = SplitMix64(seed: 0)

    /// How long a silent statistic is remembered at most.
    public static let idleSecondsMax = 3600
    /// How many members a set may have in one period.
    public static let distinctValuesMax = 65_536
    /// How many bytes they may take together.
    public static let distinctBytesMax = 4 << 20

    /// How many lines are looked at before the first of them is added: what is behind a refused one was looked at in vain. As
    /// many as Swift gives 1024 bytes of the stack for, of more it would ask for memory.
    private static let linesAhead = 1024 / MemoryLayout<UsualLine>.stride

    private struct Statistic: Sendable {
        /// A gauge's last value as far as it is known here, which a delta probably builds on.
        var last: Double?
        var idlePeriods = 0
    }

    private typealias Place = AccumulatedPeriod.Place

    /// - Parameters:
    ///   - fraction: see ``Aggregate/fraction``.
    ///   - periodSeconds: how long a period is.
    ///   - idleSeconds: how long a silent statistic is remembered; more than ``idleSecondsMax`` is as much as that.
    public init(
        capacity: Int = 20_000, fraction: Double = Aggregate.defaultFraction, periodSeconds: Int = 5,
        idleSeconds: Int64 = Int64(idleSecondsMax)
    ) {
        self.capacity = capacity
        self.fraction = fraction
        idlePeriodsMax = Int(min(idleSeconds, Int64(Self.idleSecondsMax))) / periodSeconds
    }

    /// How many statistics are remembered.
    public var count: Int { index.count }
    /// Whether there is nothing to flush.
    public var isEmpty: Bool { period.isEmpty }

    /// - Parameter path: a valid path.
    /// - Returns: whether there was room.
    public mutating func add(_ sample: SampleValue, to path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in (try? add(sample, to: bytes)) != nil }
    }

    /// - Throws: ``DatagramError/full`` and ``DatagramError/badPath``.
    public mutating func add(_ sample: SampleValue, to path: DatagramLine.Bytes) throws(DatagramError) {
        let (number, position) = try touch(sample.kind, path)
        if sample.kind == .gauge {
            period.noteSet(at: position)
            statistics[number].last = sample.value
        }
        period[position].add(sample.value, isEmphasised: sample.isEmphasised)
    }

    /// Adds what a statsd line says: sums of a counter scale with the rate, a sampled timer counts as often as it stands
    /// for.
    /// - Throws: ``DatagramError/full`` and ``DatagramError/badPath``.
    public mutating func add(_ line: StatsdLine, to path: DatagramLine.Bytes) throws(DatagramError) {
        switch line.type {
        case .counter, .timer:
            let kind = line.type == .counter ? Kind.counter : .timer
            let (number, position) = try touch(kind, path)
            if line.scale == 1 {
                period[position].add(line.first.value)
                line.forEachFurtherValue { period[position].add($0.value) }
            } else {
                addScaled(line.first.value, line.scale, kind, number, at: position)
                line.forEachFurtherValue { addScaled($0.value, line.scale, kind, number, at: position) }
            }
        case .gauge:
            let (number, position) = try touch(.gauge, path)
            addGauge(line.first, number, at: position)
            line.forEachFurtherValue { addGauge($0, number, at: position) }
        case .set:
            let position = try touch(.gauge, path).position
            period.noteSet(at: position)
            guard period.add(member: line.member, at: position) else { throw .full }
        }
    }

    /// Adds the usual lines that stand at `start`: statsd lines of a name, a number without a sign and a type. All others
    /// are left to the caller, who takes them apart and goes on behind them.
    ///
    ///     a.hits:1|c        added
    ///     a.wait:12.5|ms    added
    ///     a.wait:7|ms|@0.1  where it ends
    ///
    /// - Returns: how many lines were added, and where the first begins that was not.
    public mutating func addUsualLines(of bytes: DatagramLine.Bytes, from start: Int) -> (count: Int, end: Int) {
        guard bytes.count >= UsualLine.bytesMin else { return (0, start) }
        var (count, end) = (0, start)
        withUnsafeTemporaryAllocation(of: UsualLine.self, capacity: Self.linesAhead) { lines in
            var isGoingOn = true
            while isGoingOn {
                let hash = index.hash
                let ahead = index.withLookup { Self.read(bytes, from: end, into: lines, hash, $0) }
                isGoingOn = ahead == lines.count
                let added = add(UnsafeBufferPointer(rebasing: lines[..<ahead]))
                if added < ahead { isGoingOn = false }
                if added > 0 { end = lines[added - 1].next }
                count += added
            }
        }
        return (count, min(end, bytes.count))
    }

    /// - Returns: how many lines were read, whose look-ups have begun.
    @inline(__always)
    private static func read(
        _ bytes: DatagramLine.Bytes, from start: Int, into lines: UnsafeMutableBufferPointer<UsualLine>, _ hash: NameHash,
        _ index: NameIndex.Lookup?
    ) -> Int {
        var (ahead, next) = (0, start)
        while ahead < lines.count, next < bytes.count, let line = UsualLine(in: bytes, at: next, hash) {
            index?.prefetch(line.name, tag: line.tag)
            lines.initializeElement(at: ahead, to: line)
            next = line.next
            ahead += 1
        }
        return ahead
    }

    /// - Returns: how many were added before one for which there is no room, or whose path is bad.
    private mutating func add(_ lines: UnsafeBufferPointer<UsualLine>) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: Self.linesAhead) { positions in
            guard let positions = positions.baseAddress else { return 0 }
            var added = 0
            while added < lines.count {
                let rest = UnsafeBufferPointer(rebasing: lines[added...])
                let (known, opened) = find(rest, positions)
                if opened < known { open(rest[..<known], positions) }
                period.add(UnsafeBufferPointer(rebasing: rest[..<known]), at: positions)
                added += known
                guard added < lines.count, add(lines[added]) else { break }
                added += 1
            }
            return added
        }
    }

    /// Finds the statistics of lines, as far as they are known, and where their samples of this period lie.
    ///
    /// They lie anywhere in the memory, and one line after the other each would be waited for: so all their records are asked for
    /// before the first is looked at.
    /// - Parameter positions: are written: that of a statistic, and for one that has none yet -1 less its number.
    /// - Returns: for how many lines, and how many of them have a position.
    @inline(__always)
    private func find(
        _ lines: UnsafeBufferPointer<UsualLine>, _ positions: UnsafeMutablePointer<Int>
    ) -> (known: Int, opened: Int) {
        // A value that is set ends what deltas before it build on, which is for those to see to who add one line.
        let (periodNumber, gauge) = (period.number, period.hasDeltas ? Kind.gauge.rawValue : .max)
        return index.withLookup { index in
            guard let index else { return (0, 0) }
            for (place, line) in lines.enumerated() {
                positions[place] = index.likelyPlace(of: line.name, tag: line.tag) ?? -1
            }
            var (known, opened) = (0, 0)
            for line in lines {
                guard positions[known] >= 0, line.tag != gauge,
                    let record = index.record(at: positions[known], of: line.name, tag: line.tag)
                else { break }
                let place = Place(mark: record.mark)
                let isOpen = place.period == periodNumber
                positions[known] = isOpen ? Int(place.position) : -1 - record.number
                opened &+= isOpen ? 1 : 0
                known &+= 1
            }
            return (known, opened)
        }
    }

    /// Gives a position to those statistics of lines that have none yet in this period.
    @inline(never)
    private mutating func open(_ lines: Slice<UnsafeBufferPointer<UsualLine>>, _ positions: UnsafeMutablePointer<Int>) {
        for (line, place) in zip(lines, 0...) where positions[place] < 0 {
            let number = -1 - positions[place]
            // (Another of the lines may have been the first.)
            let found = Place(mark: index[mark: number])
            positions[place] = found.period == period.number ? Int(found.position) : open(number, line.kind)
        }
    }

    /// Adds the first line of a statistic in this period, or any.
    /// - Returns: false, and nothing added, when there is no room or the path is bad.
    private mutating func add(_ line: UsualLine) -> Bool {
        guard let (number, position) = try? touch(line.kind, line.name) else { return false }
        if line.kind == .gauge {
            period.noteSet(at: position)
            statistics[number].last = line.value
        }
        period.add(line.value, at: position)
        return true
    }

    /// The partials of the period that ends now.
    public mutating func flush() -> [Partial] { takePeriod().partials(fraction: fraction) }

    /// The samples of the period that ends now.
    public mutating func takePeriod() -> AccumulatedPeriod {
        // What a delta of a later period builds on.
        period.forEachGauge { statistics[$0].last = $1 }
        let ended = period.ended(keys)
        // 0 is no period's number: the place of a new name is in none.
        period = AccumulatedPeriod(number: max(1, ended.number &+ 1), capacity: ended.count)
        return ended
    }

    /// Makes room: forgets what was silent for too long. Call it once a period.
    public mutating func forgetIdle() {
        // A number that is free has no record in the index to ask for.
        for number in statistics.indices where keys[number] != nil {
            if Place(mark: index[mark: number]).period == period.number { continue }
            statistics[number].idlePeriods += 1
            if statistics[number].idlePeriods > idlePeriodsMax {
                keys[number] = nil
                fractionalWeights[number] = nil
                index.remove(number)
            }
        }
    }

    private mutating func addScaled(_ value: Double, _ scale: Double, _ kind: Kind, _ number: Int, at position: Int) {
        period[position].add(
            value, weight: weight(scale, number), total: kind == .counter ? value * scale : nil)
    }

    /// For how many samples the next one of a statistic counts, that stands for `scale`.
    private mutating func weight(_ scale: Double, _ number: Int) -> Int64 {
        let whole = scale.rounded()
        // (1/0.1 need not be 10 to the last bit.)
        if abs(scale - whole) <= whole * 1e-12 { return Int64(whole) }
        return fractionalWeights[number, default: FractionalWeight(&generator)].take(scale, &generator)
    }

    private mutating func addGauge(_ sample: StatsdLine.Value, _ number: Int, at position: Int) {
        var value = sample.value
        if sample.isSigned {
            let base = statistics[number].last ?? 0
            period.noteDelta(at: position, base: base)
            value = base.saturatingAdd(value)
        } else {
            period.noteSet(at: position)
        }
        period[position].add(value)
        statistics[number].last = value
    }

    /// The number of a statistic, and its position in this period, at which all samples are added up.
    @inline(__always)
    private mutating func touch(
        _ kind: Kind, _ path: DatagramLine.Bytes
    ) throws(DatagramError) -> (number: Int, position: Int) {
        try touch(kind, HashedName(path, index.hash))
    }

    private mutating func touch(_ kind: Kind, _ name: HashedName) throws(DatagramError) -> (number: Int, position: Int) {
        guard let place = index.place(of: name, tag: kind.rawValue) else {
            let number = try insert(kind, name.bytes)
            return (number, open(number, kind))
        }
        let number = index.number(at: place)
        let found = Place(mark: index.mark(at: place))
        guard found.period == period.number else { return (number, open(number, kind)) }
        let position = Int(found.position)
        if let last = period.settle(position), kind == .gauge { statistics[number].last = last }
        return (number, position)
    }

    @inline(never)
    private mutating func open(_ number: Int, _ kind: Kind) -> Int {
        let position = period.append(number, kind)
        index[mark: number] = Place(period: period.number, position: position).mark
        statistics[number].idlePeriods = 0
        return position
    }

    private mutating func insert(_ kind: Kind, _ path: DatagramLine.Bytes) throws(DatagramError) -> Int {
        guard Name.isValidPath(path) else { throw .badPath }
        guard index.count < capacity else { throw .full }
        let number = index.insert(path, tag: kind.rawValue)
        if number == keys.count {
            keys.append(nil)
            statistics.append(Statistic())
        }
        keys[number] = StatisticKey(kind, String(decoding: path, as: UTF8.self))
        statistics[number] = Statistic()
        return number
    }
}
