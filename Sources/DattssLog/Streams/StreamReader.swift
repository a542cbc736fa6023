package import DattssCore

/// What a start needs to know to write to a stream that it has taken over.
package struct OwnedStream: Sendable {
    package let writer: StreamWriter
    package let claim: StreamPosition
    package let index: StreamIndex
    /// The LSN of the next batch.
    package let next: LSN

    package init(writer: StreamWriter, claim: StreamPosition, index: StreamIndex, next: LSN) {
        (self.writer, self.claim, self.index, self.next) = (writer, claim, index, next)
    }
}

/// Reads the batches of a stream up to an own claim, as far as a folder does not have them in its blocks.
///
/// Where that begins is found by halving: positions and LSNs grow together. Batches of the last minutes are read also when blocks have
/// them, because rolling windows and the suppression of duplicates are made of them.
package struct StreamReader {
    package enum Step: Sendable {
        case batches([AcceptedBatch])
        /// What was read is not what is there any more: begin again, with the folder.
        case again
        case end
    }

    private let stream: any ReplicatedStream
    private let claim: StreamPosition
    private var replay: StreamReplay
    private var names = NameCache()
    private let decompressor = ZstdDecompressor()
    private var expected: LSN?
    private var isBehindDamage = false
    private var waits = 0
    /// Where the batches of each minute are.
    package private(set) var index = StreamIndex()
    /// Messages that cannot be read.
    package private(set) var findings: [Finding] = []
    /// The LSN behind the last batch of the stream; nil when it has none.
    package private(set) var next: LSN?

    private static let waitsMax = 100
    private static let seedsOfIndex: Int64 = 8

    /// - Parameters:
    ///   - claim: the position of the own claim.
    ///   - known: the last LSN that the folder has, in blocks or otherwise.
    ///   - through: the last LSN that its blocks cover.
    ///   - horizon: batches of this time and later are read in any case.
    ///   - kept: what is older may be let go.
    package init(
        _ stream: any ReplicatedStream, claim: StreamPosition, known: LSN, through: LSN, horizon: Timestamp, kept: Timestamp
    ) async throws(LogError) {
        (self.stream, self.claim) = (stream, claim)
        let first = try await stream.bounds().first
        guard let head = try await Self.batches(of: stream, from: first, before: claim), head.first <= known.advanced(by: 1) else {
            // Nothing, or nothing that goes on where the folder ends: what is missing has to be explained by a mark.
            replay = try StreamReplay(covered: .zero, claim: claim)
            return
        }
        var skipped: LSN?
        let start = try await Self.search(stream, head.position, claim) { batches in
            let behind = batches.first.advanced(by: batches.count)
            if behind > through.advanced(by: 1) || batches.minute >= horizon.minute { return true }
            skipped = max(skipped ?? behind, behind)
            return false
        }
        replay = try StreamReplay(covered: start.previous, claim: claim)
        (expected, next) = (skipped, skipped)
        guard start > head.position else { return }
        // (What is skipped was let go neither, and will have to be some time.)
        for seed in 0..<Self.seedsOfIndex {
            let age = horizon.milliseconds - kept.milliseconds
            let time = kept.advanced(byMilliseconds: age * seed / Self.seedsOfIndex)
            let position = try await Self.search(stream, head.position, start) { $0.minute >= time.minute }
            guard let found = try await Self.batches(of: stream, from: position, before: start) else { continue }
            index.note(StreamIndex.Entry(minute: found.minute, position: found.position, first: found.first))
        }
    }

    /// Positions that are behind the folder's blocks and gone, with the consent of whoever owned the stream then.
    package var missing: ClosedRange<StreamPosition>? { replay.missing }

    /// The batches of the next message that has any.
    /// - Throws: when the stream has lost what it had acknowledged, belongs to somebody else by now, or cannot be read.
    package mutating func step() async throws(LogError) -> Step {
        while true {
            guard let message = try await stream.message(from: replay.next) else {
                try replay.takeEnd()
                waits += 1
                try Self.expectMore(of: stream, at: replay.next, waits)
                await stream.pause()
                continue
            }
            switch try replay.take(message.record, at: message.position) {
            case .skip: noteUnreadable(message)
            case .apply(let first, let count, let frames):
                if let batches = try decode(frames, first, count, at: message.position) { return .batches(batches) }
            case .restart: return .again
            case .done: return .end
            case .superseded:
                throw LogError(.refused, expected: "to own \(stream.name)", found: "another server that has taken it over since")
            }
        }
    }

    /// The claim is there, and so is what lies before it: whoever says otherwise lags behind, for a while.
    private static func expectMore(of stream: any ReplicatedStream, at position: StreamPosition, _ waits: Int) throws(LogError) {
        guard waits > waitsMax else { return }
        throw LogError(.malformed, expected: "message \(position.value) of \(stream.name)", found: "none that can be read")
    }

    private mutating func noteUnreadable(_ message: StreamMessage) {
        guard message.record == nil else { return }
        note(at: message.position, bytes: 0, "a message of which the checksum is wrong")
    }

    private mutating func note(at position: StreamPosition, bytes: Int, _ problem: String) {
        isBehindDamage = true
        findings.append(
            Finding(.corruptFrame, file: stream.name, offset: Int(clamping: position.value), bytes: bytes, problem: problem))
    }

    private mutating func decode(
        _ frames: [UInt8], _ first: LSN, _ count: Int, at position: StreamPosition
    ) throws(LogError) -> [AcceptedBatch]? {
        if let expected, first < expected || first > expected && !isBehindDamage {
            throw LogError(
                .malformed, expected: "LSN \(expected.value) in message \(position.value) of \(stream.name)",
                found: "\(first.value)")
        }
        let behind = first.advanced(by: count)
        (expected, next) = (behind, behind)
        do throws(LogError) {
            let batches = try StreamFrames.batches(frames, first: first, count: count, &names, decompressor)
            isBehindDamage = false
            if let batch = batches.first {
                index.note(StreamIndex.Entry(minute: batch.at.minute, position: position, first: first))
            }
            return batches
        } catch {
            note(at: position, bytes: frames.count, error.description)
            return nil
        }
    }
}

