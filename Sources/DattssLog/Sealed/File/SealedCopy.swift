internal import DattssCore

/// Copies a sealed file without some of its users, chunk by chunk as they are.
struct SealedCopy {
    private let file: SealedFile
    private let writer: SealedFileWriter
    private var cursor: SealedCursor
    private var user: UserID?
    private var ownFindings: [Finding] = []

    /// What was unreadable, and therefore left out.
    var findings: [Finding] { cursor.findings + ownFindings }

    init(_ file: SealedFile, to writer: SealedFileWriter, excluding excluded: Set<UserID>) throws(LogError) {
        self.file = file
        self.writer = writer
        cursor = try SealedCursor(file, excluding: { excluded.contains($0) })
    }

    /// Copies one statistic.
    /// - Returns: false when there was none left.
    mutating func step() throws(LogError) -> Bool {
        if let user, cursor.current?.name.user != user {
            try writer.endUser()
            self.user = nil
        }
        guard let (name, entries) = cursor.current else { return false }
        if user == nil {
            user = name.user
            writer.begin(name.user)
            try copyActivity(of: name.user)
        }
        for entry in entries {
            do throws(LogError) {
                try writer.copy(SealedChunk(entry: entry, bytes: try file.chunk(of: entry)))
            } catch {
                ownFindings.append(try Finding(entry, in: file, error))
            }
        }
        try cursor.advance()
        return true
    }

    private mutating func copyActivity(of id: UserID) throws(LogError) {
        guard let user = file.directory.user(id) else { return }
        do throws(LogError) {
            writer.note(try file.activity(of: user))
        } catch {
            ownFindings.append(try Finding(.corruptIndex, in: file, user.activity, error))
            try activityFromPoints(of: user)
        }
    }

    /// What can be told of a user's activity from the points that are readable.
    private func activityFromPoints(of user: SealedDirectory.User) throws(LogError) {
        for index in user.indexes {
            for entry in (try? file.entries(of: index)) ?? [] {
                for point in (try? file.points(of: entry, withSketches: false)) ?? [] {
                    writer.note(activeSlot: file.footer.step.slot(of: point.minute))
                }
            }
        }
    }
}
