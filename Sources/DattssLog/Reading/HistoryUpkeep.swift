internal import DattssCore
internal import Synchronization

/// What those who write tell the index.
extension History {
    /// Takes in the frames of whole blocks. Those that it has already, and checkpoints, are passed over.
    func add(_ frames: [FrameLocation]) {
        index.withLock { index in
            for frame in frames where frame.header.kind == .minutes { index.insert(frame) }
        }
    }

    /// To be called before the segment is deleted.
    package func remove(segment: UInt64) {
        index.withLock { $0.remove(segment: segment) }
        names.remove(segment: segment)
    }

    /// Whether every block in a segment is contained in sealed files; no, when it holds none.
    public func isSealed(segment: UInt64) -> Bool {
        index.withLock { index in
            let frames = index.frames(ofSegment: segment)
            return !frames.isEmpty
                && frames.allSatisfy { index.day($0.header.minute.day)?.isSealed(through: $0.header.lsn) ?? false }
        }
    }

    /// The days, ascending, of which there are blocks that no sealed file contains.
    public var unsealedDays: [Int64] {
        index.withLock { $0.days.filter { !$0.frames.isEmpty && !$0.isSealed(through: $0.lastLSN) }.map(\.day) }
    }

    /// Says that there is another sealed file of a day, or none any more. Readers see the one or the other.
    func replace(_ step: SealedStep, ofDay day: Int64, with footer: SealedFooter?) {
        index.withLock { $0.replace(step, ofDay: day, with: footer) }
        files.forget(step, day: day)
    }

    func days(in minutes: Range<Minute>) -> [HistoryDay] { index.withLock { $0.days(in: minutes) } }

    func day(_ day: Int64) -> HistoryDay? { index.withLock { $0.day(day) } }

    /// The days of which there is a sealed file, ascending.
    func sealedDays() -> [HistoryDay] {
        index.withLock { $0.days.filter { $0.minuteFile != nil || $0.hourFile != nil } }
    }

    /// Takes in the sealed files that are there.
    /// - Returns: the footers of those that are whole, and what is wrong with the others.
    func addSealedFiles() throws(LogError) -> (footers: [SealedFooter], findings: [Finding]) {
        var footers: [SealedFooter] = []
        var findings: [Finding] = []
        for step in SealedStep.allCases {
            for day in try LogLayout.sealedDays(step, in: directory, fileSystem) {
                let path = LogLayout.path(of: step, day: day, in: directory)
                do throws(LogError) {
                    let footer = try SealedFooter(of: path, fileSystem)
                    guard footer.step == step, footer.day == day else {
                        throw LogError(.malformed, expected: "\(step) of day \(day)", found: "others", file: path)
                    }
                    replace(step, ofDay: day, with: footer)
                    footers.append(footer)
                } catch {
                    // A file that is gone was deleted by a retention that runs beside this reader.
                    if error.fileSystemError?.isNotFound == true { continue }
                    findings.append(try Finding(sealedFile: path, error))
                }
            }
        }
        return (footers, findings)
    }
}

extension Finding {
    /// A sealed file that cannot be used. Errors of the file system, and files of a later version, are thrown on.
    init(sealedFile path: String, _ error: LogError) throws(LogError) {
        if !error.isDamage { throw error }
        self.init(.corruptSealedFile, file: path, offset: error.offset ?? 0, bytes: 0, problem: error.description)
    }
}
