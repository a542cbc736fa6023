internal import DattssCore

/// The rows of all blocks of a day that its sealed files do not contain yet.
struct DayCollection {
    /// What the files before cover: frames up to there are no news to them.
    let coveredInMinutes: LSN
    let coveredInHours: LSN
    let spill: RowSpill
    private var numbers = StatisticNumbers()
    private var buffer: RowBuffer
    private(set) var findings: [Finding] = []
    /// Segments with something in them that is unreadable.
    private(set) var damagedSegments: Set<UInt64> = []
    private(set) var frameCount = 0
    private(set) var rowCount = 0

    /// Rows between two breaths.
    private static let rowsAtOnce = 2048

    init(coveredInMinutes: LSN, coveredInHours: LSN, bufferBytes: Int, spill: RowSpill) {
        self.coveredInMinutes = coveredInMinutes
        self.coveredInHours = coveredInHours
        self.spill = spill
        buffer = RowBuffer(capacityBytes: bufferBytes)
    }

    /// Takes in a frame; frames come by minute, then by LSN. One that cannot be read is told and left out.
    mutating func add(
        _ frame: FrameLocation, _ blocks: BlockPayloads, _ pace: SealingPace, excluding isExcluded: (UserID) -> Bool
    ) throws(LogError) {
        let rows: BlockRows
        do throws(LogError) {
            rows = try blocks.rows(of: frame)
        } catch {
            findings.append(try Finding(frame, error, path: blocks.path(of: frame)))
            damagedSegments.insert(frame.segment)
            return
        }
        frameCount += 1
        let origin = SealOrigin(
            slot: SealedStep.minute.slot(of: frame.header.minute), isNewInMinutes: frame.header.lsn > coveredInMinutes,
            isNewInHours: frame.header.lsn > coveredInHours)
        let rowNumbers = numbers.numbers(of: rows, excluding: isExcluded)
        // A buffer, because to take an aggregate out of an array is to copy it.
        try rows.aggregates.withUnsafeBufferPointer { (aggregates) throws(LogError) in
            for (row, number) in rowNumbers.enumerated() where number != StatisticNumbers.excluded {
                if buffer.isFull {
                    try spill.append(buffer, order: numbers.inOrder())
                    buffer.removeAll()
                }
                buffer.append(aggregates[row], origin, of: Int(number))
                rowCount += 1
                if rowCount % Self.rowsAtOnce == 0 { pace.breathe() }
            }
        }
    }

    /// Takes in what the headers of a segment tell that is damaged.
    /// - Parameter lastLSN: of the frames that are known; what comes after may be being written right now.
    mutating func note(_ scan: SegmentScan, lastLSN: LSN) {
        let incomplete = BlockLocation.all(scan.frames).incomplete.filter { $0.header.lsn <= lastLSN }
        let damage = scan.findings.filter { $0.kind != .tornTail }
        findings += damage + incomplete.map { Finding(incompletePart: $0, path: scan.path) }
        if !damage.isEmpty || !incomplete.isEmpty { damagedSegments.insert(scan.sequence) }
    }

    /// All rows, by user and key. To be asked once, at the end.
    mutating func merged(memoryBytes: Int) throws(LogError) -> RowMerge {
        RowMerge(&numbers, runs: try spill.runs(memoryBytes: memoryBytes), buffer: buffer)
    }
}

/// Lets others have the processor and the disk while a day is being sealed, and hears when it is to stop.
final class SealingPace {
    private let shouldContinue: () -> Bool
    private(set) var isStopped = false

    init(_ shouldContinue: @escaping () -> Bool) { self.shouldContinue = shouldContinue }

    /// To be called every few milliseconds.
    func breathe() {
        if !isStopped, !shouldContinue() { isStopped = true }
    }
}
