internal import DattssCore
internal import Synchronization

/// The names of the minute lane's segments, read when first needed and shared by all readers of a data folder.
///
/// The names of a frame are in frames before it in its segment, see ``SegmentNaming``. Invariant: a table is only ever
/// filled from frames up to the end of one that somebody asks for. What a writer is still writing, and may take back, lies
/// behind all of those.
///
/// Safe to use from many threads.
final class SegmentNames: Sendable {
    /// Together the tables in memory have at most about as many names.
    private static let namesMax = SegmentNaming.idsTarget

    /// The segments read from last, the latest at the end.
    private let segments = Mutex<[NamesOfSegment]>([])

    init() {}

    /// The names that a frame needs, and others of its segment, as far as they can be read.
    /// - Parameter dictionary: see ``BlockPartReader/dictionary(of:_:)``.
    /// - Returns: no frame of that dictionary up to `end` needs more than these.
    func table(
        for frame: FrameLocation, dictionary: LSN, _ payloads: PayloadReader
    ) throws(LogError) -> (names: NameTable, end: Int) {
        let names = segments.withLock { segments in
            let position = segments.firstIndex { $0.segment == frame.segment }
            let names = position.map { segments.remove(at: $0) } ?? NamesOfSegment(frame.segment, path: payloads.path(of: frame))
            segments.append(names)
            while segments.count > 1, segments.reduce(0, { $0 + $1.count }) > Self.namesMax { segments.removeFirst() }
            return names
        }
        return try names.table(of: dictionary, through: frame.end, payloads)
    }

    /// Forgets a segment that is deleted.
    func remove(segment: UInt64) {
        segments.withLock { $0.removeAll { $0.segment == segment } }
    }
}

/// The names in one segment's file. It has one dictionary, and others where the disk wrote sectors to the wrong place.
private final class NamesOfSegment: Sendable {
    let segment: UInt64
    private let nameCount = Atomic<Int>(0)
    private let state: Mutex<(scan: SegmentScan, tables: [LSN: NameTable])>

    init(_ segment: UInt64, path: String) {
        self.segment = segment
        state = Mutex((SegmentScan(.minutes, sequence: segment, path: path), [:]))
    }

    var count: Int { nameCount.load(ordering: .relaxed) }

    /// - Parameter end: of a frame that is there for good.
    func table(
        of dictionary: LSN, through end: Int, _ payloads: PayloadReader
    ) throws(LogError) -> (names: NameTable, end: Int) {
        try state.withLock { (state) throws(LogError) in
            if state.scan.size < end {
                var scan = state.scan
                try payloads.read(&scan, to: end)
                var names: [(LSN, [SegmentName])] = []
                for frame in scan.frames where frame.header.hasNames {
                    if let found = try Self.names(of: frame, payloads) { names.append(found) }
                }
                scan.removeFrames()
                state.scan = scan
                for (dictionary, names) in names { state.tables[dictionary, default: NameTable()].add(names) }
                nameCount.store(state.tables.values.reduce(0) { $0 + $1.count }, ordering: .relaxed)
            }
            return (state.tables[dictionary] ?? NameTable(), state.scan.size)
        }
    }

    /// nil for a frame that cannot be read: it is reported where its rows are asked for, and its names have copies.
    private static func names(of frame: FrameLocation, _ payloads: PayloadReader) throws(LogError) -> (LSN, [SegmentName])? {
        do throws(LogError) {
            let raw = try payloads.payload(of: frame)
            return (try BlockPartReader.dictionary(of: frame.header, raw), try BlockPartReader.names(in: raw))
        } catch {
            if error.code == .fileSystem { throw error }
            return nil
        }
    }
}
