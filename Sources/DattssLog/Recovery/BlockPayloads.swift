internal import DattssCore

/// Reads parts of minute blocks, whatever version wrote them. Owned by one reader.
///
/// It keeps open the file that it has read from last, so asking for frames in their order is cheap.
final class BlockPayloads {
    private let payloads: PayloadReader

    init(fileSystem: any FileSystem, directory: String) {
        payloads = PayloadReader(.minutes, fileSystem: fileSystem, directory: directory)
    }

    func path(of frame: FrameLocation) -> String { payloads.path(of: frame) }

    /// All that a part holds. The first user may continue the last one of the part before.
    func users(of frame: FrameLocation) throws(LogError) -> [UserMinute] {
        let users = try MinuteBlockCodec.decode(try payloads.payload(of: frame))
        try frame.header.expect(statistics: users.reduce(0) { $0 + $1.aggregates.count })
        return users
    }

    /// One statistic, decoding as little as possible; and whether the user has anything in this part.
    func statistic(
        _ key: StatisticKey, of user: UserID, in frame: FrameLocation
    ) throws(LogError) -> (aggregate: Aggregate?, isActive: Bool) {
        var isActive = false
        for section in try MinuteBlockCodec.sections(of: user, in: try payloads.payload(of: frame)) {
            isActive = isActive || section.count > 0
            if let aggregate = try section.aggregate(of: key.kind, path: Array(key.path.utf8)) { return (aggregate, isActive) }
        }
        return (nil, isActive)
    }

    /// The statistics of a user in this part.
    func keys(of user: UserID, in frame: FrameLocation) throws(LogError) -> [StatisticKey] {
        var keys: [StatisticKey] = []
        for section in try MinuteBlockCodec.sections(of: user, in: try payloads.payload(of: frame)) {
            keys += try section.keys()
        }
        return keys
    }
}
