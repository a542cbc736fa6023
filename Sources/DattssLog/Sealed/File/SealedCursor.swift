internal import DattssCore

/// Walks through a sealed file, statistic after statistic, reading one index at a time. Damaged indexes are passed over and told.
struct SealedCursor {
    let file: SealedFile
    /// All chunks of the statistic at which it stands; nil at the end.
    private(set) var current: (name: StatisticNumbers.Name, entries: [SealedEntry])?
    private(set) var findings: [Finding] = []
    private let isExcluded: (UserID) -> Bool
    private var userPosition = 0
    private var indexPosition = 0
    private var entries: ArraySlice<SealedEntry> = []

    init(_ file: SealedFile, excluding isExcluded: @escaping (UserID) -> Bool) throws(LogError) {
        self.file = file
        self.isExcluded = isExcluded
        try advance()
    }

    mutating func advance() throws(LogError) {
        current = nil
        while entries.isEmpty {
            guard userPosition < file.directory.users.count else { return }
            let user = file.directory.users[userPosition]
            guard indexPosition < user.indexes.count, !isExcluded(user.user) else {
                userPosition += 1
                indexPosition = 0
                continue
            }
            let index = user.indexes[indexPosition]
            indexPosition += 1
            do throws(LogError) {
                entries = try file.entries(of: index)[...]
            } catch {
                findings.append(try Finding(.corruptIndex, in: file, index.region, error))
            }
        }
        guard let key = entries.first?.key else { return }
        let chunks = entries.prefix { $0.key == key }
        entries = entries.dropFirst(chunks.count)
        current = (StatisticNumbers.Name(user: file.directory.users[userPosition].user, key: key), Array(chunks))
    }
}

extension LogError {
    /// Whether bytes are not those that a writer wrote, as opposed to a call that failed or a later version.
    var isDamage: Bool { code == .malformed || code == .checksumMismatch || code == .overLimit }
}

extension Finding {
    /// A part of a sealed file whose bytes are not those that were written. Errors of the file system are thrown on: they may
    /// be over when the file is read again.
    init(_ kind: Kind, in file: SealedFile, _ region: SealedDirectory.Region, _ error: LogError) throws(LogError) {
        if !error.isDamage { throw error }
        self.init(kind, file: file.path, offset: region.offset, bytes: region.length, problem: error.description)
    }

    init(_ entry: SealedEntry, in file: SealedFile, _ error: LogError) throws(LogError) {
        let region = SealedDirectory.Region(offset: entry.offset, length: entry.length, checksum: entry.checksum)
        try self.init(.corruptChunk, in: file, region, error)
    }
}
