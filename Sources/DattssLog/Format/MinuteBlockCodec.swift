package import DattssCore

/// A part of a minute block as version 1 wrote it: the sections of its users; see ``MinuteSection`` for what is inside.
/// It is only read.
package enum MinuteBlockCodec {
    static let version: UInt8 = 1

    /// The users of a part. The first may continue the last of the part before: see ``append(_:to:)``.
    static func decode(_ raw: [UInt8], _ frame: FrameLocation) throws(LogError) -> [UserMinute] {
        let users = try decode(raw)
        try frame.header.expect(statistics: users.reduce(0) { $0 + $1.aggregates.count })
        return users
    }

    package static func decode(_ raw: [UInt8]) throws(LogError) -> [UserMinute] {
        let directory = try directory(of: raw)
        var users: [UserMinute] = []
        users.reserveCapacity(directory.sections.count)
        for (user, section) in directory.sections {
            let (aggregates, clients) = try MinuteSectionReader(section).decode()
            append([UserMinute(user: user, aggregates: aggregates, clients: clients)], to: &users)
        }
        return users
    }

    /// Joins the slices of a user that was too large for one part.
    package static func append(_ more: [UserMinute], to users: inout [UserMinute]) {
        for user in more {
            if users.last?.user == user.user {
                users[users.count - 1].aggregates += user.aggregates
                users[users.count - 1].clients += user.clients
            } else {
                users.append(user)
            }
        }
    }

    /// One statistic, decoding as little as possible; and whether the user has anything in the part.
    static func statistic(
        _ key: StatisticKey, of user: UserID, in raw: [UInt8]
    ) throws(LogError) -> (aggregate: Aggregate?, isActive: Bool) {
        var isActive = false
        for section in try sections(of: user, in: raw) {
            isActive = isActive || section.count > 0
            if let aggregate = try section.aggregate(of: key.kind, path: Array(key.path.utf8)) { return (aggregate, isActive) }
        }
        return (nil, isActive)
    }

    static func keys(of user: UserID, in raw: [UInt8]) throws(LogError) -> [StatisticKey] {
        var keys: [StatisticKey] = []
        for section in try sections(of: user, in: raw) { keys += try section.keys() }
        return keys
    }

    private static func directory(of raw: [UInt8]) throws(LogError) -> PartDirectory {
        var reader = ByteReader(raw)
        try reader.expectVersion(version)
        return try PartDirectory(&reader)
    }

    /// Readers of the sections of one user in a part: none, one, or several slices.
    private static func sections(of user: UserID, in raw: [UInt8]) throws(LogError) -> [MinuteSectionReader] {
        var sections: [MinuteSectionReader] = []
        for (owner, section) in try directory(of: raw).sections where owner == user {
            sections.append(try MinuteSectionReader(section))
        }
        return sections
    }
}
