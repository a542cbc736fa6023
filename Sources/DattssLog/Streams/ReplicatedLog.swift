package import DattssCore

/// The accepted log as a replicated stream: what is acknowledged survives the loss of the machine.
///
/// One message holds what is written together, as frames of the accepted lane. What blocks cover stays in the stream for a while all
/// the same, because this machine and its blocks may be lost: that long, and no longer, an empty folder gets everything back.
package final class ReplicatedLog: AcceptedLog {
    private let writer: StreamWriter
    /// What a folder still has of the time when its log was a lane.
    private let former: AcceptedLane
    private let frames = AcceptedFrames(frameBytes: FormatLimits.rawBytesTarget)
    private let keptMilliseconds: Int64
    private var index: StreamIndex
    private var next: LSN
    /// What lies before it is covered, and the stream does not say so yet.
    private var wantedMark: StreamPosition?
    private var underWay: (count: Int, minute: Minute, mark: StreamPosition?)?
    package private(set) var metrics = LaneMetrics()
    private var current: StreamStanding

    /// What a message has beside its batches, and more.
    private static let overheadBytesMax = 64 << 10

    /// - Parameters:
    ///   - owned: the stream, taken over and replayed.
    ///   - former: the lane of the folder.
    ///   - keptMilliseconds: how long what blocks cover stays in the stream.
    package init(_ owned: OwnedStream, former: AcceptedLane, keptMilliseconds: Int64) {
        (writer, index, next) = (owned.writer, owned.index, owned.next)
        (self.former, self.keptMilliseconds) = (former, keptMilliseconds)
        current = StreamStanding(name: owned.writer.stream.name, epoch: owned.claim)
    }

    package var standing: StreamStanding? { current }

    /// (Frames are compressed, which makes them smaller but for a little of what is random.)
    package var appendBytesMax: Int { writer.stream.messageBytesMax - Self.overheadBytesMax }

    package func begin(_ records: [(encoded: [UInt8], at: Timestamp)]) throws(LogError) -> AcceptedAppend {
        precondition(!records.isEmpty && underWay == nil, "an append of no records, or beside another one")
        var bytes = ByteWriter()
        var start = 0
        while start < records.count {
            let end = try frames.runEnd(records, from: start)
            let header = try frames.encode(records[start..<end], lsn: next.advanced(by: start), into: &bytes)
            metrics.frames += 1
            metrics.rawBytes += header.rawLength
            start = end
        }
        guard bytes.count <= appendBytesMax else {
            throw LogError(
                .overLimit, expected: "batches of at most \(appendBytesMax) bytes, which is what the engine takes in a message",
                found: "\(bytes.count)")
        }
        metrics.compressedBytes += bytes.count
        underWay = (records.count, records[0].at.minute, wantedMark)
        return .underWay(
            PendingAppend(writer: writer, first: next, count: records.count, frames: bytes.bytes, mark: wantedMark))
    }

    package func end(_ outcome: PendingAppend.Outcome) -> LSN {
        guard let ended = underWay else { preconditionFailure("the end of an append that did not begin") }
        underWay = nil
        let first = next
        guard case .written(let position) = outcome else {
            metrics.failedAppends += 1
            return first
        }
        if ended.mark == wantedMark { wantedMark = nil }
        index.note(StreamIndex.Entry(minute: ended.minute, position: position, first: first))
        next = first.advanced(by: ended.count)
        current.last = position
        current.messages += 1
        return first
    }

    // The engine answers when what it stores is on the disks of most of its servers.
    package func sync() throws(LogError) { try former.sync() }
    package func beginSync() throws(LogError) -> PendingSync? { try former.beginSync() }
    package func endSync(_ outcome: PendingSync.Outcome) throws(LogError) { try former.endSync(outcome) }

    package func letGo(through: LSN, before: Timestamp, after: Timestamp) throws(LogError) {
        if let position = index.retire(through: through, before: before.advanced(byMilliseconds: -keptMilliseconds)) {
            (wantedMark, current.kept) = (position, position)
        }
        try former.retire(through: through, before: before, after: after)
    }
}
