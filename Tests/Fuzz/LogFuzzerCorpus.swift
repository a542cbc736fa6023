import DattssCore
import LibC

@testable import DattssLog

/// Called by libFuzzer before it begins: writes an input of every decoder into the folder that `DATTSS_CORPUS` names, for the
/// fuzzer to start from.
@_cdecl("LLVMFuzzerInitialize")
public func writeCorpus(_ count: UnsafeMutableRawPointer, _ arguments: UnsafeMutableRawPointer) -> CInt {
    guard let folder = getenv("DATTSS_CORPUS").map({ String(cString: $0) }) else { return 0 }
    for (position, decoder) in LogDecoder.allCases.enumerated() {
        for (number, bytes) in decoder.examples.enumerated() {
            let file = try? POSIXFileSystem().open("\(folder)/\(decoder)-\(number)", .appendingToNew)
            try? file?.writeAll([UInt8(position)] + bytes)
        }
    }
    return 0
}

extension LogDecoder {
    fileprivate var examples: [[UInt8]] {
        switch self {
        case .batch: Self.aggregates.map { BatchCodec.encode(user: Self.user, batch: Batch(partials: [Partial(Self.key, $0)])) }
        case .acceptedPayload:
            LogDecoder.batch.examples.map { record in
                var payload = ByteWriter()
                payload.append(1)
                for _ in 0..<2 { AcceptedPayload.appendRecord(record, at: Minute(0).start, to: &payload) }
                return payload.bytes
            }
        case .block:
            Self.aggregates.compactMap { aggregate in
                let users = [UserMinute(user: Self.user, aggregates: [Partial(Self.key, aggregate)])]
                let block = MinuteBlock(minute: Minute(0), through: nil, users: users)
                let naming = SegmentNaming(firstLSN: LSN(1))
                return try? naming.draft(block, lsn: LSN(1), targetBytes: 1 << 20).parts.first?.raw
            }
        case .checkpoint:
            CheckpointCodec.encode(
                Checkpoint(
                    at: Minute(0).start, through: LSN(1),
                    users: [
                        UserCheckpoint(
                            user: Self.user,
                            totals: [
                                UserCheckpoint.StatisticTotals(
                                    key: Self.key,
                                    totals: StatusTotals(sum: 1, last: 0.5, seen: Minute(0).start, isEmphasised: false))
                            ], clients: [ClientWindow(client: "c", window: SequenceWindow(first: 1))])
                    ])
            ).map(\.raw)
        case .chunk:
            Self.aggregates.map { aggregate in
                let minutes = [0, 1, 2, 60, 1439].map { Minute(29_921_760 + $0) }
                return ChunkCodec.encode(
                    minutes.map { HistorySlice.Point(minute: $0, aggregate: aggregate) }, origin: Minute(29_921_760))
            }
        case .sealedDirectory: [[0]]
        case .sealedIndex: [SealedIndex.encode([])]
        case .sealedActivity: [SealedActivity(.minute).encoded]
        case .zstd: [(try? ZstdCompressor(level: 1).compress([UInt8](repeating: 7, count: 100))) ?? []]
        case .sealedFooter: [SealedFooter(step: .minute, day: 0, covered: LSN(1), through: nil).encoded]
        case .frameHeader: [[UInt8]()]
        case .segmentHeader: [SegmentHeader(lane: .accepted, sequence: 1, firstLSN: LSN(1), day: 0).encoded]
        }
    }

    private static let user = UserID("local")!
    private static let key = StatisticKey(.timer, "db.query")

    /// A single sample, numbers of all sorts, a sketch.
    private static var aggregates: [Aggregate] {
        var sketch = Sketch()
        for value in [-4, 0, 1, 2, 2, 12.5] { sketch.add(value) }
        return [
            Aggregate(sample: 1),
            Aggregate(sum: 6.25, count: 3, max: 1e300, min: -0.0, first: 0x1p53, last: 2.25, bottom: 0.5, top: 4, fraction: 0.25),
            Aggregate(sum: 13.5, count: 6, max: 12.5, min: -4, first: -4, last: 2, bottom: -4, top: 12.5, sketch: sketch),
        ]
    }
}
