internal import DattssCore

/// The names that a part of a block brings along, column by column; they ascend by id.
///
///     n │ n × gap │ n × user │ n shapes, low bytes │ n shapes, high bytes │ paths, see ``PathColumnEncoder``
///     gap:   ids between this one and the one before       user:  a name; an empty one for that of the one before
enum NameCodec {
    /// A byte each of gap and user, two of shape; two lengths of a path that is that of the name before, in another shape.
    private static let bytesMin = 6

    static func encode(_ names: [SegmentName]) -> [UInt8] {
        if names.isEmpty { return [] }
        var writer = ByteWriter(capacity: 24 * names.count)
        writer.appendVarint(names.count)
        var next = 0
        for name in names {
            writer.appendVarint(name.id - next)
            next = name.id + 1
        }
        var user: UserID?
        for name in names {
            writer.appendName(name.user == user ? "" : name.user.string)
            user = name.user
        }
        for name in names { writer.append(UInt8(truncatingIfNeeded: name.shape.rawValue)) }
        for name in names { writer.append(UInt8(name.shape.rawValue >> 8)) }
        var paths = PathColumnEncoder()
        for name in names { paths.append(name.key.path) }
        writer.append(paths.writer)
        return writer.bytes
    }

    /// - Parameter idCount: all ids are below.
    static func decode(_ section: ByteReader, idCount: Int) throws(LogError) -> [SegmentName] {
        var reader = section
        if reader.isAtEnd { return [] }
        let count = try reader.count("names", bytesEach: bytesMin)
        guard count <= FormatLimits.statisticsPerPartMax else {
            throw LogError(.overLimit, expected: "at most \(FormatLimits.statisticsPerPartMax) names", found: "\(count)")
        }
        let ids = try ids(count, below: idCount, &reader)
        let users = try users(count, &reader)
        let low = try reader.slice(count, "shapes")
        let high = try reader.slice(count, "shapes")
        var paths = PathColumnDecoder(reader)
        var names: [SegmentName] = []
        names.reserveCapacity(count)
        for position in 0..<count {
            let code = UInt16(low.peek(position)) | UInt16(high.peek(position)) << 8
            guard let shape = RowShape(rawValue: code) else { throw reader.malformed("shape of a row", "known", "\(code)") }
            names.append(
                SegmentName(
                    id: ids[position], user: users[position], key: StatisticKey(shape.kind, try paths.next()), shape: shape))
        }
        try paths.expectEnd()
        return names
    }

    private static func ids(_ count: Int, below idCount: Int, _ reader: inout ByteReader) throws(LogError) -> [Int] {
        var ids: [Int] = []
        ids.reserveCapacity(count)
        var next = 0
        for _ in 0..<count {
            let gap = try reader.varint("gap between ids")
            guard gap < UInt64(idCount - next) else { throw reader.malformed("id", "below \(idCount)", "\(next) and \(gap) more") }
            ids.append(next + Int(gap))
            next += Int(gap) + 1
        }
        return ids
    }

    private static func users(_ count: Int, _ reader: inout ByteReader) throws(LogError) -> [UserID] {
        var users: [UserID] = []
        users.reserveCapacity(count)
        for _ in 0..<count {
            if !reader.isAtEnd, reader.peek(0) == 0, let last = users.last {
                try reader.skip(1, "user")
                users.append(last)
            } else {
                users.append(try reader.user())
            }
        }
        return users
    }
}
