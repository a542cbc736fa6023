internal import DattssCore

/// Reads parts of minute blocks. Owned by one reader.
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
    func users(of frame: FrameLocation) throws(LogError) -> [UserMinute] { try part(frame).0.users() }

    /// One statistic, decoding as little as possible; and whether the user has anything in this part.
    func statistic(
        _ key: StatisticKey, of user: UserID, in frame: FrameLocation
    ) throws(LogError) -> (aggregate: Aggregate?, isActive: Bool) {
        let (part, _) = try part(frame)
        let search = search(key, user, part.table)
        for id in search.ids where part.presence.contains(Int(id)) { return (try part.aggregate(of: Int(id)), true) }
        return (nil, part.presence.intersects(search.userIDs))
    }

    /// The statistics of a user in this part.
    func keys(of user: UserID, in frame: FrameLocation) throws(LogError) -> [StatisticKey] {
        let (part, _) = try part(frame)
        return part.table.ids(of: user).filter { part.presence.contains(Int($0)) }.map { part.table.key(of: Int($0)) }
    }

    /// All rows of a part, without building a name or sorting anything.
    func rows(of frame: FrameLocation) throws(LogError) -> BlockRows {
        let (part, dictionary) = try part(frame)
        let (ids, aggregates) = try part.rows()
        return BlockRows(names: part.table, ids: ids, aggregates: aggregates, dictionary: dictionary)
    }

    func part(_ frame: FrameLocation) throws(LogError) -> (BlockPartReader, dictionary: LSN) {
        let raw = try payloads.payload(of: frame)
        do throws(LogError) {
            let dictionary = try BlockPartReader.dictionary(of: frame.header, raw)
            let part = try BlockPartReader(raw, try names(for: frame, dictionary: dictionary))
            try frame.header.expect(statistics: part.presence.count)
            return (part, dictionary)
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
    /// Names the dictionary that the ids belong to: of one dictionary the same id is always the same statistic.
    let dictionary: LSN
}
