internal import DattssCore

/// Makes frames of records: those of the accepted lane, which are also those of a stream's messages.
struct AcceptedFrames {
    // Frames are small and live for minutes: to make them a twentieth smaller would take half as long again.
    private let encoder = FrameEncoder(level: -1)
    private let frameBytes: Int

    /// - Parameter frameBytes: where another frame begins, before compression.
    init(frameBytes: Int) { self.frameBytes = frameBytes }

    /// The end of the records from `start` on that share a minute and fit into a frame.
    func runEnd(_ records: [(encoded: [UInt8], at: Timestamp)], from start: Int) throws(LogError) -> Int {
        let minute = records[start].at.minute
        var bytes = 0
        var end = start
        while end < records.count, records[end].at.minute == minute {
            bytes += records[end].encoded.count + AcceptedPayload.recordOverheadBytesMax
            if end > start, bytes > frameBytes { break }
            end += 1
        }
        return end
    }

    /// Appends the frame of such records.
    /// - Returns: its header.
    func encode(
        _ records: ArraySlice<(encoded: [UInt8], at: Timestamp)>, lsn: LSN, into frame: inout ByteWriter
    ) throws(LogError) -> FrameHeader {
        var payload = ByteWriter()
        payload.append(AcceptedPayload.version)
        for record in records { AcceptedPayload.appendRecord(record.encoded, at: record.at, to: &payload) }
        return try encoder.encode(
            FrameEncoder.Payload(raw: payload.bytes, recordCount: records.count), kind: .accepted, lsn: lsn,
            minute: records[records.startIndex].at.minute, through: nil, into: &frame)
    }
}
