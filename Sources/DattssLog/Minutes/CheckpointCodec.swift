package import DattssCore

/// A checkpoint as the payloads of one or more frames, packed like a minute block's.
///
///     extra:    at, in milliseconds (8)
///     section:  n │ length of the paths │ paths, see ``PathColumnEncoder`` │ row … │ clients
///     row:      flags (1) │ sum │ last │ at − seen (zigzag) │ minute of seen − since, if a flag says so (zigzag)
///     flags:    bits 0-1 kind, 2 emphasised, 3 and 4: sum, last take 8 bytes, else they are zigzag varints, 5: since is there
package enum CheckpointCodec {
    static let version: UInt8 = 1
    private static let rowBytesMin = 6
    private static let emphasisedFlag: UInt8 = 1 << 2
    private static let rawSumFlag: UInt8 = 1 << 3
    private static let rawLastFlag: UInt8 = 1 << 4
    private static let sinceFlag: UInt8 = 1 << 5

    package static func encode(
        _ checkpoint: Checkpoint, targetBytes: Int = FormatLimits.rawBytesTarget
    ) -> [EncodedPart] {
        var extra = ByteWriter()
        extra.appendFixed(checkpoint.at.milliseconds)
        var packer = PartPacker(version: version, extra: extra.bytes, targetBytes: targetBytes)
        for user in checkpoint.users {
            packer.append(user.totals[...], user.clients[...], of: user.user) { totals, clients, writer in
                encode(totals, clients, at: checkpoint.at, into: &writer)
            }
        }
        return packer.finish()
    }

    /// What one part holds; its first user may continue the last one of the part before: see ``append(_:to:)``.
    package static func decode(_ raw: [UInt8]) throws(LogError) -> (at: Timestamp, users: [UserCheckpoint]) {
        var reader = ByteReader(raw)
        try reader.expectVersion(version)
        let at = Timestamp(milliseconds: try reader.fixed(Int64.self, "time of a checkpoint"))
        var users: [UserCheckpoint] = []
        for (user, section) in try PartDirectory(&reader).sections {
            append([try decode(section, of: user, at: at)], to: &users)
        }
        return (at, users)
    }

    /// Joins the slices of a user that was too large for one part.
    package static func append(_ more: [UserCheckpoint], to users: inout [UserCheckpoint]) {
        for user in more {
            if users.last?.user == user.user {
                users[users.count - 1].totals += user.totals
                users[users.count - 1].clients += user.clients
            } else {
                users.append(user)
            }
        }
    }

    private static func encode(
        _ totals: ArraySlice<UserCheckpoint.StatisticTotals>, _ clients: ArraySlice<ClientWindow>, at: Timestamp,
        into writer: inout ByteWriter
    ) {
        writer.appendVarint(totals.count)
        var paths = PathColumnEncoder()
        for row in totals { paths.append(row.key.path) }
        writer.appendVarint(paths.writer.count)
        writer.append(paths.writer)
        for row in totals {
            let isRawSum = DecimalScale.integer(row.totals.sum) == nil
            let isRawLast = DecimalScale.integer(row.totals.last) == nil
            writer.append(
                row.key.kind.rawValue | (row.totals.isEmphasised ? emphasisedFlag : 0)
                    | (isRawSum ? rawSumFlag : 0) | (isRawLast ? rawLastFlag : 0) | (row.totals.since == nil ? 0 : sinceFlag))
            writer.appendNumber(row.totals.sum, isRaw: isRawSum)
            writer.appendNumber(row.totals.last, isRaw: isRawLast)
            writer.appendZigzag(at.milliseconds &- row.totals.seen.milliseconds)
            if let since = row.totals.since { writer.appendZigzag(row.totals.seen.minute.index &- since.index) }
        }
        ClientWindowsCodec.encode(clients, into: &writer)
    }

    private static func decode(
        _ section: ByteReader, of user: UserID, at: Timestamp
    ) throws(LogError) -> UserCheckpoint {
        var reader = section
        let count = try reader.count("totals", bytesEach: rowBytesMin)
        guard count <= FormatLimits.statisticsPerPartMax else {
            throw LogError(
                .overLimit, expected: "at most \(FormatLimits.statisticsPerPartMax) totals", found: "\(count)")
        }
        var paths = PathColumnDecoder(try reader.section("paths"))
        var totals: [UserCheckpoint.StatisticTotals] = []
        totals.reserveCapacity(count)
        for _ in 0..<count {
            let flags = try reader.byte("flags of a total")
            guard let kind = Kind(rawValue: flags & 3), flags >> 6 == 0 else {
                throw reader.malformed("flags of a total", "known", "\(flags)")
            }
            let sum = try reader.number(isRaw: flags & rawSumFlag != 0)
            let last = try reader.number(isRaw: flags & rawLastFlag != 0)
            let seen = Timestamp(milliseconds: at.milliseconds &- (try reader.zigzag("age of a total")))
            let since =
                flags & sinceFlag == 0 ? nil : Minute(seen.minute.index &- (try reader.zigzag("first minute of a total")))
            totals.append(
                UserCheckpoint.StatisticTotals(
                    key: StatisticKey(kind, try paths.next()),
                    totals: StatusTotals(
                        sum: sum, last: last, seen: seen, isEmphasised: flags & emphasisedFlag != 0, since: since)))
        }
        try paths.expectEnd()
        let clients = try ClientWindowsCodec.decode(&reader)
        try reader.expectEnd("section")
        return UserCheckpoint(user: user, totals: totals, clients: clients)
    }
}
