internal import DattssCore

/// The minutes of a day, or its hours, in which a user had any aggregate at all: in these a silent counter is a zero.
///
///     n │ n × (slots since the end of the run before │ length of the run less one)        varints
struct SealedActivity: Equatable {
    let step: SealedStep
    private var words: [UInt64]

    /// n, and at most one run for every other slot, each of two varints of at most two bytes.
    static let byteCountMax = 2 + Int(Minute.perDay) / 2 * 4

    init(_ step: SealedStep) {
        self.step = step
        words = Array(repeating: 0, count: (step.slotsPerDay + 63) / 64)
    }

    mutating func insert(slot: Int) { words[slot >> 6] |= 1 << UInt64(slot & 63) }

    /// Inserts the slots of points.
    mutating func insert(_ points: [HistorySlice.Point]) {
        // Through a buffer: out of an array a point would be copied, to look at its minute.
        points.withUnsafeBufferPointer { points in
            for position in points.indices { insert(slot: step.slot(of: points[position].minute)) }
        }
    }

    mutating func formUnion(_ other: SealedActivity) {
        precondition(step == other.step)
        for index in words.indices { words[index] |= other.words[index] }
    }

    func contains(slot: Int) -> Bool { words[slot >> 6] >> UInt64(slot & 63) & 1 == 1 }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    private var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        for slot in 0..<step.slotsPerDay where contains(slot: slot) {
            if let last = runs.last, last.upperBound == slot {
                runs[runs.count - 1] = last.lowerBound..<slot + 1
            } else {
                runs.append(slot..<slot + 1)
            }
        }
        return runs
    }

    var encoded: [UInt8] {
        var writer = ByteWriter()
        let runs = runs
        writer.appendVarint(runs.count)
        var end = 0
        for run in runs {
            writer.appendVarint(run.lowerBound - end)
            writer.appendVarint(run.count - 1)
            end = run.upperBound
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8], _ step: SealedStep) throws(LogError) {
        self.init(step)
        for run in try Self.runs(decoding: bytes, step) {
            for slot in run { insert(slot: slot) }
        }
    }

    /// The active slots, without a bit for each.
    static func runs(decoding bytes: [UInt8], _ step: SealedStep) throws(LogError) -> [Range<Int>] {
        var reader = ByteReader(bytes)
        let count = try reader.count("runs of activity", bytesEach: 2)
        var runs: [Range<Int>] = []
        runs.reserveCapacity(count)
        let slots = UInt64(step.slotsPerDay)
        var end: UInt64 = 0
        for _ in 0..<count {
            let gap = try reader.varint("gap in the activity")
            let length = try reader.varint("run of activity")
            guard gap <= slots, length < slots, end + gap + length < slots else {
                throw reader.malformed("run of activity", "within a day", "gap \(gap), length \(length)")
            }
            runs.append(Int(end + gap)..<Int(end + gap + length + 1))
            end += gap + length + 1
        }
        try reader.expectEnd("activity")
        return runs
    }
}
