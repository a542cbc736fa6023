public import DattssCore
internal import Synchronization

/// Answers questions about closed minutes out of the minute lane's files.
///
/// In memory is only an index of frame headers, some hundred bytes a minute; payloads are read when asked for. Of those
/// a query decompresses the frames of its minutes, and decodes the one statistic.
///
/// Safe to use from many threads at once, while ``MinuteLane`` appends and retires.
public final class History: Sendable {
    private let fileSystem: any FileSystem
    private let directory: String
    private let index = Mutex(HistoryIndex())
    private let corruptReads = Atomic<Int>(0)

    /// An empty index; ``Recovery`` hands out one that is filled.
    init(fileSystem: any FileSystem, directory: String) {
        self.fileSystem = fileSystem
        self.directory = directory
    }

    /// Indexes the minute lane of a data folder, reading headers only. Writes nothing.
    public static func open(fileSystem: any FileSystem, directory: String) throws(LogError) -> History {
        let history = History(fileSystem: fileSystem, directory: directory)
        let scan = try LaneScan(.minutes, directory: directory, fileSystem)
        history.add(BlockLocation.all(scan.frames).complete.flatMap { $0.parts.map { $0[0] } })
        return history
    }

    /// How many frames could not be read when they were asked for. They were left out of the answers.
    public var corruptFrameReads: Int { corruptReads.load(ordering: .relaxed) }

    /// Frames in the index.
    public var frameCount: Int { index.withLock { $0.count } }

    /// The minutes from the first to the last of which there is a block.
    public var minutes: ClosedRange<Minute>? { index.withLock { $0.minutes } }

    /// What is known of one statistic in some minutes.
    ///
    /// - Parameter through: blocks that cover more are left out, because somebody reports them from memory; nil leaves
    ///   none out. Imported blocks, which cover nothing, are always in.
    public func read(
        user: UserID, key: StatisticKey, minutes: Range<Minute>, through: LSN? = nil
    ) throws(LogError) -> HistorySlice {
        var slice = HistorySlice()
        try forEachFrame(in: minutes, through: through) { (frame, blocks) throws(LogError) in
            let (aggregate, isActive) = try blocks.statistic(key, of: user, in: frame)
            let minute = frame.header.minute
            if isActive, slice.activeMinutes.last != minute { slice.activeMinutes.append(minute) }
            if let aggregate { slice.points.append(HistorySlice.Point(minute: minute, aggregate: aggregate)) }
        }
        return slice
    }

    /// The statistics of a user of which there is anything in some minutes.
    public func keys(user: UserID, minutes: Range<Minute>) throws(LogError) -> Set<StatisticKey> {
        var keys: Set<StatisticKey> = []
        try forEachFrame(in: minutes, through: nil) { (frame, blocks) throws(LogError) in
            keys.formUnion(try blocks.keys(of: user, in: frame))
        }
        return keys
    }

    /// Takes in the frames of whole blocks. Those that it has already, and checkpoints, are passed over.
    func add(_ frames: [FrameLocation]) {
        index.withLock { index in
            for frame in frames where frame.header.kind == .minutes { index.insert(frame) }
        }
    }

    func remove(segment: UInt64) {
        index.withLock { $0.remove(segment: segment) }
    }

    private func forEachFrame(
        in minutes: Range<Minute>, through: LSN?, _ body: (FrameLocation, BlockPayloads) throws(LogError) -> Void
    ) throws(LogError) {
        let frames = index.withLock { $0.frames(in: minutes, through: through) }
        let blocks = BlockPayloads(fileSystem: fileSystem, directory: directory)
        for frame in frames {
            do throws(LogError) {
                try body(frame, blocks)
            } catch {
                let isGone = error.fileSystemError?.isNotFound ?? false
                if error.code == .fileSystem, !isGone { throw error }
                // A segment that was retired after the question was asked is no damage.
                if isGone, !index.withLock({ $0.contains(frame) }) { continue }
                corruptReads.add(1, ordering: .relaxed)
            }
        }
    }
}

/// The frames of the minute lane, sorted by minute, then by LSN.
struct HistoryIndex {
    private var frames: [FrameLocation] = []
    private var known: Set<LSN> = []

    var count: Int { frames.count }

    var minutes: ClosedRange<Minute>? {
        guard let first = frames.first, let last = frames.last else { return nil }
        return first.header.minute...last.header.minute
    }

    mutating func insert(_ frame: FrameLocation) {
        guard known.insert(frame.header.lsn).inserted else { return }
        let position = firstIndex { !$0.precedes(frame) }
        frames.insert(frame, at: position)
    }

    mutating func remove(segment: UInt64) {
        for frame in frames where frame.segment == segment { known.remove(frame.header.lsn) }
        frames.removeAll { $0.segment == segment }
    }

    func contains(_ frame: FrameLocation) -> Bool {
        let position = firstIndex { !$0.precedes(frame) }
        return position < frames.count && frames[position] == frame
    }

    func frames(in minutes: Range<Minute>, through: LSN?) -> [FrameLocation] {
        let start = firstIndex { $0.header.minute >= minutes.lowerBound }
        let end = firstIndex { $0.header.minute >= minutes.upperBound }
        return frames[start..<end].filter { frame in
            guard let through, let covered = frame.header.through else { return true }
            return covered <= through
        }
    }

    /// Binary search for the first frame that is past something.
    private func firstIndex(where isPast: (FrameLocation) -> Bool) -> Int {
        var (low, high) = (0, frames.count)
        while low < high {
            let middle = (low + high) / 2
            if isPast(frames[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension FrameLocation {
    fileprivate func precedes(_ other: FrameLocation) -> Bool {
        (header.minute, header.lsn) < (other.header.minute, other.header.lsn)
    }
}
