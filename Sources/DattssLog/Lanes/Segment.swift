internal import DattssCore

/// A segment that this process began, with its open file.
final class Segment {
    let file: any File
    let firstMinute: Minute
    private(set) var summary: SegmentSummary

    /// - Parameter day: nil in the accepted lane.
    init(file: any File, sequence: UInt64, firstMinute: Minute, day: Int64?) {
        self.file = file
        self.firstMinute = firstMinute
        summary = SegmentSummary(sequence: sequence, bytes: SegmentHeader.byteCount, day: day)
    }

    /// Writes whole frames. What is there when it throws is undefined until ``restore(_:)``.
    func write(_ bytes: [UInt8], _ headers: [FrameHeader]) throws(LogError) {
        try logged { () throws(FileSystemError) in try file.writeAll(bytes) }
        summary.note(headers)
        summary.bytes += bytes.count
    }

    /// Goes back to an earlier state.
    func restore(_ earlier: SegmentSummary) throws(LogError) {
        try logged { () throws(FileSystemError) in try file.truncate(to: earlier.bytes) }
        summary = earlier
    }
}

extension SegmentSummary {
    /// Takes in frames that the segment holds; the bytes are counted elsewhere.
    mutating func note(_ headers: some Sequence<FrameHeader>) {
        for header in headers {
            frames += 1
            lastLSN = max(lastLSN ?? .zero, header.lastLSN)
            firstMinute = min(firstMinute ?? header.minute, header.minute)
            lastMinute = max(lastMinute ?? header.minute, header.minute)
            if header.kind == .checkpoint { holdsCheckpoint = true }
            if header.kind == .minutes { blockFrames += 1 }
        }
    }
}

extension FrameHeader {
    /// The LSN of the last record of an accepted frame; of another frame, its own.
    var lastLSN: LSN { kind == .accepted && recordCount > 0 ? lsn.advanced(by: Int(recordCount) - 1) : lsn }
}
