internal import DattssCore

/// Reads parts of minute blocks, whatever version wrote them. Owned by one reader.
///
/// It keeps open the file that it has read from last, so asking for frames in their order is cheap.
final class BlockPayloads {
    private let payloads: PayloadReader
    private let names: SegmentNames
    /// The names used last; no frame up to `end` needs more.
    private var table: (segment: UInt64, dictionary: LSN, end: Int, names: NameTable)?
    /// The question asked last, of these names.
    private var search: Search?

    /// - Parameter names: shared by the readers of a data folder, so that each segment's names are read once.
    init(fileSystem: any FileSystem, directory: String, names: SegmentNames = SegmentNames()) {
        payloads = PayloadReader(.minutes, fileSystem: fileSystem, directory: directory)
        self.names = names
    }

    func path(of frame: FrameLocation) -> String { payloads.path(of: frame) }

    /// All that a part holds. The first user may continue the last one of the part before.
    func users(of frame: FrameLocation) throws(LogError) -> [UserMinute] {
        switch try part(frame) {
        case .version1(let raw): try MinuteBlockCodec.decode(raw, frame)
        case .version2(let part, _): try part.users()
        }
    }

    /// One statistic, decoding as little as possible; and whether the user has anything in this part.
    func statistic(
        _ key: StatisticKey, of user: UserID, in frame: FrameLocation
    ) throws(LogError) -> (aggregate: Aggregate?, isActive: Bool) {
        switch try part(frame) {
        case .version1(let raw): return try MinuteBlockCodec.statistic(key, of: user, in: raw)
        case .version2(let part, let table):
            let search = search(key, user, table)
            for id in search.ids where part.presence.contains(Int(id)) { return (try part.aggregate(of: Int(id)), true) }
            return (nil, part.presence.intersects(search.userIDs))
        }
    }

    /// The statistics of a user in this part.
    func keys(of user: UserID, in frame: FrameLocation) throws(LogError) -> [StatisticKey] {
        switch try part(frame) {
        case .version1(let raw): return try MinuteBlockCodec.keys(of: user, in: raw)
        case .version2(let part, let table):
            return table.ids(of: user).filter { part.presence.contains(Int($0)) }.map { table.key(of: Int($0)) }
        }
    }

    /// All rows of a part, without building a name or sorting anything.
    func rows(of frame: FrameLocation) throws(LogError) -> BlockRows {
        switch try part(frame) {
        case .version1(let raw): return BlockRows(try MinuteBlockCodec.decode(raw, frame))
        case .version2(let part, let table):
            let (ids, aggregates) = try part.rows()
            return BlockRows(names: table, ids: ids, aggregates: aggregates, dictionary: self.table?.dictionary)
        }
    }

    private enum Part {
        case version1([UInt8])
        case version2(BlockPartReader, NameTable)
    }

    private func part(_ frame: FrameLocation) throws(LogError) -> Part {
        let raw = try payloads.payload(of: frame)
        guard raw.first == BlockPart.version else { return .version1(raw) }
        do throws(LogError) {
            let names = try names(for: frame, dictionary: try BlockPartReader.dictionary(of: frame.header, raw))
            let part = try BlockPartReader(raw, names)
            try frame.header.expect(statistics: part.presence.count)
            return .version2(part, names)
        } catch {
            throw error.at(payloads.path(of: frame), frame.offset)
        }
    }

    private func names(for frame: FrameLocation, dictionary: LSN) throws(LogError) -> NameTable {
        if let table, table.segment == frame.segment, table.dictionary == dictionary {
            if frame.end <= table.end { return table.names }
            if frame.offset == table.end, !frame.header.hasNames {
                self.table?.end = frame.end
                return table.names
            }
        }
        // Gone first, so that what it shares with the cache need not be copied when that grows.
        table = nil
        search = nil
        let (names, end) = try names.table(for: frame, dictionary: dictionary, payloads)
        table = (frame.segment, dictionary, end, names)
        return names
    }

    /// The ids of a question, which is asked of one frame after the other.
    private struct Search {
        let key: StatisticKey
        let user: UserID
        let ids: [Int32]
        let userIDs: RowPresence
    }

    private func search(_ key: StatisticKey, _ user: UserID, _ table: NameTable) -> Search {
        if let search, search.key == key, search.user == user { return search }
        let search = Search(
            key: key, user: user, ids: Array(table.ids(of: key, of: user)),
            userIDs: RowPresence(table.ids(of: user).lazy.map { Int($0) }, idCount: table.idCount))
        self.search = search
        return search
    }
}

/// All aggregates of one part of a minute block, in the order of ids.
struct BlockRows {
    /// Has a name for each id.
    let names: NameTable
    /// Ascending. A statistic has several ids when its shape has changed, but one row in a block.
    let ids: [Int]
    /// For each id.
    let aggregates: [Aggregate]
    /// Whose the ids are: of one dictionary the same id is always the same statistic. nil for a block of version 1, whose ids
    /// hold for this one part only.
    let dictionary: LSN?
}

extension BlockRows {
    /// Numbers the statistics of a block of version 1, which has no ids.
    init(_ users: [UserMinute]) {
        var names: [SegmentName] = []
        for user in users {
            for partial in user.aggregates {
                names.append(
                    SegmentName(
                        id: names.count, user: user.user, key: partial.key,
                        shape: RowShape(partial.key.kind, partial.aggregate)))
            }
        }
        var table = NameTable()
        table.add(names)
        self.init(
            names: table, ids: Array(names.indices), aggregates: users.flatMap { $0.aggregates.map(\.aggregate) }, dictionary: nil)
    }
}