// MARK: - Finding the beginning

extension StreamReader {
    private typealias Batches = (position: StreamPosition, first: LSN, count: Int, minute: Minute)

    /// What is known of the first message of batches at `position` or later.
    private static func batches(
        of stream: any ReplicatedStream, from position: StreamPosition, before end: StreamPosition
    ) async throws(LogError) -> Batches? {
        var next = position
        var waits = 0
        while next < end {
            guard let message = try await stream.message(from: next) else {
                waits += 1
                try expectMore(of: stream, at: next, waits)
                await stream.pause()
                continue
            }
            guard message.position < end else { break }
            if case .batches(_, let first, let count, let frames) = message.record,
                let minute = StreamFrames.minute(of: frames)
            {
                return (message.position, first, count, minute)
            }
            next = message.position.next
        }
        return nil
    }

    /// The first position in low…high from which on everything is wanted.
    private static func search(
        _ stream: any ReplicatedStream, _ low: StreamPosition, _ high: StreamPosition, isWanted: (Batches) -> Bool
    ) async throws(LogError) -> StreamPosition {
        var (low, high) = (low, high)
        while low < high {
            let middle = StreamPosition(low.value + (high.value - low.value) / 2)
            if let found = try await batches(of: stream, from: middle, before: high), !isWanted(found) {
                low = found.position.next
            } else {
                high = middle
            }
        }
        return low
    }
}

/// The frames that a message of batches contains.
enum StreamFrames {
    /// The minute of the first frame; nil for what is none.
    static func minute(of frames: [UInt8]) -> Minute? {
        do throws(LogError) { return try FrameHeader(decoding: frames).minute } catch { return nil }
    }

    /// All batches, or none: what follows one that cannot be read is not to be trusted either.
    static func batches(
        _ frames: [UInt8], first: LSN, count: Int, _ names: inout NameCache, _ decompressor: ZstdDecompressor
    ) throws(LogError) -> [AcceptedBatch] {
        var batches: [AcceptedBatch] = []
        var offset = 0
        while offset < frames.count {
            let header = try FrameHeader(decoding: frames, at: offset)
            let payload = offset + FrameHeader.byteCount..<offset + header.frameLength
            guard header.kind == .accepted, payload.upperBound <= frames.count else {
                throw LogError(.malformed, expected: "a whole accepted frame", found: "\(frames.count - offset) bytes")
            }
            let checksum = CRC32C.checksum(frames, in: payload)
            guard checksum == header.payloadChecksum else {
                throw .checksum(of: "the payload", expected: header.payloadChecksum, found: checksum)
            }
            let raw = try decompressor.decompress(Array(frames[payload]), rawLength: header.rawLength)
            try AcceptedPayload.decode(raw, header: header, &names) { (batch) throws(LogError) in batches.append(batch) }
            offset = payload.upperBound
        }
        guard batches.count == count, batches.indices.allSatisfy({ batches[$0].lsn == first.advanced(by: $0) }) else {
            throw LogError(
                .malformed, expected: "\(count) batches from LSN \(first.value) on", found: "\(batches.count)")
        }
        return batches
    }
}
