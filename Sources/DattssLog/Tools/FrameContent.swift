internal import DattssCore

/// A decoded frame of any kind.
enum FrameContent {
    case accepted([AcceptedBatch])
    case minutes([UserMinute])
    case checkpoint(at: Timestamp, users: [UserCheckpoint])
}

/// Decodes the frames of one lane. Owned by one reader.
final class FrameContentReader {
    private let payloads: PayloadReader
    private let blocks: BlockPayloads

    init(_ lane: Lane, fileSystem: any FileSystem, directory: String) {
        payloads = PayloadReader(lane, fileSystem: fileSystem, directory: directory)
        blocks = BlockPayloads(fileSystem: fileSystem, directory: directory)
    }

    func path(of frame: FrameLocation) -> String { payloads.path(of: frame) }

    func content(of frame: FrameLocation) throws(LogError) -> FrameContent {
        switch frame.header.kind {
        case .accepted:
            var batches: [AcceptedBatch] = []
            try AcceptedPayload.decode(try payloads.payload(of: frame), header: frame.header) {
                (batch) throws(LogError) in batches.append(batch)
            }
            return .accepted(batches)
        case .minutes:
            return .minutes(try blocks.users(of: frame))
        case .checkpoint:
            let (at, users) = try CheckpointCodec.decode(try payloads.payload(of: frame))
            try frame.header.expect(statistics: users.reduce(0) { $0 + $1.totals.count })
            return .checkpoint(at: at, users: users)
        }
    }
}
