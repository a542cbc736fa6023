package import DattssCore

/// A minute block as the payloads of one or more frames; see ``MinuteSection`` for what is inside.
///
/// Minute and `through` are in the header of each frame, where an index finds them without decompressing anything.
package enum MinuteBlockCodec {
    static let version: UInt8 = 1

    /// The parts of a block, at least one, each of about `targetBytes` at most.
    package static func encode(
        _ block: MinuteBlock, targetBytes: Int = FormatLimits.rawBytesTarget
    ) -> [EncodedPart] {
        var packer = PartPacker(version: version, extra: [], targetBytes: targetBytes)
        for user in block.users {
            packer.append(user.aggregates[...], user.clients[...], of: user.user, encode: MinuteSection.encode)
        }
        return packer.finish()
    }

    /// The users of one part. The first may continue the last of the part before: see ``append(_:to:)``.
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

    static func directory(of raw: [UInt8]) throws(LogError) -> PartDirectory {
        var reader = ByteReader(raw)
        try reader.expectVersion(version)
        return try PartDirectory(&reader)
    }

    /// Readers of the sections of one user in a part: none, one, or several slices.
    static func sections(of user: UserID, in raw: [UInt8]) throws(LogError) -> [MinuteSectionReader] {
        var sections: [MinuteSectionReader] = []
        for (owner, section) in try directory(of: raw).sections where owner == user {
            sections.append(try MinuteSectionReader(section))
        }
        return sections
    }
}
