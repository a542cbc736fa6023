internal import DattssCore

/// One payload out of several that make up a block or a checkpoint.
package struct EncodedPart: Sendable {
    package var raw: [UInt8]
    package var statisticCount: Int
    /// See ``FrameHeader/hasNames``.
    package var hasNames = false
}

/// Packs the sections of users into parts, in order.
///
///     part:  version (1) │ extra (fixed) │ m │ user₁, section length₁ … │ section₁ … sectionₘ
///
/// The directory comes first, so that a reader of one user passes over the others. A part holds whole users, or a
/// slice of one whose section is too large for a part; the slices of a user follow each other.
struct PartPacker {
    private let version: UInt8
    private let extra: [UInt8]
    private let targetBytes: Int
    private var directory = ByteWriter()
    private var sections = ByteWriter()
    private var userCount = 0
    private var statisticCount = 0
    private var parts: [EncodedPart] = []

    init(version: UInt8, extra: [UInt8], targetBytes: Int) {
        self.version = version
        self.extra = extra
        self.targetBytes = targetBytes
    }

    mutating func append(_ section: ByteWriter, of user: UserID, statisticCount added: Int) {
        let bytes = directory.count + sections.count + section.count
        let isFull = bytes > targetBytes || statisticCount + added > FormatLimits.statisticsPerPartMax
        if userCount > 0, isFull { closePart() }
        directory.appendName(user.string)
        directory.appendVarint(section.count)
        sections.append(section)
        userCount += 1
        statisticCount += added
    }

    /// At least one part, even for no users.
    mutating func finish() -> [EncodedPart] {
        if userCount > 0 || parts.isEmpty { closePart() }
        return parts
    }

    private mutating func closePart() {
        var writer = ByteWriter(capacity: directory.count + sections.count + 16)
        writer.append(version)
        writer.append(extra)
        writer.appendVarint(userCount)
        writer.append(directory)
        writer.append(sections)
        parts.append(EncodedPart(raw: writer.bytes, statisticCount: statisticCount))
        (directory, sections, userCount, statisticCount) = (ByteWriter(), ByteWriter(), 0, 0)
    }

    /// Encodes the rows of one user, halved until each piece fits into a part.
    mutating func append<Row>(
        _ rows: ArraySlice<Row>, _ clients: ArraySlice<ClientWindow>, of user: UserID,
        encode: (ArraySlice<Row>, ArraySlice<ClientWindow>, inout ByteWriter) -> Void
    ) {
        if rows.count <= FormatLimits.statisticsPerPartMax {
            var section = ByteWriter()
            encode(rows, clients, &section)
            if section.count <= targetBytes || (rows.count <= 1 && clients.count <= 1) {
                return append(section, of: user, statisticCount: rows.count)
            }
        }
        let row = rows.startIndex + rows.count / 2
        let client = clients.startIndex + clients.count / 2
        append(rows[..<row], clients[..<client], of: user, encode: encode)
        append(rows[row...], clients[client...], of: user, encode: encode)
    }
}

/// The directory of a part, read once; sections are handed out as readers.
struct PartDirectory {
    let sections: [(user: UserID, reader: ByteReader)]

    /// - Parameter reader: stands behind the version and the extra.
    init(_ reader: inout ByteReader) throws(LogError) {
        let count = try reader.count("users", bytesEach: 3)
        var lengths: [(UserID, Int)] = []
        lengths.reserveCapacity(min(count, FormatLimits.statisticsPerPartMax))
        for _ in 0..<count {
            lengths.append((try reader.user(), try reader.count("length of a section", bytesEach: 1)))
        }
        var sections: [(user: UserID, reader: ByteReader)] = []
        sections.reserveCapacity(lengths.count)
        for (user, length) in lengths { sections.append((user, try reader.slice(length, "section"))) }
        try reader.expectEnd("payload")
        self.sections = sections
    }
}
