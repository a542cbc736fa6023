/// Which file is where below the data folder.
///
///     <data>/lock
///     <data>/accepted/00000000000000000017.log
///     <data>/minutes/00000000000000000003.log
package enum LogLayout {
    private static let digits = 20
    private static let suffix = ".log"

    static func lock(in directory: String) -> String { directory + "/lock" }

    package static func folder(of lane: Lane, in directory: String) -> String { directory + "/" + lane.description }

    package static func path(of lane: Lane, sequence: UInt64, in directory: String) -> String {
        let number = String(sequence)
        return folder(of: lane, in: directory) + "/" + String(repeating: "0", count: digits - number.utf8.count)
            + number + suffix
    }

    /// nil for a file that is no segment.
    static func sequence(ofFile name: String) -> UInt64? {
        guard name.utf8.count == digits + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let number = name.dropLast(suffix.count)
        guard number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return UInt64(number)
    }

    /// The sequences of a lane's segments, ascending. Other files are passed over.
    static func sequences(of lane: Lane, in directory: String, _ fileSystem: any FileSystem) throws(LogError) -> [UInt64] {
        let folder = folder(of: lane, in: directory)
        guard try logged({ () throws(FileSystemError) in try fileSystem.exists(folder) }) else { return [] }
        let names = try logged { () throws(FileSystemError) in try fileSystem.list(folder) }
        return names.compactMap(sequence(ofFile:)).sorted()
    }
}

/// Keeps a second server away from a data folder.
public enum DataFolder {
    /// Creates the folder when it is missing, and locks it for as long as the result is kept.
    public static func lock(
        _ directory: String, fileSystem: any FileSystem, isSynced: Bool = true
    ) throws(LogError) -> any FileLock {
        try logged { () throws(FileSystemError) in
            try fileSystem.createDirectories(directory, isSynced: isSynced)
            return try fileSystem.lock(LogLayout.lock(in: directory))
        }
    }
}
