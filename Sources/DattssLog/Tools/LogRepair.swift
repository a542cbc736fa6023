/// Makes a clean copy of a damaged log: what can be read goes into the copy, what cannot goes into its ``QuarantineFolder``. The
/// original is only read.
///
/// The copy verifies without findings, and a server that starts on it loses nothing that a server on the original would have
/// found: a damaged frame is passed over either way. The copy is for seeing what was lost, for looking at it at leisure, or
/// for moving off a disk that is going bad.
public enum LogRepair {
    /// What was copied and what was not.
    public struct Summary: Sendable {
        /// Frames in the copy.
        public package(set) var frames = 0
        /// Sealed files in the copy.
        public package(set) var sealedFiles = 0
        /// In the order of files and offsets; empty when nothing was damaged.
        public package(set) var quarantined: [QuarantinedRegion] = []
    }

    /// - Parameters:
    ///   - source: the damaged data folder, which no server may write to meanwhile.
    ///   - target: the data folder of the copy; not there yet, or empty.
    /// - Throws: what the file system says about the copy, and that the original is locked by a server. That a sector of the
    ///   original cannot be read is damage.
    @discardableResult
    public static func repair(
        fileSystem: any FileSystem, from source: String, to target: String
    ) throws(LogError) -> Summary {
        try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(target, isSynced: true)
            guard try fileSystem.list(target).isEmpty else {
                throw FileSystemError.occupied(target)
            }
        }
        let lock = try lock(source, fileSystem)
        defer { lock?.release() }
        var summary = Summary()
        let rescue = RescuingFileSystem(fileSystem)
        let quarantine = QuarantineFolder(source: rescue, target: fileSystem, directory: target)
        try copyQuarantine(of: source, rescue, to: target, fileSystem)
        for lane in Lane.allCases {
            var repair = try LaneRepair(lane, of: source, rescue, to: target, fileSystem)
            try repair.run(quarantine)
            summary.frames += repair.kept.reduce(0) { $0 + $1.count }
        }
        for step in SealedStep.allCases {
            for day in try LogLayout.sealedDays(step, in: source, rescue) {
                var repair = SealedFileRepair(step, day: day, of: source, rescue, to: target, fileSystem)
                if try repair.run(quarantine) { summary.sealedFiles += 1 }
            }
        }
        try quarantine.writeReport()
        summary.quarantined = quarantine.regions
        return summary
    }

    /// Keeps servers away, without creating anything. Where the file cannot even be opened for writing no server can run.
    private static func lock(_ source: String, _ fileSystem: any FileSystem) throws(LogError) -> (any FileLock)? {
        let path = LogLayout.lock(in: source)
        do throws(FileSystemError) {
            return try fileSystem.exists(path) ? try fileSystem.lock(path) : nil
        } catch {
            if error.isLockedByAnother { throw LogError(error) }
            return nil
        }
    }

    /// What was put aside before stays beside the log.
    private static func copyQuarantine(
        of source: String, _ rescue: any FileSystem, to target: String, _ fileSystem: any FileSystem
    ) throws(LogError) {
        let (old, new) = (LogLayout.quarantine(in: source), LogLayout.quarantine(in: target))
        try logged { () throws(FileSystemError) in
            guard try rescue.exists(old) else { return }
            try fileSystem.createDirectories(new, isSynced: true)
            for name in try rescue.list(old) {
                let copy = try fileSystem.open("\(new)/\(name)", .appendingToNew)
                let file = try rescue.open("\(old)/\(name)", .reading)
                try QuarantineFolder.copy(0..<(try file.size()), of: file, to: copy)
                try copy.sync()
            }
            try fileSystem.syncDirectory(new)
        }
    }
}
