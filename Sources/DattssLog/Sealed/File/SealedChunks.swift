internal import DattssCore

/// Cuts the points of one statistic into chunks, so that no chunk takes much memory however many points there are.
///
/// Where it cuts depends on the points alone: the same points always give the same chunks.
struct SealedChunks {
    /// A day of minutes has 1,440 points, unless minutes have several blocks.
    static let pointsMax = 8192
    /// How much decoded points may take, sketches included.
    private static let memoryBytesMax = 8 << 20

    private(set) var points: [HistorySlice.Point] = []
    private var memoryBytes = 0

    /// Whether the chunk is to be written before another point.
    var isFull: Bool { points.count >= Self.pointsMax || memoryBytes >= Self.memoryBytesMax }

    mutating func append(_ point: HistorySlice.Point) {
        points.append(point)
        memoryBytes += MemoryLayout<HistorySlice.Point>.stride
        if let sketch = point.aggregate.packedSketch { memoryBytes += 64 + 12 * sketch.bucketCount }
    }

    mutating func removeAll() {
        points.removeAll(keepingCapacity: true)
        memoryBytes = 0
    }
}
