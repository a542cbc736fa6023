internal import DattssCore

/// The points of one statistic on their way into chunks: old ones, and new ones that are put in between by minute.
///
/// In a minute old points come first: they were written first.
struct SealingSeries {
    private let key: StatisticKey
    private let writer: SealedFileWriter?
    private let file: SealedFile?
    private var oldChunks: ArraySlice<SealedChunk>
    private var oldPoints: ArraySlice<HistorySlice.Point> = []
    private var chunk = SealedChunks()
    /// Is given every point, too.
    var hours: SealingHours?

    /// - Parameters:
    ///   - writer: nil when points only go to the hours.
    ///   - chunks: of `file`, and readable.
    init(_ writer: SealedFileWriter?, _ key: StatisticKey, after chunks: [SealedChunk], of file: SealedFile?) {
        self.writer = writer
        self.key = key
        self.file = file
        oldChunks = chunks[...]
    }

    /// New points come by minute.
    mutating func append(_ point: HistorySlice.Point) throws(LogError) {
        if hasOld {
            while let old = try nextOld(), old.minute <= point.minute {
                oldPoints.removeFirst()
                try write(old)
            }
        }
        try write(point)
    }

    mutating func finish() throws(LogError) {
        while let old = try nextOld() {
            oldPoints.removeFirst()
            try write(old)
        }
        if let writer { try writer.append(&chunk, of: key) }
        try hours?.finish()
    }

    private var hasOld: Bool { !oldPoints.isEmpty || !oldChunks.isEmpty }

    private mutating func nextOld() throws(LogError) -> HistorySlice.Point? {
        while oldPoints.isEmpty, let next = oldChunks.popFirst(), let file {
            oldPoints = try file.decode(next.bytes, next.entry, withSketches: true)[...]
        }
        return oldPoints.first
    }

    private mutating func write(_ point: HistorySlice.Point) throws(LogError) {
        if let writer {
            if chunk.isFull { try writer.append(&chunk, of: key) }
            chunk.append(point)
        }
        try hours?.append(point)
    }
}

/// The hours of one statistic on their way into chunks.
struct SealingHours {
    private let writer: SealedFileWriter
    private let key: StatisticKey
    private var series: HourSeries
    private var chunk = SealedChunks()

    init(_ writer: SealedFileWriter, _ key: StatisticKey) {
        self.writer = writer
        self.key = key
        series = HourSeries(day: writer.day)
    }

    mutating func append(_ point: HistorySlice.Point) throws(LogError) {
        if let hour = series.append(point) { try write(hour) }
    }

    mutating func finish() throws(LogError) {
        if let hour = series.finish() { try write(hour) }
        try writer.append(&chunk, of: key)
    }

    private mutating func write(_ hour: HistorySlice.Point) throws(LogError) {
        if chunk.isFull { try writer.append(&chunk, of: key) }
        chunk.append(hour)
    }
}

extension SealedFileWriter {
    /// Writes the points of a chunk, if there are any, and empties it.
    func append(_ chunk: inout SealedChunks, of key: StatisticKey) throws(LogError) {
        guard let first = chunk.points.first?.minute, let last = chunk.points.last?.minute else { return }
        note(chunk.points)
        let (a, b) = (step.slot(of: first), step.slot(of: last))
        try append(
            ChunkCodec.encode(chunk.points, origin: SealedStep.origin(ofDay: day)), of: key, points: chunk.points.count,
            slots: min(a, b)...max(a, b))
        chunk.removeAll()
    }
}
