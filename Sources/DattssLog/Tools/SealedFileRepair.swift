internal import DattssCore

/// Copies what can be read of one sealed file, chunk by chunk.
///
/// What comes out of a sound file is the same file, byte by byte. Where it is not, the original goes to the quarantine as a
/// whole: it is small, and what is left of it may be worth somebody's time. The copy says that it has losses, when it has.
struct SealedFileRepair {
    let step: SealedStep
    let day: Int64
    /// Reads the damaged folder.
    let source: any FileSystem
    let sourceDirectory: String
    let target: any FileSystem
    let targetDirectory: String
    private var problems: [String] = []

    init(
        _ step: SealedStep, day: Int64, of sourceDirectory: String, _ source: any FileSystem, to targetDirectory: String,
        _ target: any FileSystem
    ) {
        self.step = step
        self.day = day
        (self.sourceDirectory, self.source) = (sourceDirectory, source)
        (self.targetDirectory, self.target) = (targetDirectory, target)
    }

    /// - Returns: whether there is a copy: not when the end of the file is unreadable in both its copies, so that nobody knows
    ///   what is where. Then the frames that it was made of count again, if they are still there.
    mutating func run(_ quarantine: QuarantineFolder) throws(LogError) -> Bool {
        let path = LogLayout.path(of: step, day: day, in: sourceDirectory)
        let hasCopy = try copy(path)
        let copy = hasCopy ? LogLayout.path(of: step, day: day, in: targetDirectory) : nil
        let size = try logged { () throws(FileSystemError) in try source.size(of: path) }
        if try isDifferent(path, copy) {
            let problem = problems.isEmpty ? "bytes of which there is a second copy" : problems.joined(separator: "; ")
            try quarantine.take(0..<size, of: path, problem: problem)
        }
        return hasCopy
    }

    private mutating func copy(_ path: String) throws(LogError) -> Bool {
        let file: SealedFile
        do throws(LogError) {
            file = try SealedFile(opening: path, step: step, day: day, source)
        } catch {
            if error.code == .unsupportedVersion || error.code == .fileSystem { throw error }
            problems.append(error.description)
            return false
        }
        let writer = try SealedFileWriter(
            step, day: day, fileSystem: target, directory: targetDirectory, policy: .whenAsked)
        for user in file.directory.users {
            writer.begin(user.user)
            try copy(user, file, writer)
            try writer.endUser()
        }
        var footer = SealedFooter(step: step, day: day, covered: file.footer.covered, through: file.footer.through)
        footer.hasLosses = file.footer.hasLosses || !problems.isEmpty
        _ = try writer.finish(footer)
        return true
    }

    private mutating func copy(
        _ user: SealedDirectory.User, _ file: SealedFile, _ writer: SealedFileWriter
    ) throws(LogError) {
        let activity = try readable { () throws(LogError) in try file.activity(of: user) }
        if let activity { writer.note(activity) }
        var last: StatisticKey?
        for index in user.indexes {
            for entry in try readable({ () throws(LogError) in try file.entries(of: index) }) ?? [] {
                let read = try readable { () throws(LogError) in
                    if let last, entry.key < last {
                        throw LogError(.malformed, expected: "a key after \(last.path)", found: entry.key.path)
                    }
                    let chunk = try file.chunk(of: entry)
                    return (chunk, try file.decode(chunk, entry, withSketches: true))
                }
                guard let (chunk, points) = read else { continue }
                try writer.append(chunk, of: entry.key, points: entry.points, slots: entry.slots)
                if activity == nil { for point in points { writer.note(activeSlot: step.slot(of: point.minute)) } }
                last = entry.key
            }
        }
    }

    /// nil for what is damaged, which is noted.
    private mutating func readable<Value>(_ body: () throws(LogError) -> Value) throws(LogError) -> Value? {
        do throws(LogError) {
            return try body()
        } catch {
            if error.code == .fileSystem { throw error }
            problems.append(error.description)
            return nil
        }
    }

    private func isDifferent(_ path: String, _ copy: String?) throws(LogError) -> Bool {
        guard let copy else { return true }
        return try logged { () throws(FileSystemError) in
            let (a, b) = (try source.open(path, .reading), try target.open(copy, .reading))
            var offset = 0
            while true {
                let piece = try a.bytes(at: offset, count: Self.pieceBytes)
                if try b.bytes(at: offset, count: Self.pieceBytes) != piece { return true }
                if piece.isEmpty { return false }
                offset += piece.count
            }
        }
    }

    private static let pieceBytes = 1 << 20
}
