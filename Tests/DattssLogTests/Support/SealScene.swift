import DattssCore
import DattssLog
import DattssTestSupport

/// A data folder with the lane, the history and the sealer of one run of a server, and what has been written to it.
struct SealScene {
    let fileSystem: SimulatedFileSystem
    var history: History
    var lane: MinuteLane
    var blocks: [MinuteBlock] = []
    private let partBytes: Int

    init(_ fileSystem: SimulatedFileSystem = SimulatedFileSystem(), partBytes: Int = 4 << 20) throws {
        self.fileSystem = fileSystem
        self.partBytes = partBytes
        (history, lane) = try Self.start(fileSystem, partBytes)
    }

    /// What a new process finds.
    mutating func restart() throws { (history, lane) = try Self.start(fileSystem, partBytes) }

    private static func start(_ fileSystem: SimulatedFileSystem, _ partBytes: Int) throws -> (History, MinuteLane) {
        let report = try recover(fileSystem).report
        let lane = MinuteLane(
            fileSystem: fileSystem, directory: data, state: report.minutes, history: report.history, partBytes: partBytes)
        return (report.history, lane)
    }

    mutating func append(_ block: MinuteBlock) throws {
        try lane.append(block)
        blocks.append(block)
    }

    func sealer(bufferBytes: Int = 24 << 20, shouldContinue: @escaping () -> Bool = { true }) -> Sealer {
        Sealer(
            fileSystem: fileSystem, directory: data, history: history, bufferBytes: bufferBytes,
            shouldContinue: shouldContinue)
    }

    @discardableResult
    func seal(day: Int64 = midnight.day, excluding: @escaping (UserID) -> Bool = { _ in false }) throws -> SealReport? {
        try sealer().seal(day: day, excluding: excluding)
    }

    // MARK: The truth

    func expected(_ user: UserID, _ key: StatisticKey, _ range: Range<Minute>) -> HistorySlice {
        var slice = HistorySlice()
        for block in inOrder where range.contains(block.minute) {
            for owner in block.users where owner.user == user && !owner.aggregates.isEmpty {
                slice.activeMinutes.append(block.minute..<block.minute.advanced(by: 1))
                for partial in owner.aggregates where partial.key == key {
                    slice.points.append(HistorySlice.Point(minute: block.minute, aggregate: partial.aggregate))
                }
            }
        }
        return slice
    }

    /// The same in hours.
    func expectedHours(_ user: UserID, _ key: StatisticKey, _ range: Range<Minute>) -> HistorySlice {
        let minutes = expected(user, key, range)
        var slice = HistorySlice()
        var merging: (hour: Int64, aggregate: MergingAggregate)?
        func hour(_ minute: Minute) -> Int64 { minute.index.flooredQuotient(by: 60) }
        func close() {
            guard let merging else { return }
            slice.points.append(
                HistorySlice.Point(minute: Minute(merging.hour * 60), aggregate: merging.aggregate.merged))
        }
        for point in minutes.points {
            if merging?.hour == hour(point.minute) {
                merging?.aggregate.merge(point.aggregate)
            } else {
                close()
                merging = (hour(point.minute), MergingAggregate(point.aggregate))
            }
        }
        close()
        slice.activeMinutes = MinuteRuns(minutes.activeMinutes.minutes.map { Minute(hour($0) * 60) })
        return slice
    }

    private var inOrder: [MinuteBlock] {
        blocks.enumerated().sorted { ($0.element.minute, $0.offset) < ($1.element.minute, $1.offset) }.map(\.element)
    }

    func activeMinutes(of user: UserID) -> [Minute] {
        let active = blocks.filter { $0.users.contains { $0.user == user && !$0.aggregates.isEmpty } }
        return Set(active.map(\.minute)).sorted()
    }

    var users: [UserID] { Set(blocks.flatMap { $0.users.map(\.user) }).sorted() }

    func keys(of user: UserID) -> [StatisticKey] {
        Set(blocks.flatMap(\.users).filter { $0.user == user }.flatMap { $0.aggregates.map(\.key) }).sorted()
    }
}

/// The points and the activity, bit by bit: two answers that are equal here are the same.
struct Answer: Equatable, CustomStringConvertible {
    var points: [[UInt64]]
    var sketches: [Sketch?]
    var active: MinuteRuns

    init(_ slice: HistorySlice) {
        points = slice.points.map { point in
            let flags = (point.aggregate.isEmphasised ? 1 : 0) + (point.aggregate.isApproximate ? 2 : 0)
            return [UInt64(bitPattern: point.minute.index), UInt64(flags)] + bits(point.aggregate)
        }
        sketches = slice.points.map(\.aggregate.sketch)
        active = slice.activeMinutes
    }

    var description: String { "\(points.count) points, \(active.count) active minutes" }
}

/// A day of some users: most minutes have one block, some have several, some none.
func randomDay(
    _ values: inout RandomValues, users: [UserID], keys: [StatisticKey], blocks: Int, minutes: ClosedRange<Int> = 0...1439
) -> [MinuteBlock] {
    (0..<blocks).map { number in
        let present = users.filter { _ in !values.random.oneIn(3) }.sorted()
        return MinuteBlock(
            minute: midnight.advanced(by: Int64(values.int(minutes))),
            through: values.random.oneIn(5) ? nil : LSN(UInt64(number + 1)),
            users: present.map { user in
                let some = Set(keys.filter { _ in values.random.oneIn(2) }).sorted()
                return UserMinute(user: user, aggregates: some.map { Partial($0, values.lightAggregate()) })
            })
    }
}

extension RandomValues {
    /// Any aggregate, but rarely one with a large sketch: these take long where nothing is optimised.
    mutating func lightAggregate() -> Aggregate {
        var aggregate = aggregate()
        if let sketch = aggregate.sketch, sketch.positive.indices.count > 40, !random.oneIn(20) { aggregate.sketch = nil }
        return aggregate
    }
}
