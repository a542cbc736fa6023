internal import DattssCore

/// Looks for what is left of users who were deleted.
extension Sealer {
    /// Reads all directories of sealed files, and all frames of both lanes: for as long as there are users to look for.
    func remains(of users: Set<UserID>) throws(LogError) -> [UserID: RetentionReport.Remains] {
        var remains = Dictionary(uniqueKeysWithValues: users.map { ($0, RetentionReport.Remains()) })
        for day in history.sealedDays() {
            for edition in [day.minuteFile, day.hourFile].compactMap(\.self) {
                let path = LogLayout.path(of: edition.footer.step, day: day.day, in: directory)
                let file = try readable { () throws(LogError) in
                    try SealedFile(opening: path, step: edition.footer.step, day: day.day, fileSystem)
                }
                for user in users where file?.contains(user) ?? true { remains[user]?.sealedFiles.append(path) }
            }
            pace.breathe()
        }
        for lane in Lane.allCases {
            for sequence in try LogLayout.sequences(of: lane, in: directory, fileSystem) {
                if pace.isStopped { return remains }
                let held: Set<UserID>
                do throws(LogError) {
                    held = try self.held(users, in: sequence, of: lane)
                } catch {
                    // Retired meanwhile.
                    if error.fileSystemError?.isNotFound == true { continue }
                    throw error
                }
                let path = LogLayout.path(of: lane, sequence: sequence, in: directory)
                for user in held { remains[user]?.segments.append(path) }
            }
        }
        return remains
    }

    /// Those of whom there may be something in a segment: all, when a part of it is unreadable.
    private func held(_ users: Set<UserID>, in sequence: UInt64, of lane: Lane) throws(LogError) -> Set<UserID> {
        let scan = try SegmentScan(lane, sequence: sequence, directory: directory, fileSystem)
        if scan.findings.contains(where: { $0.kind != .tornTail }) { return users }
        let reader = FrameContentReader(lane, fileSystem: fileSystem, directory: directory)
        var held: Set<UserID> = []
        for frame in scan.frames {
            pace.breathe()
            if pace.isStopped || held == users { break }
            guard let content = try readable({ () throws(LogError) in try reader.content(of: frame) }) else { return users }
            held.formUnion(users.intersection(content.users))
        }
        return held
    }

    /// nil when the bytes are not as they were written.
    private func readable<Value>(_ body: () throws(LogError) -> Value) throws(LogError) -> Value? {
        do throws(LogError) {
            return try body()
        } catch {
            if !error.isDamage { throw error }
            return nil
        }
    }
}

extension FrameContent {
    fileprivate var users: [UserID] {
        switch self {
        case .accepted(let batches): batches.map(\.user)
        case .minutes(let users): users.map(\.user)
        case .checkpoint(_, let users): users.map(\.user)
        }
    }
}
