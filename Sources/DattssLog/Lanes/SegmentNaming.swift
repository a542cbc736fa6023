package import DattssCore

/// The ids that the segment being written has given out, and which of their names are safe on disk.
///
/// A frame brings along the names of its rows until they are safe: until ``copiesMin`` frames have them between any two
/// of which lie ``distanceMin`` bytes. So whatever happens to one sector, or to two that are swapped, a frame that it
/// does not touch keeps its names: it has them itself, or a copy is left.
///
///     frame   1        2        3        4        5
///           ┌────────┬────────┬────────┬────────┬────────
///     names │ a b    │ a b    │ a b c  │ a b c  │ c   …        frames of less than 512 bytes: 1, 3, 5 … count
///           └────────┴────────┴────────┴────────┴────────
///
/// It is a value that only ``commit(_:frames:)`` changes, once the frames are written: an append that fails gives out no id.
package struct SegmentNaming {
    private var names: [UserID: UserNames] = [:]
    private var unsafeCopies: [Int: Copies] = [:]
    private(set) var idCount = 0
    /// The first LSN of the segment.
    private let firstLSN: LSN

    static let copiesMin = 3
    /// A sector.
    static let distanceMin = 512
    /// Where another segment begins, so that the dictionary of one does not grow for ever.
    static let idsTarget = 1 << 20

    package init(firstLSN: LSN) { self.firstLSN = firstLSN }

    var isFull: Bool { idCount >= Self.idsTarget }

    /// For each statistic of a user, an id for each shape that it has had.
    private struct UserNames {
        private var table = StatisticTable()
        /// By the statistic's number in the table. Most have one shape for ever.
        private var latest: [Known] = []
        private var earlier: [Known] = []

        struct Known {
            var id: Int32
            var shape: RowShape
            /// Where among the earlier ones the one before is, or -1.
            var before: Int32 = -1
        }

        /// The latest of its ids that is as wanted.
        func id(of key: StatisticKey, _ isWanted: (RowShape) -> Bool) -> Known? {
            guard let number = table.id(of: key) else { return nil }
            var known = latest[Int(number.index)]
            while !isWanted(known.shape) {
                if known.before < 0 { return nil }
                known = earlier[Int(known.before)]
            }
            return known
        }

        mutating func add(_ name: SegmentName) {
            var known = Known(id: Int32(name.id), shape: name.shape)
            let number = Int(table.intern(name.key).index)
            if number == latest.count { return latest.append(known) }
            known.before = Int32(earlier.count)
            earlier.append(latest[number])
            latest[number] = known
        }
    }

    /// The copies of a name that count, and where the frame of the last one ends.
    private struct Copies {
        var count = 0
        var end = Int.min / 2
    }

    /// A block as it is to be written.
    package struct Draft {
        package fileprivate(set) var parts: [EncodedPart] = []
        /// For each part, the ids whose names it brings along.
        fileprivate(set) var embedded: [[Int]] = []
        fileprivate(set) var newNames: [SegmentName] = []
        fileprivate(set) var idCount: Int
        /// The distance of the first part's LSN from the segment's first one.
        fileprivate let age: UInt64
    }

    /// Encodes a block in parts of about `targetBytes` at most, at least one.
    /// - Parameter lsn: that of the first part.
    /// - Throws: when the block names a statistic twice, or more than a segment may have.
    package func draft(_ block: MinuteBlock, lsn: LSN, targetBytes: Int) throws(LogError) -> Draft {
        var draft = Draft(idCount: idCount, age: lsn.value - firstLSN.value)
        var users: [UserRows] = []
        users.reserveCapacity(block.users.count)
        for minute in block.users {
            var rows: [BlockRow] = []
            rows.reserveCapacity(minute.aggregates.count)
            for partial in minute.aggregates { rows.append(try row(partial, of: minute.user, &draft)) }
            users.append(UserRows(user: minute.user, rows: rows[...], clients: minute.clients[...]))
        }
        guard draft.idCount <= FormatLimits.idsPerSegmentMax else {
            throw LogError(.overLimit, expected: "at most \(FormatLimits.idsPerSegmentMax) ids", found: "\(draft.idCount)")
        }
        try append(users[...], to: &draft, targetBytes: targetBytes)
        return draft
    }

    /// Takes in a draft that was written.
    /// - Parameter frames: where its parts are in the segment.
    package mutating func commit(_ draft: Draft, frames: [Range<Int>]) {
        for name in draft.newNames {
            names[name.user, default: UserNames()].add(name)
            unsafeCopies[name.id] = Copies()
        }
        idCount = draft.idCount
        for (frame, embedded) in zip(frames, draft.embedded) {
            for id in embedded {
                guard var copies = unsafeCopies[id], frame.lowerBound - copies.end >= Self.distanceMin else { continue }
                copies.count += 1
                copies.end = frame.upperBound
                unsafeCopies[id] = copies.count < Self.copiesMin ? copies : nil
            }
        }
        // Lets go of the memory, too: for the rest of the day hardly a name is new.
        if unsafeCopies.isEmpty { unsafeCopies = [:] }
    }

    // MARK: Drafting

    /// Some of the rows and clients of a user.
    private struct UserRows {
        let user: UserID
        let rows: ArraySlice<BlockRow>
        let clients: ArraySlice<ClientWindow>

        /// nil for what cannot be divided.
        var halves: [UserRows]? {
            guard rows.count > 1 || clients.count > 1 else { return nil }
            let row = rows.startIndex + rows.count / 2
            let client = clients.startIndex + clients.count / 2
            return [
                UserRows(user: user, rows: rows[..<row], clients: clients[..<client]),
                UserRows(user: user, rows: rows[row...], clients: clients[client...]),
            ]
        }
    }

    private func row(_ partial: Partial, of user: UserID, _ draft: inout Draft) throws(LogError) -> BlockRow {
        let shape = RowShape(partial.key.kind, partial.aggregate)
        let known = names[user]?.id(of: partial.key) { known in
            known == shape || (known.covers(shape) && RowNumbers(partial.aggregate, known) != nil)
        }
        if let known { return BlockRow(id: Int(known.id), shape: known.shape, partial: partial) }
        if let last = draft.newNames.last, last.key == partial.key, last.user == user { throw .twice(partial) }
        let id = draft.idCount
        draft.newNames.append(SegmentName(id: id, user: user, key: partial.key, shape: shape))
        draft.idCount += 1
        return BlockRow(id: id, shape: shape, partial: partial)
    }

    /// Encodes users as one part or, when that is too large, halves of them.
    private func append(_ users: ArraySlice<UserRows>, to draft: inout Draft, targetBytes: Int) throws(LogError) {
        let rowCount = users.reduce(0) { $0 + $1.rows.count }
        if rowCount <= FormatLimits.statisticsPerPartMax {
            let (part, embedded) = try encode(users, draft)
            if part.raw.count <= targetBytes || (users.count <= 1 && users.first?.halves == nil) {
                draft.parts.append(part)
                draft.embedded.append(embedded)
                return
            }
        }
        if users.count == 1, let halves = users.first?.halves {
            for half in halves { try append([half], to: &draft, targetBytes: targetBytes) }
        } else {
            let middle = users.startIndex + users.count / 2
            try append(users[..<middle], to: &draft, targetBytes: targetBytes)
            try append(users[middle...], to: &draft, targetBytes: targetBytes)
        }
    }

    private func encode(_ users: ArraySlice<UserRows>, _ draft: Draft) throws(LogError) -> (EncodedPart, embedded: [Int]) {
        var rows: [BlockRow] = []
        var names: [SegmentName] = []
        var clients: [(user: UserID, windows: ArraySlice<ClientWindow>)] = []
        for user in users {
            rows += user.rows
            for row in user.rows where row.id >= self.idCount || unsafeCopies[row.id] != nil {
                names.append(SegmentName(id: row.id, user: user.user, key: row.partial.key, shape: row.shape))
            }
            if !user.clients.isEmpty || user.rows.isEmpty { clients.append((user.user, user.clients)) }
        }
        rows.sort { $0.id < $1.id }
        names.sort { $0.id < $1.id }
        for (row, next) in zip(rows, rows.dropFirst()) where row.id == next.id {
            throw .twice(row.partial)
        }
        let raw = BlockPart.encode(
            rows, age: draft.age + UInt64(draft.parts.count), idCount: draft.idCount, names: names, clients: clients)
        return (EncodedPart(raw: raw, statisticCount: rows.count, hasNames: !names.isEmpty), names.map(\.id))
    }
}

extension LogError {
    fileprivate static func twice(_ partial: Partial) -> LogError {
        LogError(.malformed, expected: "each statistic of a block once", found: "\(partial.key.path) twice")
    }
}
