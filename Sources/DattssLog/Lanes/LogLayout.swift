internal import DattssCore

/// Which file is where below the data folder.
///
///     <data>/lock
///     <data>/clock                                 what is certain of the time, see ``ConfirmedTimeFile``
///     <data>/stream                                where the accepted log is a replicated stream, see ``StreamFile``
///     <data>/importing                             as long as an import has not ended, see ``ImportTransaction``
///     <data>/accepted/00000000000000000017.log
///     <data>/minutes/00000000000000000003.log
///     <data>/days/2026-11-22.day
///     <data>/hours/2026-11-22.hours
///     <data>/quarantine/…                          copies of what was damaged when it was rewritten
public enum LogLayout {
    private static let digits = 20
    private static let sequenceMax = UInt64.max / 2
    private static let suffix = ".log"

    static func lock(in directory: String) -> String { directory + "/lock" }

    static func importing(in directory: String) -> String { directory + "/importing" }

    static func clock(in directory: String) -> String { directory + "/clock" }

    static func stream(in directory: String) -> String { directory + "/stream" }

    /// The folder of a lane's segments.
    public static func folder(of lane: Lane, in directory: String) -> String { directory + "/" + lane.description }

    package static func path(of lane: Lane, sequence: UInt64, in directory: String) -> String {
        folder(of: lane, in: directory) + "/" + segmentName(sequence)
    }

    static func segmentName(_ sequence: UInt64) -> String {
        let number = String(sequence)
        return String(repeating: "0", count: digits - number.utf8.count) + number + suffix
    }

    /// nil for a file that is no segment.
    static func sequence(ofFile name: String) -> UInt64? {
        guard name.utf8.count == digits + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let number = name.dropLast(suffix.count)
        guard number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        // So that there is always a next one.
        return UInt64(number).flatMap { $0 <= sequenceMax ? $0 : nil }
    }

    /// The sequences of a lane's segments, ascending. Other files are passed over.
    static func sequences(of lane: Lane, in directory: String, _ fileSystem: any FileSystem) throws(LogError) -> [UInt64] {
        try names(in: folder(of: lane, in: directory), fileSystem).compactMap(sequence(ofFile:)).sorted()
    }

    /// Nothing where there is no such folder.
    static func names(in folder: String, _ fileSystem: any FileSystem) throws(LogError) -> [String] {
        try logged { () throws(FileSystemError) in
            try fileSystem.exists(folder) ? try fileSystem.list(folder) : []
        }
    }
}

/// Sealed files.
extension LogLayout {
    /// What a file is called while it is being written: of no use to anybody after a crash.
    static let unfinishedSuffix = ".tmp"
    /// Rows that did not fit into memory while a day was being sealed.
    static let spillSuffix = ".spill"

    package static func folder(of step: SealedStep, in directory: String) -> String { directory + "/" + step.folder }

    package static func path(of step: SealedStep, day: Int64, in directory: String) -> String {
        folder(of: step, in: directory) + "/" + name(ofDay: day) + step.suffix
    }

    package static func quarantine(in directory: String) -> String { directory + "/quarantine" }

    /// nil for a file that is no sealed file of this step.
    package static func day(ofFile name: String, _ step: SealedStep) -> Int64? {
        guard name.hasSuffix(step.suffix) else { return nil }
        let text = name.dropLast(step.suffix.count)
        let day = CalendarDate(text)?.dayNumber ?? Int64(text.dropFirst(dayNumberPrefix.count))
        // (The minutes of a day that no frame can belong to could not even be numbered.)
        guard let day, day.magnitude <= FormatLimits.minuteMagnitudeMax.magnitude / Minute.perDay.magnitude else { return nil }
        return self.name(ofDay: day) == text ? day : nil
    }

    /// The days of which there is a file, ascending. Other files are passed over.
    package static func sealedDays(
        _ step: SealedStep, in directory: String, _ fileSystem: any FileSystem
    ) throws(LogError) -> [Int64] {
        try names(in: folder(of: step, in: directory), fileSystem).compactMap { day(ofFile: $0, step) }.sorted()
    }

    package static func isLeftover(_ name: String) -> Bool {
        name.hasSuffix(unfinishedSuffix) || name.hasSuffix(spillSuffix)
    }

    private static let dayNumberPrefix = "day"

    /// `2026-11-22`; for years that have not four digits, `day-354286`.
    static func name(ofDay day: Int64) -> String {
        (-354_285...2_932_896).contains(day) ? UTC.date(ofDay: day) : "\(dayNumberPrefix)\(day)"
    }
}

/// Keeps a second server away from a data folder.
public enum DataFolder {
    /// Creates the folder when it is missing, and locks it for as long as the result is kept. What an import left that was killed is
    /// gone then.
    public static func lock(
        _ directory: String, fileSystem: any FileSystem, isSynced: Bool = true
    ) throws(LogError) -> any FileLock {
        let lock = try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(directory, isSynced: isSynced)
            return try fileSystem.lock(LogLayout.lock(in: directory))
        }
        try ImportTransaction.undo(in: directory, fileSystem: fileSystem)
        return lock
    }
}
