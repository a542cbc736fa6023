internal import DattssCore

/// The headers of a whole lane, and what can be told from them alone.
struct LaneScan {
    let lane: Lane
    private(set) var segments: [SegmentScan] = []
    private(set) var findings: [Finding] = []

    init(_ lane: Lane, directory: String, _ fileSystem: any FileSystem) throws(LogError) {
        self.lane = lane
        for sequence in try LogLayout.sequences(of: lane, in: directory, fileSystem) {
            let segment = try SegmentScan(lane, sequence: sequence, directory: directory, fileSystem)
            segments.append(segment)
            findings += segment.findings
        }
    }

    /// Every frame, in the order of LSNs; several places for one that was copied.
    var frames: [FrameLocation] {
        segments.flatMap(\.frames).sorted {
            ($0.header.lsn, $0.segment, UInt64($0.offset)) < ($1.header.lsn, $1.segment, UInt64($1.offset))
        }
    }

    /// Where the lane's last segment has to end for appending to be able to go on, when that is before its end: a torn
    /// frame goes, and with it the parts before it of a block that is now incomplete. Older segments stay as they are.
    var cut: (path: String, offset: Int, bytes: Int)? {
        guard let last = segments.last else { return nil }
        var end = last.tornOffset ?? last.size
        var remaining = last.frames[...]
        if let frame = remaining.last, frame.end == end, frame.header.part < frame.header.parts {
            let block = frame.blockLSN
            while let part = remaining.last, part.end == end, part.blockLSN == block {
                end = part.offset
                remaining = remaining.dropLast()
            }
        }
        return end < last.size ? (last.path, end, last.size - end) : nil
    }

    /// Where a lane goes on after the cut.
    func state(throughMax: LSN = .zero) -> LaneState {
        var state = LaneState()
        let cut = cut
        var next = throughMax.advanced(by: 1)
        for segment in segments {
            let end = segment.path == cut?.path ? cut?.offset ?? segment.size : segment.size
            var summary = SegmentSummary(sequence: segment.sequence, bytes: end)
            summary.day = lane == .minutes ? segment.header?.day : nil
            summary.isDamaged = segment.findings.contains { $0.kind != .tornTail }
            summary.note(segment.frames.lazy.filter { $0.end <= end }.map(\.header))
            state.segments.append(summary)
            state.nextSequence = segment.sequence + 1
            next = max(next, max(summary.lastLSN ?? .zero, segment.lostLSN).advanced(by: 1), segment.header?.firstLSN ?? .zero)
        }
        state.nextLSN = next
        return state
    }
}

/// A block or checkpoint, of which every part was found at least once.
struct BlockLocation {
    /// For each part in order, the places where it is.
    var parts: [[FrameLocation]]

    var header: FrameHeader { parts[0][0].header }
    var first: FrameLocation { parts[0][0] }

    /// Puts the parts together, each once however often it is there.
    /// - Parameter frames: sorted by LSN.
    static func all(
        _ frames: [FrameLocation]
    ) -> (complete: [BlockLocation], incomplete: [FrameLocation], duplicates: [FrameLocation]) {
        var complete: [BlockLocation] = []
        var incomplete: [FrameLocation] = []
        var duplicates: [FrameLocation] = []
        var parts: [[FrameLocation]] = []
        func close() {
            guard let first = parts.first?.first else { return }
            if first.header.part == 1, parts.count == Int(first.header.parts) {
                complete.append(BlockLocation(parts: parts))
            } else {
                incomplete += parts.map { $0[0] }
            }
            parts = []
        }
        for frame in frames {
            if let last = parts.last?.first, last.header.lsn == frame.header.lsn {
                parts[parts.count - 1].append(frame)
                duplicates.append(frame)
                continue
            }
            if let last = parts.last?.first, !last.isFollowed(by: frame) { close() }
            parts.append([frame])
        }
        close()
        return (complete, incomplete, duplicates)
    }
}

extension FrameLocation {
    fileprivate func isFollowed(by next: FrameLocation) -> Bool {
        let (a, b) = (header, next.header)
        return b.part == a.part &+ 1 && b.parts == a.parts && b.kind == a.kind && b.minute == a.minute
            && b.through == a.through && b.lsn == a.lsn.advanced(by: 1)
    }
}
